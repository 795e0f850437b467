/** Fusion of element-wise kernels: several values of one size from one pass. */
import type { ValueId } from "../graph/graph.ts";
import { isNeeded } from "./fusion-epilogue.ts";
import { mixesParts } from "./repeat.ts";
import {
  elementwiseChannels,
  epilogueOf,
  fitsBuffers,
  reachesAround,
  readsOf,
  store,
  type Group,
  type PlanState,
} from "./groups.ts";

/** Values of a kernel at most, and what it reads at most: both take registers. */
const MOST_OUTPUTS = 4;
const MOST_INPUTS = 10;
/** Values that the graph has further apart than this stay apart: computing one early would keep it in memory for long. */
const NEAR = 40;

export function mergeElementwise(state: PlanState): number {
  let count = 0;
  const groups = [...state.groups]
    .filter((group) => group.anchor === undefined && !group.plain)
    .sort((a, b) => a.outputs[0]! - b.outputs[0]!);
  for (const group of groups) {
    for (const target of partners(state, group)) {
      if (merge(state, target, group)) {
        count++;
        break;
      }
    }
  }
  return count;
}

/** Groups before this one whose values it reads, or that read what it reads. */
function partners(state: PlanState, group: Group): readonly Group[] {
  const { values } = state;
  const first = group.outputs[0]!;
  const size = values.size(first);
  const reads = readsOf(state, group);
  const found = [...state.groups].filter((other) => {
    const own = other.outputs.at(-1)!;
    if (other === group || other.anchor !== undefined || other.plain || values.size(own) !== size) return false;
    if (other.outputs.some((root) => reads.has(root))) return true;
    if (own > first || first - own > NEAR) return false;
    return [...readsOf(state, other)].some((root) => reads.has(root) && values.size(root) === size);
  });
  const related = (other: Group): number => (other.outputs.some((root) => reads.has(root)) ? 0 : 1);
  return found.sort((a, b) => related(a) - related(b) || b.outputs.at(-1)! - a.outputs.at(-1)!);
}

function merge(state: PlanState, target: Group, group: Group): boolean {
  const all: ValueId[] = [...target.outputs, ...group.outputs];
  const outputs = all.filter((root) => isNeeded(state, root, target, group));
  if (outputs.length > MOST_OUTPUTS || mixesParts(state.values, outputs)) return false;
  const body = epilogueOf(state, target, outputs, all);
  if (body === undefined || body.leaves.length > MOST_INPUTS) return false;
  if (!fitsBuffers(state, target, body, outputs)) return false;
  if (elementwiseChannels(state, body, outputs[0]!) === undefined) return false;
  if (reads(state, target, group) || reachesAround(state, target, group) || reachesAround(state, group, target)) {
    return false;
  }
  for (const root of all) if (!outputs.includes(root)) state.writer.delete(root);
  state.groups.delete(group);
  target.outputs = outputs;
  for (const root of outputs) store(state, root, target);
  return true;
}

/** Whether `from` reads what `of` writes. */
function reads(state: PlanState, from: Group, of: Group): boolean {
  return of.outputs.some((root) => readsOf(state, from).has(root));
}
