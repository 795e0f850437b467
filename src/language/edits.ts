/** Changes of one text. */
import type { TextEdit } from "../diagnostics/diagnostic.ts";

/** The text after edits that do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { span, text: put } of [...edits].sort((a, b) => a.span.start - b.span.start)) {
    parts.push(text.slice(at, span.start), put);
    at = span.end;
  }
  return parts.join("") + text.slice(at);
}

/** Whether both change a place. Insertions at one place, or right beside what the other replaces, count as such. */
export function overlap(a: readonly TextEdit[], b: readonly TextEdit[]): boolean {
  return a.some(({ span: x }) => b.some(({ span: y }) => x.start <= y.end && y.start <= x.end));
}

/** The one edit that makes `after` of `before`, without what both begin and end with; none where they are equal. */
export function difference(file: string, before: string, after: string): TextEdit[] {
  if (before === after) return [];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const span = { file, start, end: before.length - end };
  return [{ span, text: after.slice(start, after.length - end) }];
}
