/** Fusion behind an operation: what is computed from its result element by element before the result is written. */
import type { ValueId } from "../graph/graph.ts";
import { join, reachesAround } from "./group-order.ts";
import {
  changed,
  epilogueOf,
  fitsBuffers,
  fitsEpilogue,
  readersOf,
  resultOf,
  store,
  withEpilogue,
  type Group,
  type PlanState,
} from "./groups.ts";
import { mixesParts } from "./repeat.ts";
import { reducedRows } from "./store.ts";
import { isWhole } from "./views.ts";

/** What the kernels write at most. */
const MOST_OUTPUTS = 2;

/** Element-wise groups of one value, first to last. */
function singles(state: PlanState): readonly Group[] {
  return [...state.groups]
    .filter((group) => group.anchor === undefined && !group.plain && group.outputs.length === 1)
    .sort((a, b) => a.outputs[0]! - b.outputs[0]!);
}

/** Whether a value is wanted by somebody else than the two groups. */
export function isNeeded(state: PlanState, root: ValueId, ...except: readonly Group[]): boolean {
  if (state.values.results.has(root)) return true;
  for (const group of readersOf(state, root)) if (!except.includes(group)) return true;
  return false;
}

export function fuseEpilogues(state: PlanState): number {
  return singles(state).filter((group) => fuseBehind(state, group)).length;
}

function fuseBehind(state: PlanState, group: Group): boolean {
  const { values } = state;
  const root = group.outputs[0]!;
  for (const leaf of epilogueOf(state, group)!.leaves) {
    const target = state.writer.get(leaf.root);
    if (target?.anchor === undefined || target.plain || !isWhole(leaf.view)) continue;
    if (!withEpilogue(values.node(target.anchor).op) || leaf.root === target.norm) continue;
    if (values.size(leaf.root) !== values.size(root)) continue;
    const kept = target.outputs.filter((output) => isNeeded(state, output, target, group));
    const outputs = [...kept, root];
    if (outputs.length > MOST_OUTPUTS || mixesParts(values, outputs)) continue;
    const body = epilogueOf(state, target, outputs, [...target.outputs, root]);
    if (body === undefined || !fitsEpilogue(state, target, body) || !fitsBuffers(state, target, body, outputs))
      continue;
    if (reachesAround(state, target, group)) continue;
    join(state, group, target);
    for (const output of target.outputs) if (!kept.includes(output)) state.writer.delete(output);
    target.outputs = outputs;
    store(state, root, target);
    return true;
  }
  return false;
}

/** Reductions apply what depends on nothing but their result. */
export function fuseFinishes(state: PlanState): number {
  const { values } = state;
  let count = 0;
  for (const group of singles(state)) {
    const root = group.outputs[0]!;
    const { leaves } = epilogueOf(state, group)!;
    const [leaf] = leaves;
    const target = leaf === undefined || leaves.length > 1 ? undefined : state.writer.get(leaf.root);
    if (target?.anchor === undefined || target.plain || leaf!.root !== resultOf(target)) continue;
    if (reducedRows(values.node(target.anchor), values) === undefined || !isWhole(leaf!.view)) continue;
    if (values.size(root) !== values.size(leaf!.root) || isNeeded(state, leaf!.root, group)) continue;
    join(state, group, target);
    state.writer.delete(leaf!.root);
    target.outputs = [root];
    store(state, root, target);
    changed(state, target);
    count++;
  }
  return count;
}
