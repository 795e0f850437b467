/**
 * Code actions at a range: the fixes of its findings, and refactorings that leave the network as it is: naming arguments,
 * stating shapes that the compiler knows, splitting and joining rows. What concerns a whole file is in `fix-all.ts` and `organize-imports.ts`.
 */
import type { Diagnostic, Span, TextEdit } from "../diagnostics/diagnostic.ts";
import { inlayHints, type InlayHint, type InlayHintKind } from "./inlay-hints.ts";
import { nodePathAt } from "./node-at.ts";
import { rowChanges } from "./refactor-rows.ts";
import { spanOf, type SyntaxNode } from "./walk.ts";
import type { Workspace } from "./workspace.ts";

export interface CodeAction {
  readonly title: string;
  readonly kind: "quickfix" | "refactor.rewrite";
  readonly edits: readonly TextEdit[];
  /** What a quick fix removes. */
  readonly diagnostic?: Diagnostic;
}

type Range = Pick<Span, "start" | "end">;

/** Fixes first, in the order of their findings. */
export function codeActions(workspace: Workspace, path: string, range: Range): readonly CodeAction[] {
  return [...quickFixes(workspace, path, range), ...refactorings(workspace, path, range)];
}

function quickFixes(workspace: Workspace, path: string, range: Range): CodeAction[] {
  return workspace
    .diagnostics(path)
    .filter(({ span }) => span !== undefined && touches(span, range))
    .flatMap((diagnostic) =>
      diagnostic.fixes.map(({ title, edits }): CodeAction => ({ title, kind: "quickfix", edits, diagnostic })),
    );
}

function refactorings(workspace: Workspace, path: string, range: Range): CodeAction[] {
  const file = workspace.tree(path);
  if (file === undefined) return [];
  const nodes = nodePathAt(file, range.start);
  const call = nodes.findLast((node) => node.type === "step" && node.node.kind === "call");
  const row = nodes.findLast((node) => node.type === "binding");
  const found: CodeAction[] = [];
  if (call !== undefined) {
    const edits = hintedEdits(workspace, path, call, "argument");
    if (edits.length > 0) found.push({ title: "name the arguments", kind: "refactor.rewrite", edits });
    const end = spanOf(call).end;
    const shape = hintedEdits(workspace, path, call, "shape", (hint) => hint.offset === end);
    if (shape.length > 0) found.push({ title: "state the shape", kind: "refactor.rewrite", edits: shape });
  }
  if (row !== undefined) {
    const end = spanOf(row).end;
    const shape = hintedEdits(workspace, path, row, "shape", (hint) => hint.offset === end);
    const isNew = !found.some(({ edits }) => edits[0]?.span.start === shape[0]?.span.start);
    if (shape.length > 0 && isNew) {
      found.push({ title: "state the shape of the row", kind: "refactor.rewrite", edits: shape });
    }
  }
  const declaration = nodes.find((node) => node.type === "declaration")?.node;
  const text = workspace.text(path);
  const changes = declaration === undefined || text === undefined ? [] : rowChanges(text, declaration, range.start);
  return [...found, ...changes.map((change): CodeAction => ({ ...change, kind: "refactor.rewrite" }))];
}

/** What the hints inside a node would write. Arguments of calls inside the node are not its own. */
function hintedEdits(
  workspace: Workspace,
  path: string,
  node: SyntaxNode,
  kind: InlayHintKind,
  isWanted: (hint: InlayHint) => boolean = () => true,
): TextEdit[] {
  const span = spanOf(node);
  return inlayHints(workspace, path, span, { shapes: "every", argumentNames: true, totals: false, values: false })
    .filter((hint) => hint.kind === kind && isWanted(hint))
    .flatMap((hint) => hint.edits ?? []);
}

/** Also where one ends at the start of the other, as a cursor does behind a word. */
function touches(a: Range, b: Range): boolean {
  return a.start <= b.end && b.start <= a.end;
}
