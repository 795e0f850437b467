/** The places of the largest numbers. */

/** Indexes of the `count` largest among `length` values from `start` on, the largest first; of equal ones the first. */
export function top(count: number, values: ArrayLike<number>, start = 0, length = values.length - start): number[] {
  const indexes = Array.from({ length }, (_, i) => i);
  return indexes.sort((a, b) => values[start + b]! - values[start + a]! || a - b).slice(0, count);
}
