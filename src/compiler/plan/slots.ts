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
  const slots: { readonly bytes: number; readonly holds: Lifetime[] }[] = [];
  const slotOf = new Map<number, number>();
  for (const value of sorted) {
    let best = -1;
    let bestGap = Infinity;
    slots.forEach((slot, index) => {
      if (slot.holds.some((other) => overlap(value, other))) return;
      // Close in time: the value was in the cache when the other was last used.
      const gap = Math.min(...slot.holds.map((other) => distance(value, other)));
      if (best < 0 || slot.bytes < slots[best]!.bytes || (slot.bytes === slots[best]!.bytes && gap < bestGap)) {
        best = index;
        bestGap = gap;
      }
    });
    if (best < 0) best = slots.push({ bytes: Math.max(16, Math.ceil(value.bytes / 16) * 16), holds: [] }) - 1;
    slots[best]!.holds.push(value);
    slotOf.set(value.value, best);
  }
  return { sizes: slots.map((slot) => slot.bytes), slotOf };
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  if (a.first === b.last && a.over.includes(b.value)) return false;
  if (b.first === a.last && b.over.includes(a.value)) return false;
  return a.first <= b.last && b.first <= a.last;
}

function distance(a: Lifetime, b: Lifetime): number {
  return a.first > b.last ? a.first - b.last : Math.max(0, b.first - a.last);
}
