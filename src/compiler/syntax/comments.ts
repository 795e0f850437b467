/** Owns comments: keeps them all, and finds the `///` lines that document a statement. */
import type { IToken } from "chevrotain";
import { endOf } from "../../../grammar/describe.ts";
import type { Comment } from "./ast.ts";

export function commentsOf(path: string, tokens: readonly IToken[]): Comment[] {
  return tokens.map((token) => ({
    text: token.image,
    span: { file: path, start: token.startOffset, end: endOf(token) },
  }));
}

/**
 * Which documentation belongs to which statement. `starts` are the offsets of the statements that can have one, in
 * order, with the offset from which on comments count for it: a `///` group before an import is still that of the
 * declaration behind it. Of several groups the one nearest to the statement counts.
 */
export function attachDocs(
  text: string,
  comments: readonly Comment[],
  starts: readonly { readonly from: number; readonly offset: number }[],
): Map<number, string> {
  const docs = new Map<number, string>();
  const lines = comments.filter((comment) => isDoc(comment.text) && startsLine(text, comment.span.start));
  let next = 0;
  for (const { from, offset } of starts) {
    while (next < lines.length && lines[next]!.span.start < from) next++;
    let group: Comment[] = [];
    for (; next < lines.length && lines[next]!.span.start < offset; next++) {
      const line = lines[next]!;
      const before = group.at(-1);
      if (before !== undefined && !isNextLine(text, before.span.end, line.span.start)) group = [];
      group.push(line);
    }
    if (group.length > 0)
      docs.set(
        offset,
        group
          .map((line) => docText(line.text))
          .join("\n")
          .trim(),
      );
  }
  return docs;
}

function isDoc(comment: string): boolean {
  return comment.startsWith("///") && !comment.startsWith("////");
}

function docText(comment: string): string {
  return comment.slice(3).replace(/^ /, "").trimEnd();
}

/** Whether only blanks stand before the offset on its line. */
function startsLine(text: string, offset: number): boolean {
  let i = offset - 1;
  while (i >= 0 && /[ \t\f\v\u00a0\ufeff]/.test(text[i]!)) i--;
  return i < 0 || text[i] === "\n" || text[i] === "\r";
}

function isNextLine(text: string, end: number, start: number): boolean {
  return /^(?:\r\n|\n|\r)[ \t\f\v\u00a0\ufeff]*$/.test(text.slice(end, start));
}
