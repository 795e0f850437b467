/** Owns the fixes that several checks give: to remove a statement, to write a whole number as one. */
import type { Fix, Span } from "../../diagnostics/diagnostic.ts";
import type { Expression } from "../syntax/ast.ts";

/** To remove a statement, with its lines where nothing else is on them. */
export function removalOf(text: string, span: Span, title: string): Fix {
  const before = /(?:^|[\n\r])[ \t]*$/.exec(text.slice(0, span.start));
  const behind = /^[ \t]*(?:\r\n|\n|\r|$)/.exec(text.slice(span.end));
  const indentation = before === null ? 0 : /[ \t]*$/.exec(before[0])![0].length;
  const isAlone = before !== null && behind !== null;
  const edit = isAlone ? { ...span, start: span.start - indentation, end: span.end + behind[0].length } : span;
  return { title, isChoice: true, edits: [{ span: edit, text: "" }] };
}

/** To write `3.0` as `3`. */
export function wholeNumberFixes(expression: Expression): Fix[] {
  if (expression.kind !== "float" || !Number.isSafeInteger(expression.value)) return [];
  const text = String(expression.value);
  return [{ title: `write \`${text}\``, edits: [{ span: expression.span, text }] }];
}
