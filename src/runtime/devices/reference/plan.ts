/** One graph prepared for one set of outputs: kernels bound to their storage once, then run as often as wanted. */
import type { Graph, NodeOf, ValueId } from "../../../compiler/graph/graph.ts";
import { sizeOf } from "../../../shape.ts";
import type { Tensor } from "../../device.ts";
import type { ComputedKind, Kernel, Run } from "./kernel.ts";
import { kernels } from "./kernels.ts";
import { allocateSlots, isBound } from "./liveness.ts";
import { allocate, type Pool } from "./pool.ts";

export interface Sources {
  readonly feed: (name: string) => Tensor;
  readonly state: (path: string) => Tensor;
}

/** Reads a result of the run just done: the storage itself, to be copied before the next run. */
export type ReadValue = (value: ValueId) => Tensor;

export interface Plan {
  /** Names of the feeds that a run reads. */
  readonly feeds: ReadonlySet<string>;
  execute(sources: Sources): ReadValue;
}

interface Launch {
  readonly run: Run;
  readonly inputs: Tensor[];
  readonly out: Tensor;
}

/** `results` are the values that can be read after a run. */
export function createPlan(graph: Graph, results: readonly ValueId[], pool: Pool, reuse = true): Plan {
  const { nodes } = graph;
  const { order, constants, bound, root, slots } = allocateSlots(graph, results, reuse);
  const storage: Tensor[] = [];

  for (const id of constants) {
    const out = allocate(pool.precision, sizeOf(nodes[id]!.shape));
    prepare(graph, id)([], out);
    storage[id] = out;
  }
  for (const [id, { length, number }] of slots) storage[id] = pool.take(length, number);

  const launches = order.map((id): Launch => {
    const inputs = nodes[id]!.inputs.map((v) => storage[root(v)]!);
    return { run: prepare(graph, id), inputs, out: storage[id]! };
  });
  // Feeds and state come anew at every run.
  const rebinds = order.flatMap((id, k) =>
    nodes[id]!.inputs.flatMap((v, i) => {
      const from = root(v);
      return isBound(nodes[from]!) ? [{ inputs: launches[k]!.inputs, i, from }] : [];
    }),
  );

  const feeds = new Set<string>();
  for (const id of bound) {
    const node = nodes[id]!;
    if (node.op === "input") feeds.add(node.attributes.name);
  }

  return {
    feeds,
    execute(sources) {
      for (const id of bound) {
        const node = nodes[id]!;
        if (node.op === "input") storage[id] = sources.feed(node.attributes.name);
        else if (node.op === "state") storage[id] = sources.state(node.attributes.path);
      }
      for (const { inputs, i, from } of rebinds) inputs[i] = storage[from]!;
      for (const { run, inputs, out } of launches) run(inputs, out);
      return (value) => storage[root(value)]!;
    },
  };
}

function prepare(graph: Graph, id: ValueId): Run {
  const node = graph.nodes[id]!;
  const kernel = kernels[node.op as ComputedKind] as Kernel<ComputedKind>;
  return kernel(
    node as NodeOf<ComputedKind>,
    node.inputs.map((v) => graph.nodes[v]!.shape),
  );
}
