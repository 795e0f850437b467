/**
 * The reference device: runs programs in plain TypeScript, in float32 for use and in float64 for truth. It works
 * everywhere and needs nothing.
 */
import type { Graph } from "../../../compiler/graph/graph.ts";
import { sizeOf } from "../../../shape.ts";
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import type { Device, DeviceSession, Tensor } from "../../device.ts";
import { createContinuation } from "../continuation.ts";
import { checkFeeds } from "./feeds.ts";
import { graphInputs } from "../../../graph-signature.ts";
import { createPlan, type Plan } from "./plan.ts";
import { allocate, createPool, type Precision } from "./pool.ts";

export const referenceDevice: Device = {
  name: "reference",
  open: async (program, options) => openReference(program, options.precision ?? "float32"),
};

function openReference(program: Program, precision: Precision): DeviceSession {
  const state = new Map(program.state.map((spec) => [spec.path, allocate(precision, sizeOf(spec.shape))]));
  // All graphs share one pool: only one runs at a time, and results are copied out before the next run.
  const pool = createPool(precision);
  const plans = new Map<string, Plan>();
  const continuation = createContinuation();
  /** Of the run before, for one that goes on from it. */
  let held: ReadonlyMap<string, Tensor> = new Map();
  let disposed = false;

  function graphOf(name: GraphName): Graph {
    const available = Object.keys(program.graphs);
    const graph = Object.hasOwn(program.graphs, name) ? program.graphs[name] : undefined;
    return graph ?? fail("run/no-graph", { graph: name, available: available.join(", ") || "none" });
  }

  /** Updates belong to every run, whatever outputs are wanted. */
  function planOf(name: GraphName, graph: Graph, wanted: readonly string[]): Plan {
    const key = JSON.stringify([name, ...wanted]);
    const known = plans.get(key);
    if (known !== undefined) return known;
    const outputs = wanted.map((output) => {
      if (Object.hasOwn(graph.outputs, output)) return graph.outputs[output]!;
      const available = Object.keys(graph.outputs).join(", ") || "none";
      return fail("run/no-output", { graph: name, output, available });
    });
    const plan = createPlan(graph, [...outputs, ...Object.values(graph.updates)], pool);
    plans.set(key, plan);
    return plan;
  }

  function stateOf(path: string): Tensor {
    return state.get(path) ?? fail("run/state", { path });
  }

  function usable(): void {
    if (disposed) fail("run/disposed", {});
  }

  return {
    async run(name, feeds, only, { resume = false } = {}) {
      usable();
      const graph = graphOf(name);
      const wanted = only === undefined ? Object.keys(graph.outputs) : [...new Set(only)].sort();
      const plan = planOf(name, graph, wanted);
      const demanded = continuation.demand(name, plan.feeds, Object.keys(feeds), resume);
      const given = checkFeeds(graph.name, graphInputs(graph), demanded, feeds, precision);
      const all = resume ? new Map([...held, ...given]) : given;
      continuation.forget();
      const value = plan.execute({ feed: (feed) => all.get(feed)!, state: stateOf });
      const results = Object.fromEntries(wanted.map((output) => [output, value(graph.outputs[output]!).slice()]));
      applyUpdates(graph, value, stateOf);
      if (Object.keys(graph.updates).length === 0) {
        // Callers may change their arrays after the run.
        held = new Map([...all].map(([feed, values]) => [feed, given.has(feed) ? values.slice() : values]));
        continuation.done(name, held.keys(), resume);
      }
      return results;
    },
    async read(path) {
      usable();
      return stateOf(path).slice();
    },
    async write(path, values) {
      usable();
      const target = stateOf(path);
      if (values.length !== target.length) {
        fail("run/input", { name: path, expected: `${target.length} numbers`, found: `${values.length}` });
      }
      continuation.forget();
      target.set(values);
    },
    async dispose() {
      disposed = true;
      plans.clear();
      state.clear();
      held = new Map();
    },
  };
}

/** Writes the new state. A new value that is itself a state tensor is copied first, so that two can change places. */
function applyUpdates(graph: Graph, value: (id: number) => Tensor, stateOf: (path: string) => Tensor): void {
  const updates = Object.entries(graph.updates);
  const held = new Set(updates.map(([path]) => stateOf(path)));
  const news = updates.map(([, id]) => (held.has(value(id)) ? value(id).slice() : value(id)));
  updates.forEach(([path], i) => stateOf(path).set(news[i]!));
}
