/**
 * The order of groups while they are fused: each has a place behind those whose values it reads. With it a search for a way
 * between two groups looks at what lies between their places alone. Joining two groups moves what lies between them and
 * depends on the one, or what the other depends on, whichever is found to be less (after Pearce and Kelly 2006, A Dynamic
 * Topological Sort Algorithm for Directed Acyclic Graphs). Places are fractions, so that there is room between two of them.
 */
import { changed, readersOf, readsOf, writtenBy, type Group, type PlanState } from "./groups.ts";

const placeOf = (state: PlanState, group: Group): number => state.places.get(group)!;

type Neighbours = (state: PlanState, group: Group) => Iterable<Group>;

/** Groups whose values a group reads. */
function before(state: PlanState, group: Group): readonly Group[] {
  const found: Group[] = [];
  for (const root of readsOf(state, group)) {
    const writer = state.writer.get(root);
    if (writer !== undefined) found.push(writer);
  }
  return found;
}

/** Groups that read a group's values: there may be very many. */
function* after(state: PlanState, group: Group): Iterable<Group> {
  for (const root of writtenBy(group)) yield* readersOf(state, root);
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
  while (!moveTogether(state, part, whole)) spread(state);
  changed(state, part);
  state.groups.delete(part);
  state.unread.delete(part);
  state.places.delete(part);
}

/** Finds a place for two groups as one. False, with nothing changed, where there is no room for what has to move. */
function moveTogether(state: PlanState, part: Group, whole: Group): boolean {
  const [first, last] = placeOf(state, part) < placeOf(state, whole) ? [part, whole] : [whole, part];
  const [low, high] = [placeOf(state, first), placeOf(state, last)];
  const isBetween = (group: Group): boolean => placeOf(state, group) > low && placeOf(state, group) < high;
  const waitedFor = walk(state, last, before, isBetween);
  const waiting = walk(state, first, after, isBetween);
  const [ahead, behind]: [Group[], Group[]] = [[], []];
  // In step, so that it takes as long as the smaller of both.
  for (;;) {
    const one = waitedFor.next();
    if (one.done === true) {
      let from = low - 1;
      for (const group of [last, ...ahead]) {
        for (const writer of before(state, group)) {
          if (writer !== first && !isBetween(writer)) from = Math.max(from, placeOf(state, writer));
        }
      }
      if (!squeeze(state, [from, low], ahead)) return false;
      state.places.set(whole, low);
      return true;
    }
    ahead.push(one.value);
    const other = waiting.next();
    if (other.done === true) {
      let to = high + 1;
      for (const group of [first, ...behind]) {
        for (const reader of after(state, group)) {
          if (reader !== last && !isBetween(reader)) to = Math.min(to, placeOf(state, reader));
        }
      }
      if (!squeeze(state, [high, to], behind)) return false;
      state.places.set(whole, high);
      return true;
    }
    behind.push(other.value);
  }
}

/** All that `next` leads to from a group, itself left out, as far as it is `inside`. */
function* walk(
  state: PlanState,
  start: Group,
  next: Neighbours,
  inside: (group: Group) => boolean,
): Generator<Group, void> {
  const seen = new Set<Group>();
  const queue = [start];
  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    for (const other of next(state, group)) {
      if (seen.has(other) || !inside(other)) continue;
      seen.add(other);
      queue.push(other);
      yield other;
    }
  }
}

/** Gives groups places between two numbers, in the order that they have. False where the numbers are too close for that. */
function squeeze(state: PlanState, [from, to]: readonly [number, number], groups: readonly Group[]): boolean {
  const sorted = groups.toSorted((a, b) => placeOf(state, a) - placeOf(state, b));
  const places = sorted.map((_, i) => from + ((to - from) * (i + 1)) / (sorted.length + 1));
  const all = [from, ...places, to];
  if (all.some((place, i) => i > 0 && !(place > all[i - 1]!))) return false;
  sorted.forEach((group, i) => state.places.set(group, places[i]!));
  return true;
}

/** Whole numbers for places, in the same order. */
function spread(state: PlanState): void {
  const sorted = [...state.places].sort(([, a], [, b]) => a - b);
  sorted.forEach(([group], i) => state.places.set(group, i));
}
