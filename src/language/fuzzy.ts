/** Fuzzy matching of names, as people type them into search boxes: letters in order, starts of words first. */

/** Longer texts are cut: no name is as long. */
const longest = 100;

/**
 * How well the name fits the query; larger is better, `undefined` where its letters are not all there in order. Letters that
 * follow each other or start a word (`B` in `BasicBlock`, `p` in `max_pool`) count more, and a name that is
 * all of the query most. Case matters only between names that fit equally well otherwise.
 */
export function fuzzyScore(query: string, name: string): number | undefined {
  if (query === "") return 0;
  const letters = query.slice(0, longest);
  const text = name.slice(0, longest);
  // Best score of the letters so far whose last one is at the place.
  let row: (number | undefined)[] = [...text].map((_, at) => scoreOf(letters, 0, text, at));
  for (let i = 1; i < letters.length; i++) {
    let before: number | undefined;
    const next: (number | undefined)[] = [];
    for (let at = 0; at < text.length; at++) {
      const own = scoreOf(letters, i, text, at);
      const adjacent = at > 0 ? row[at - 1] : undefined;
      const best = maximum(before, adjacent === undefined ? undefined : adjacent + 15);
      next.push(own === undefined || best === undefined ? undefined : own + best);
      before = maximum(before, adjacent);
    }
    row = next;
  }
  const best = row.reduce(maximum, undefined);
  if (best === undefined) return undefined;
  return best + (text.length === letters.length ? 25 : 0) - text.length / longest;
}

function scoreOf(letters: string, i: number, text: string, at: number): number | undefined {
  const letter = letters[i]!;
  const found = text[at]!;
  if (letter.toLowerCase() !== found.toLowerCase()) return undefined;
  const isStart = at === 0 || /[_.\s]/.test(text[at - 1]!) || (/[A-Z0-9]/.test(found) && /[a-z]/.test(text[at - 1]!));
  return 1 + (isStart ? 10 : 0) + (at === 0 ? 5 : 0) + (letter === found ? 0.5 : 0);
}

function maximum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
