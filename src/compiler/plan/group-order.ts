/**
 * The order of groups while they are fused: each behind those whose values it reads. With it a search for a way between two
 * groups looks at what lies between their places alone. Joining two groups moves only groups that lie between them and
 * depend on one of them (Pearce and Kelly 2006, A Dynamic Topological Sort Algorithm for Directed Acyclic Graphs).
 */
import { changed, readersOf, readsOf, writtenBy, type Group, type PlanState } from "./groups.ts";

const placeOf = (state: PlanState, group: Group): number => state.places.get(group)!;

/** Groups whose values a group reads. */
function before(state: PlanState, group: Group): readonly Group[] {
  const found: Group[] = [];
  for (const root of readsOf(state, group)) {
    const writer = state.writer.get(root);
    if (writer !== undefined) found.push(writer);
  }
  return found;
}

/** Groups that read a group's values. */
function after(state: PlanState, group: Group): readonly Group[] {
  return writtenBy(group).flatMap((root) => [...readersOf(state, root)]);
}

type Next = (state: PlanState, group: Group) => readonly Group[];
/** Two places, of which only what lies between them counts. */
type Range = readonly [number, number];

/** All that `next` leads to from a group, itself left out, as far as it lies between two places. */
function between(state: PlanState, start: Group, next: Next, [low, high]: Range): readonly Group[] {
  const found = new Set<Group>();
  const queue = [start];
  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    for (const other of next(state, group)) {
      const place = placeOf(state, other);
      if (place <= low || place >= high || found.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return [...found];
}

function some(state: PlanState, start: Group, next: Next, [low, high]: Range): boolean {
  return next(state, start).some((other) => placeOf(state, other) > low && placeOf(state, other) < high);
}

/** Whether something that `to` reads, other than from `from` itself, is computed from what `from` writes. */
export function reachesAround(state: PlanState, from: Group, to: Group): boolean {
  const low = placeOf(state, from);
  const seen = new Set<Group>([to]);
  const queue = [to];
  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    for (const other of before(state, group)) {
      if (other === from && group !== to) return true;
      if (seen.has(other) || placeOf(state, other) <= low) continue;
      seen.add(other);
      queue.push(other);
    }
  }
  return false;
}

/**
 * Makes a group a part of another one, which is to compute what it computed: the caller then says so in that group. Nothing
 * may lead around the two, from one to the other. To be called before either changes.
 */
export function join(state: PlanState, part: Group, whole: Group): void {
  const [first, last] = placeOf(state, part) < placeOf(state, whole) ? [part, whole] : [whole, part];
  const range = [placeOf(state, first), placeOf(state, last)] as const;
  if (!some(state, last, before, range)) state.places.set(whole, range[0]);
  else if (!some(state, first, after, range)) state.places.set(whole, range[1]);
  else {
    const sorted = (groups: readonly Group[]): readonly Group[] =>
      groups.toSorted((a, b) => placeOf(state, a) - placeOf(state, b));
    const [ahead, behind] = [between(state, last, before, range), between(state, first, after, range)].map(sorted);
    const places = [...range, ...[...ahead!, ...behind!].map((group) => placeOf(state, group))].sort((a, b) => a - b);

    [...ahead!, whole, ...behind!].forEach((group, i) => state.places.set(group, places[i]!));
  }
  changed(state, part);
  state.groups.delete(part);
  state.unread.delete(part);
  state.places.delete(part);
}
