/** "Did you mean": the nearest of some known names to a name that is not known. */

/** Names longer than this are not typing faults; comparing them would cost time and say nothing. */
const longestName = 80;

/**
 * The candidate that is most likely meant by `name`, or `undefined` where none is near enough. A difference in case,
 * `_`, `-` or `.` alone always counts as near. Otherwise up to a third of the longer name may differ, counted in
 * insertions, deletions, substitutions and swaps of neighbours. Of equally near candidates the first wins.
 */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length === 0 || name.length > longestName) return undefined;
  const plain = fold(name);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    if (candidate === name || candidate.length === 0 || candidate.length > longestName) continue;
    if (plain.length > 0 && fold(candidate) === plain) {
      if (bestDistance > 0) [best, bestDistance] = [candidate, 0];
      continue;
    }
    const limit = Math.floor(Math.max(name.length, candidate.length) / 3);
    if (Math.abs(name.length - candidate.length) > limit) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[_\-.\s]/g, "");
}

/**
 * Damerau–Levenshtein distance in its "optimal string alignment" form: insertions, deletions, substitutions and swaps
 * of neighbouring characters cost 1 each, and no part is edited twice.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
