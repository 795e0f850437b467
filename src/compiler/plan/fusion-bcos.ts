/** Fusion inside the B-cos transform: the product, the norms of its patches and the maximum over units. */
import type { NodeOf, ValueId } from "../graph/graph.ts";
import { sameShape } from "../graph/graph.ts";
import { join, reachesAround } from "./group-order.ts";
import { changed, store, type PlanState } from "./groups.ts";
import type { Values } from "./values.ts";

type Convolution = NodeOf<"conv2d">;

/** A kernel for depthwise convolutions has no norms. */
export function isDepthwise(values: Values, node: Convolution): boolean {
  const { shape } = values.node(node.inputs[0]!);
  const { groups } = node.attributes;
  return groups > 1 && groups === shape[3] && node.shape[3] === groups;
}

function sameWindows(values: Values, conv: Convolution, norm: NodeOf<"patch_norm">): boolean {
  const [, kh, kw] = values.node(conv.inputs[1]!).shape;
  const [a, b] = [conv.attributes, norm.attributes];
  return (
    a.groups === b.groups &&
    sameShape(
      [...a.stride, ...a.padding, ...a.dilation, kh!, kw!],
      [...b.stride, ...b.padding, ...b.dilation, ...b.kernel],
    )
  );
}

export function joinNorms(state: PlanState): number {
  const { values } = state;
  let count = 0;
  for (const group of [...state.groups]) {
    const conv = group.anchor === undefined ? undefined : values.node(group.anchor);
    if (conv?.op !== "conv2d" || isDepthwise(values, conv)) continue;
    const x = values.root(conv.inputs[0]!);
    const norm = values.readers(x).find((root) => {
      const node = values.node(root);
      return node.op === "patch_norm" && state.writer.get(root)?.anchor === root && sameWindows(values, conv, node);
    });
    if (norm === undefined) continue;
    const own = state.writer.get(norm)!;
    if (own.outputs[0] !== norm || reachesAround(state, own, group) || reachesAround(state, group, own)) continue;
    join(state, own, group);
    group.norm = norm;
    store(state, norm, group);
    count++;
  }
  return count;
}

export function takeLargest(state: PlanState): number {
  const { values } = state;
  let count = 0;
  for (const group of [...state.groups]) {
    const largest = group.anchor === undefined ? undefined : maximumOverUnits(values, group.anchor);
    const own = largest === undefined ? undefined : state.writer.get(largest);
    if (largest === undefined || own?.anchor !== largest || own.prologue !== undefined) continue;
    if (group.outputs.length !== 1 || group.outputs[0] !== group.anchor) continue;
    join(state, own, group);
    state.writer.delete(group.anchor);
    group.largest = largest;
    group.outputs = [largest];
    store(state, largest, group);
    changed(state, group);
    count++;
  }
  return count;
}

/** The only reader of a product, where it is the maximum over runs of neighbouring columns. */
function maximumOverUnits(values: Values, root: ValueId): ValueId | undefined {
  const node = values.node(root);
  const { graph } = values;
  const readers = values.readers(root);
  if (values.results.has(root) || readers.length !== 1) return undefined;
  const reader = values.node(readers[0]!);
  if (reader.op !== "reduce_max") return undefined;
  const { shape } = graph.nodes[reader.inputs[0]!]!;
  const [outputs, units] = shape.slice(-2);
  const last = node.shape.at(-1)!;
  if (outputs === undefined || units === undefined || outputs * units !== last) return undefined;
  if (!sameShape(reader.attributes.axes, [shape.length - 1])) return undefined;
  if (node.op === "matmul") return readers[0];
  if (node.op !== "conv2d" || isDepthwise(values, node) || outputs % node.attributes.groups !== 0) return undefined;
  return readers[0];
}
