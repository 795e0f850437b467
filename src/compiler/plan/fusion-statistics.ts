/** Fusion of statistics: a mean beside its variance, and reductions over all rows of what a convolution writes. */
import type { ValueId } from "../graph/graph.ts";
import { sameShape } from "../graph/graph.ts";
import type { Body } from "./bodies.ts";
import { isDepthwise } from "./fusion-bcos.ts";
import { join, reachesAround } from "./group-order.ts";
import { accessesOf, changed, reducedBodyOf, store, type Group, type PlanState } from "./groups.ts";
import { reduceShape } from "./reduction.ts";
import { reducedRows } from "./store.ts";
import type { Values } from "./values.ts";

/** The reduction of a group that computes nothing but one. */
function reductionOf(values: Values, group: Group) {
  const node = group.anchor === undefined ? undefined : values.node(group.anchor);
  switch (node?.op) {
    case "reduce_sum":
    case "reduce_mean":
    case "reduce_variance":
      return reducedRows(node, values) === undefined ? undefined : node;
    default:
      return undefined;
  }
}

/** The mean of what the same kernel has the variance of: it is computed on the way. */
export function joinMeans(state: PlanState): number {
  const { values } = state;
  let count = 0;
  for (const group of [...state.groups]) {
    const variance = reductionOf(values, group);
    if (variance?.op !== "reduce_variance") continue;
    const operand = values.root(variance.inputs[0]!);
    const mean = values.readers(operand).find((root) => {
      const node = values.node(root);
      const own = state.writer.get(root);
      if (node.op !== "reduce_mean" || own?.anchor !== root || own.outputs[0] !== root) return false;
      return sameShape(node.attributes.axes, variance.attributes.axes);
    });
    if (mean === undefined) continue;
    join(state, state.writer.get(mean)!, group);
    group.mean = mean;
    store(state, mean, group);
    count++;
  }
  return count;
}

/** Fewer rows than this are too few blocks to share among threads. */
const FEWEST_ROWS = 256;

/** Reductions over all rows of what a convolution or an input gradient writes, gathered a block at a time. */
export function gatherStatistics(state: PlanState): number {
  let count = 0;
  for (const group of [...state.groups]) {
    const body = reducesRows(state, group);
    const producer = body === undefined ? undefined : producerOf(state, group, body);
    if (producer === undefined) continue;
    join(state, group, producer);
    producer.gathered = group;
    for (const root of [...group.outputs, group.mean]) if (root !== undefined) store(state, root, producer);
    changed(state, producer);
    count++;
  }
  return count;
}

/** What a group reduces, where it reduces all rows to one number a channel. */
function reducesRows(state: PlanState, group: Group): Body | undefined {
  const { values } = state;
  const node = reductionOf(values, group);
  if (node === undefined) return undefined;
  const shape = reduceShape(values.node(node.inputs[0]!).shape, node.attributes.axes);
  if (shape.outer !== 1 || shape.inner === 1 || shape.reduced < FEWEST_ROWS) return undefined;
  const body = reducedBodyOf(state, group);
  return body !== undefined && accessesOf(body, shape.inner) !== undefined ? body : undefined;
}

function producerOf(state: PlanState, group: Group, body: Body): Group | undefined {
  const { values } = state;
  const channels = values.node(group.anchor!).shape.at(-1);
  const size = Math.max(...body.leaves.map(({ root }) => values.size(root)));
  for (const { root } of body.leaves) {
    const producer = state.writer.get(root);
    if (producer?.anchor === undefined || producer.gathered !== undefined || producer.largest !== undefined) continue;
    if (!writesRows(values, producer.anchor, channels)) continue;
    if (values.size(producer.anchor) !== size || reachesAround(state, producer, group)) continue;
    return producer;
  }
  return undefined;
}

/** Whether the kernel of a node writes whole rows of so many channels in order, from its first block to its last. */
function writesRows(values: Values, anchor: ValueId, channels: number | undefined): boolean {
  const node = values.node(anchor);
  if (node.op === "conv2d") return node.shape[3] === channels && !isDepthwise(values, node);
  if (node.op !== "conv2d_input_gradient") return false;
  const { groups, inputShape, stride } = node.attributes;
  const isPlain = stride.every((step) => step === 1) && (groups === 1 || groups !== inputShape[3]);
  return inputShape[3] === channels && isPlain;
}
