/** Fusion of element-wise kernels: several values of one size from one pass. */
import type { ValueId } from "../graph/graph.ts";
import { isNeeded } from "./fusion-epilogue.ts";
import { join, reachesAround } from "./group-order.ts";
import {
  elementwiseChannels,
  epilogueOf,
  fitsBuffers,
  readersOf,
  readsOf,
  store,
  type Group,
  type PlanState,
} from "./groups.ts";
import { mixesParts } from "./repeat.ts";

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

/** Groups before this one whose values it reads, or that read what it reads: those first, and of each the nearest. */
function partners(state: PlanState, group: Group): readonly Group[] {
  const { values, writer } = state;
  const first = group.outputs[0]!;
  const size = values.size(first);
  const lastOf = (other: Group): ValueId => other.outputs.at(-1)!;
  const fits = (other: Group | undefined): other is Group =>
    other !== undefined &&
    other !== group &&
    other.anchor === undefined &&
    !other.plain &&
    values.size(lastOf(other)) === size;
  const isNear = (other: Group): boolean => lastOf(other) <= first && first - lastOf(other) <= NEAR;
  const nearestFirst = (some: Iterable<Group>): Group[] => [...some].sort((a, b) => lastOf(b) - lastOf(a));

  const reads = [...readsOf(state, group)];
  const writers = new Set(reads.map((root) => writer.get(root)).filter(fits));
  const beside = reads
    .filter((root) => values.size(root) === size)
    .flatMap((root) => [...readersOf(state, root)].filter((other) => fits(other) && isNear(other)));
  return [...nearestFirst(writers), ...nearestFirst(new Set(beside.filter((other) => !writers.has(other))))];
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
  join(state, group, target);
  for (const root of all) if (!outputs.includes(root)) state.writer.delete(root);
  target.outputs = outputs;
  for (const root of outputs) store(state, root, target);
  return true;
}

/** Whether `from` reads what `of` writes. */
function reads(state: PlanState, from: Group, of: Group): boolean {
  return of.outputs.some((root) => readsOf(state, from).has(root));
}
