/** Fusion in front of an operation: an operand that is computed while it is read. */
import type { ValueId } from "../graph/graph.ts";
import {
  accessesOf,
  changed,
  channelsOf,
  epilogueOf,
  fitsBuffers,
  prologueOf,
  readsOf,
  type Group,
  type PlanState,
} from "./groups.ts";
import { isWhole } from "./views.ts";

/** Tensors of the operand's size that a prologue may read: each is read again at the borders of every block. */
const MOST_STREAMS = 2;

export function fusePrologues(state: PlanState): number {
  let count = 0;
  for (const group of [...state.groups]) {
    const { values } = state;
    const node = group.anchor === undefined ? undefined : values.node(group.anchor);
    if (node?.op !== "conv2d_input_gradient" || group.prologue !== undefined) continue;
    const { groups, inputShape } = node.attributes;
    if (groups > 1 && groups === inputShape[3]) continue;
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
    state.writer.delete(operand);
    state.groups.delete(writer);
    changed(state, group);
    count++;
  }
  return count;
}

function otherReaders(state: PlanState, root: ValueId, reader: Group): boolean {
  for (const group of state.groups) if (group !== reader && readsOf(state, group).has(root)) return true;
  const { inputs } = state.values.node(reader.anchor!);
  if (inputs.slice(1).some((input) => state.values.root(input) === root)) return true;
  return epilogueOf(state, reader)!.leaves.some((leaf) => leaf.root === root);
}
