/**
 * Slots: which values share a buffer. A slot is a whole buffer, as large as its largest value; two values may have the
 * same one when one is dead before the other is written, or when the kernel that reads the one last writes the other in
 * its place element by element.
 */

export interface Lifetime {
  readonly value: number;
  readonly bytes: number;
  /** Index of the first step that writes it (−1: there from the start), and of the last that reads it. */
  readonly first: number;
  readonly last: number;
  /** Values that may be overwritten by this one at the step `first`, if that is the last to read them. */
  readonly over: readonly number[];
}

export interface Slots {
  /** Bytes, multiples of 16. */
  readonly sizes: readonly number[];
  readonly slotOf: ReadonlyMap<number, number>;
}

/**
 * Largest values first, each into the first slot where it overlaps with nothing, else into a new one: so a slot never
 * has to grow. (Greedy by size, Pisarchyk and Lee 2020, Efficient Memory Management for Deep Neural Net Inference.)
 */
export function assignSlots(lifetimes: readonly Lifetime[]): Slots {
  const sorted = [...lifetimes].sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.value - b.value);
  const slots: Slot[] = [];
  const slotOf = new Map<number, number>();
  for (const value of sorted) {
    let best = -1;
    let bestGap = Infinity;
    // The last slots are the smallest. Of equal ones the closest in time: the value was in the cache when it was last used.
    for (let index = slots.length - 1; index >= 0; index--) {
      if (best >= 0 && slots[index]!.bytes > slots[best]!.bytes) break;
      const gap = gapIn(slots[index]!, value);
      if (gap === undefined || (best >= 0 && gap > bestGap)) continue;
      best = index;
      bestGap = gap;
    }
    if (best < 0) best = slots.push({ bytes: Math.max(16, Math.ceil(value.bytes / 16) * 16), holds: [] }) - 1;
    const { holds } = slots[best]!;
    holds.splice(firstEndingFrom(holds, value.first + 1), 0, value);
    slotOf.set(value.value, best);
  }
  return { sizes: slots.map((slot) => slot.bytes), slotOf };
}

interface Slot {
  readonly bytes: number;
  /** In order of time: none begins before the one in front of it ends. */
  readonly holds: Lifetime[];
}

/** Steps between a value and the nearest one in a slot; undefined where it overlaps with one. */
function gapIn({ holds }: Slot, value: Lifetime): number | undefined {
  const from = firstEndingFrom(holds, value.first);
  let gap = from === 0 ? Infinity : distance(value, holds[from - 1]!);
  for (let i = from; i < holds.length; i++) {
    const other = holds[i]!;
    if (overlap(value, other)) return undefined;
    gap = Math.min(gap, distance(value, other));
    if (other.first > value.last) break;
  }
  return gap;
}

/** The index of the first value that is needed at a step or later. */
function firstEndingFrom(holds: readonly Lifetime[], step: number): number {
  let [low, high] = [0, holds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds[middle]!.last < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  if (a.first === b.last && a.over.includes(b.value)) return false;
  if (b.first === a.last && b.over.includes(a.value)) return false;
  return a.first <= b.last && b.first <= a.last;
}

function distance(a: Lifetime, b: Lifetime): number {
  return a.first > b.last ? a.first - b.last : Math.max(0, b.first - a.last);
}
