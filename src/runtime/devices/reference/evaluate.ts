/** Evaluates a graph once, with nothing kept: for tests and checks. */
import type { Graph } from "../../../compiler/graph/graph.ts";
import type { Tensor } from "../../device.ts";
import { toTensor } from "./feeds.ts";
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

/** Throws an `Error` where a feed or a state tensor is missing or has the wrong length. */
export function evaluateGraph(graph: Graph, options: EvaluateOptions = {}): Evaluation {
  const { feeds = {}, state = {}, precision = "float64", reuse = true } = options;
  const lengths = new Map<string, number>();
  for (const node of graph.nodes) {
    const length = node.shape.reduce((a, b) => a * b, 1);
    if (node.op === "input") lengths.set(`feed ${node.attributes.name}`, length);
    if (node.op === "state") lengths.set(`state ${node.attributes.path}`, length);
  }
  const read = (what: "feed" | "state", name: string): Tensor => {
    const values = (what === "feed" ? feeds : state)[name];
    const length = lengths.get(`${what} ${name}`);
    if (values === undefined) throw new Error(`graph ${graph.name}: no ${what} \`${name}\``);
    if (values.length !== length) {
      throw new Error(`graph ${graph.name}: ${what} \`${name}\` has ${values.length} numbers instead of ${length}`);
    }
    return toTensor(values, precision);
  };
  const results = [...Object.values(graph.outputs), ...Object.values(graph.updates)];
  const plan = createPlan(graph, results, createPool(precision), reuse);
  const value = plan.execute({ feed: (name) => read("feed", name), state: (path) => read("state", path) });
  const copies = (names: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(names).map(([name, id]) => [name, value(id).slice()]));
  return { outputs: copies(graph.outputs), updates: copies(graph.updates) };
}
