/** Evaluates a graph once, with nothing kept: for tests and checks. */
import type { Graph, ValueId } from "../../../compiler/graph/graph.ts";
import { sizeOf } from "../../../shape.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { graphInputs } from "../../../graph-signature.ts";
import type { Tensor } from "../../device.ts";
import { checkFeeds, toTensor } from "./feeds.ts";
import { createPlan } from "./plan.ts";
import { createPool, type Precision } from "./pool.ts";

export interface EvaluateOptions {
  /** By the names of the graph's inputs. */
  readonly feeds?: Readonly<Record<string, ArrayLike<number>>>;
  /** By state path. */
  readonly state?: Readonly<Record<string, ArrayLike<number>>>;
  /** Default `float64`. */
  readonly precision?: Precision;
  /** Use storage again after a value's last use. Default true; results don't depend on it. */
  readonly reuse?: boolean;
}

export interface Evaluation {
  readonly outputs: Record<string, Tensor>;
  /** New values of the state that the graph updates. The state given is not changed. */
  readonly updates: Record<string, Tensor>;
}

/** Fails with `run/feed` or `run/state` where a feed or a state tensor is missing or has the wrong length. */
export function evaluateGraph(graph: Graph, options: EvaluateOptions = {}): Evaluation {
  const { feeds = {}, state = {}, precision = "float64", reuse = true } = options;
  const results = [...Object.values(graph.outputs), ...Object.values(graph.updates)];
  const plan = createPlan(graph, results, createPool(precision), reuse);
  const given = checkFeeds(graph.name, graphInputs(graph), plan.feeds, feeds, precision);
  const value = plan.execute({
    feed: (name) => given.get(name)!,
    state: (path) => {
      if (!Object.hasOwn(state, path)) fail("run/state", { path });
      return checkState(graph, path, toTensor(state[path]!, precision));
    },
  });
  const copies = (names: Readonly<Record<string, ValueId>>) =>
    Object.fromEntries(Object.entries(names).map(([name, id]) => [name, value(id).slice()]));
  return { outputs: copies(graph.outputs), updates: copies(graph.updates) };
}

function checkState(graph: Graph, path: string, values: Tensor): Tensor {
  const node = graph.nodes.find((node) => node.op === "state" && node.attributes.path === path);
  const length = sizeOf(node!.shape);
  if (values.length !== length) {
    fail("run/input", { name: path, expected: `${length} numbers`, found: `${values.length}` });
  }
  return values;
}
