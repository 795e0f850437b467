/** Completion behind a `:` in a row: the shape that the value has there, which people would otherwise compute by hand. */
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Cursor } from "../cursor/cursor.ts";
import { shapeText } from "../known/text.ts";
import { editedWorkspace } from "../names/rename-effects.ts";
import type { Workspace } from "../workspace.ts";
import type { Draft } from "./item.ts";

/**
 * In models alone: a block has another shape in every instance. The unfinished statement hides what stands before it, so the
 * file is checked without it.
 */
export function shapeDrafts(
  workspace: Workspace,
  { span, statementStart }: Cursor,
  text: string,
  declaration: Declaration | undefined,
): Draft[] {
  const written = /:\s*(\[\s*)?$/.exec(text.slice(statementStart, span.start));
  if (declaration?.kind !== "model" || written === null) return [];
  const isOpen = written[1] !== undefined;
  const closing = /^[ \t]*\]/.exec(text.slice(span.end))?.[0] ?? "";
  const start = statementStart + written.index;
  const removed = { ...span, start, end: span.end + (isOpen ? closing.length : 0) };
  const without = editedWorkspace(workspace, [{ span: removed, text: "" }]);
  // The binding itself has the shape of its whole row, a step that of what it gives.
  const isLast = /^[ \t]*(?:\r|\n|$)/.test(text.slice(removed.end));
  const facts = without
    .check(span.file)
    .facts.filter((fact) => fact.kind === "shape")
    .filter((fact) => fact.span.file === span.file && fact.span.start >= statementStart && fact.span.end <= start);
  const found = isLast
    ? facts.find((fact) => fact.span.start === statementStart)
    : facts.filter((fact) => fact.span.start > statementStart).sort((a, b) => b.span.end - a.span.end)[0];
  if (found === undefined) return [];
  const shape = shapeText(found.shape);
  const inner = shape.slice(1, -1);
  const label = isOpen ? (closing === "" ? `${inner}]` : inner) : shape;
  return [{ label, kind: "value", detail: "the shape of the value here" }];
}
