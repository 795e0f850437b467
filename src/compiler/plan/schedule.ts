/** The order of groups: first what others read, and state that is updated in place only when nobody reads the old value. */
import type { ValueId } from "../graph/graph.ts";
import { epilogueOf, readsOf, type Group, type PlanState } from "./groups.ts";
import { isWhole } from "./views.ts";

export interface Schedule {
  readonly order: readonly Group[];
  /** Values that are written straight into the state, by value. */
  readonly inPlace: ReadonlyMap<ValueId, string>;
}

/** Numbers of a value that is so small that it is computed as soon as it can be: learning rates and the like. */
const SMALL = 16;

export function schedule(state: PlanState): Schedule {
  const dependents = new Map<Group, Set<Group>>();
  const dependencies = new Map<Group, Set<Group>>();
  for (const group of state.groups) {
    dependents.set(group, new Set());
    dependencies.set(group, new Set());
  }
  const link = (before: Group, after: Group): void => {
    if (before === after) return;
    dependents.get(before)!.add(after);
    dependencies.get(after)!.add(before);
  };
  for (const group of state.groups) {
    for (const root of readsOf(state, group)) {
      const writer = state.writer.get(root);
      if (writer !== undefined) link(writer, group);
    }
  }
  const inPlace = placeUpdates(state, dependents, link);
  return { order: sort(state, dependents, dependencies), inPlace };
}

function placeUpdates(
  state: PlanState,
  dependents: ReadonlyMap<Group, ReadonlySet<Group>>,
  link: (before: Group, after: Group) => void,
): ReadonlyMap<ValueId, string> {
  const { values } = state;
  const { graph } = values;
  const placed = new Map<ValueId, string>();
  const readersOfPath = new Map<string, Set<Group>>();
  for (const group of state.groups) {
    for (const root of readsOf(state, group)) {
      const node = values.node(root);
      if (node.op !== "state") continue;
      const { path } = node.attributes;
      readersOfPath.set(path, (readersOfPath.get(path) ?? new Set()).add(group));
    }
  }
  for (const [path, value] of Object.entries(graph.updates)) {
    const root = values.root(value);
    const writer = state.writer.get(root);
    if (writer === undefined || placed.has(root)) continue;
    const readers = readersOfPath.get(path) ?? new Set<Group>();
    if (readers.has(writer) && !readsElementwise(state, writer, path)) continue;
    const others = [...readers].filter((reader) => reader !== writer);
    const later = others.length === 0 ? undefined : reachable(dependents, writer);
    if (others.some((reader) => later!.has(reader))) continue;
    for (const reader of readers) link(reader, writer);
    placed.set(root, path);
  }
  return placed;
}

/** Whether a group reads each element of a state tensor only for the same element of what it writes. */
function readsElementwise(state: PlanState, group: Group, path: string): boolean {
  if (group.anchor !== undefined || group.plain) return false;
  return epilogueOf(state, group)!.leaves.every(({ root, view }) => {
    const node = state.values.node(root);
    return node.op !== "state" || node.attributes.path !== path || isWhole(view);
  });
}

function reachable(dependents: ReadonlyMap<Group, ReadonlySet<Group>>, from: Group): ReadonlySet<Group> {
  const seen = new Set<Group>();
  const queue = [from];
  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    for (const next of dependents.get(group)!) {
      if (!seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return seen;
}

/**
 * As the graph lists the values, but for two: small numbers come early, and what nobody reads, the new state, right
 * behind what it needs, so that gradients do not pile up until the end.
 */
function sort(
  state: PlanState,
  dependents: ReadonlyMap<Group, ReadonlySet<Group>>,
  dependencies: ReadonlyMap<Group, ReadonlySet<Group>>,
): readonly Group[] {
  const { values } = state;
  const waiting = new Map([...dependencies].map(([group, before]) => [group, before.size]));
  const keys = new Map<Group, number>();
  const keyOf = (group: Group): number => {
    // The first of what it computes: others wait for it, while new state beside it comes last in the graph.
    const place = Math.min(...group.outputs, group.norm ?? Infinity);
    const inputs = [...readsOf(state, group)].filter((root) => state.writer.has(root));
    if (inputs.length === 0 && group.outputs.every((root) => values.size(root) <= SMALL)) return -1;
    const before = Math.max(-1, ...[...dependencies.get(group)!].map((other) => keys.get(other)!));
    if (group.outputs.every((root) => values.size(root) <= SMALL) && before < 0) return before;
    return dependents.get(group)!.size === 0 && dependencies.get(group)!.size > 0 ? before + 0.5 : place;
  };
  /** From the one that comes last to the one that comes next. */
  const ready: Group[] = [];
  const isBefore = (a: Group, b: Group): boolean => {
    const [keyA, keyB] = [keys.get(a)!, keys.get(b)!];
    return keyA < keyB || (keyA === keyB && a.outputs[0]! < b.outputs[0]!);
  };
  const push = (group: Group): void => {
    keys.set(group, keyOf(group));
    let [low, high] = [0, ready.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(group, ready[middle]!)) low = middle + 1;
      else high = middle;
    }
    ready.splice(low, 0, group);
  };
  for (const [group, count] of waiting) if (count === 0) push(group);
  const order: Group[] = [];
  for (let group = ready.pop(); group !== undefined; group = ready.pop()) {
    order.push(group);
    for (const next of dependents.get(group)!) {
      const left = waiting.get(next)! - 1;
      waiting.set(next, left);
      if (left === 0) push(next);
    }
  }
  if (order.length !== state.groups.size) throw new Error("the groups of a plan wait for each other");
  return order;
}
