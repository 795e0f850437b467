/** Which names of its model or block can be used at a cursor. */
import type { Declaration } from "../../compiler/syntax/ast.ts";
import { parseFile } from "../../compiler/syntax/parse.ts";
import type { Definition } from "../names/symbols.ts";
import { scopeOf } from "../names/tables.ts";
import type { Workspace } from "../workspace.ts";
import type { Cursor } from "./cursor.ts";

/** The model or block that the cursor is in, in its head or in its body. */
export function declarationAt(workspace: Workspace, cursor: Cursor): Declaration | undefined {
  const { span, statementStart, bodies } = cursor;
  const body = bodies.find(({ kind }) => kind !== "settings");
  const isAround = (declaration: Declaration): boolean =>
    body === undefined ? declaration.span.start === statementStart : declaration.name.span.start === body.nameStart;
  const found = workspace.tree(span.file)?.declarations.find(isAround);
  if (found !== undefined || body === undefined) return found;
  // What is written at the cursor may have changed how the text around it is read; what stands before it has not.
  const text = workspace.text(span.file) ?? "";
  return parseFile(span.file, text.slice(0, statementStart)).file.declarations.find(isAround);
}

/** Parameters and dimensions, in source order: what expressions can use. In a parameter's default, those before it. */
export function visibleValues(declaration: Declaration, cursor: Cursor): Definition[] {
  const isInHead = cursor.bodies.length === 0;
  return [...scopeOf(declaration).values.values()].filter(
    ({ span, kind }) => span.end < cursor.span.start && !(isInHead && kind !== "parameter"),
  );
}

/** Inputs and the bindings before the statement, in source order: what rows can use. */
export function visibleTensors(declaration: Declaration, { statementStart }: Cursor): Definition[] {
  return [...scopeOf(declaration).tensors.values()].filter(
    ({ kind, span }) => kind !== "output" && span.start < statementStart,
  );
}
