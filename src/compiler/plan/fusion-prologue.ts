/** Fusion in front of an operation: an operand that is computed while it is read. */
import type { ValueId } from "../graph/graph.ts";
import { isDepthwise } from "./fusion-bcos.ts";
import { join } from "./group-order.ts";
import {
  accessesOf,
  changed,
  channelsOf,
  epilogueOf,
  fitsBuffers,
  prologueOf,
  readersOf,
  type Group,
  type PlanState,
} from "./groups.ts";
import type { Values } from "./values.ts";
import { isWhole } from "./views.ts";

/** Tensors of the operand's size that a prologue may read: each is read again at the borders of every block. */
const MOST_STREAMS = 2;

/** The cotangent of an input gradient. */
export function fusePrologues(state: PlanState): number {
  return fuseInFront(state, ({ node }, anchor) => {
    const conv = node(anchor);
    if (conv.op !== "conv2d_input_gradient") return false;
    const { groups, inputShape } = conv.attributes;
    return groups === 1 || groups !== inputShape[3];
  });
}

/** The image of a convolution. */
export function fuseLoads(state: PlanState): number {
  return fuseInFront(state, (values, anchor) => {
    const conv = values.node(anchor);
    return conv.op === "conv2d" && !isDepthwise(values, conv);
  });
}

function fuseInFront(state: PlanState, takes: (values: Values, anchor: ValueId) => boolean): number {
  let count = 0;
  for (const group of [...state.groups]) {
    const { values } = state;
    if (group.anchor === undefined || group.prologue !== undefined || !takes(values, group.anchor)) continue;
    const node = values.node(group.anchor);
    const operand = values.root(node.inputs[0]!);
    const writer = state.writer.get(operand);
    if (writer === undefined || writer.anchor !== undefined || writer.plain || writer.outputs.length > 1) continue;
    if (values.pointwise(operand) === undefined || values.results.has(operand)) continue;
    if (otherReaders(state, operand, group)) continue;
    group.prologue = 0;
    const body = prologueOf(state, group);
    const streams = body?.leaves.filter(({ root }) => values.size(root) === values.size(operand)).length ?? 0;
    const accesses = body && accessesOf(body, channelsOf(values, node.inputs[0]!));
    const epilogue = epilogueOf(state, group)!;
    const fits = accesses !== undefined && fitsBuffers(state, group, epilogue, group.outputs);
    if (!fits || streams > MOST_STREAMS || !body!.leaves.some((leaf) => isWhole(leaf.view))) {
      group.prologue = undefined;
      continue;
    }
    join(state, writer, group);
    state.writer.delete(operand);
    changed(state, group);
    count++;
  }
  return count;
}

function otherReaders(state: PlanState, root: ValueId, reader: Group): boolean {
  for (const group of readersOf(state, root)) if (group !== reader) return true;
  const { inputs } = state.values.node(reader.anchor!);
  if (inputs.slice(1).some((input) => state.values.root(input) === root)) return true;
  return epilogueOf(state, reader)!.leaves.some((leaf) => leaf.root === root);
}
