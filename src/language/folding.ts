/** Folding ranges: bodies, settings, rows over several lines, runs of comments and of imports. */
import type { Span } from "../diagnostics/diagnostic.ts";
import type { LineMap } from "../diagnostics/lines.ts";
import { fileNode, walk } from "./walk.ts";
import type { Workspace } from "./workspace.ts";

export interface FoldingRange {
  /** From a place of the line that stays in view to one of the last line that is hidden. */
  readonly span: Span;
  readonly kind: "region" | "comment" | "imports";
}

/** In the order of their starts. Each has at least two lines, and no two have the same ones. */
export function foldingRanges(workspace: Workspace, path: string): readonly FoldingRange[] {
  const file = workspace.tree(path);
  const lines = workspace.lines(path);
  if (file === undefined || lines === undefined) return [];
  const comments = file.comments.filter(({ span }) => startsLine(lines, span.start));
  const found: FoldingRange[] = [
    ...runs(lines, comments).map((span): FoldingRange => ({ span, kind: "comment" })),
    ...runs(lines, file.imports).map((span): FoldingRange => ({ span, kind: "imports" })),
  ];
  walk(fileNode(file), ({ type, node }) => {
    if (type === "declaration" || type === "settings") found.push({ span: body(lines, node.span), kind: "region" });
    if (type === "binding") found.push({ span: node.span, kind: "region" });
    return type === "file" || type === "declaration";
  });
  return distinct(lines, found);
}

/** Without the line of the closing brace, where that has a line of its own. */
function body(lines: LineMap, span: Span): Span {
  const close = lineOf(lines, span.end);
  const last = lines.text.slice(lines.lineStart(close), span.end);
  return last.trim() === "}" && close > 1 ? { ...span, end: lines.lineEnd(close - 1) } : span;
}

/** Things that follow each other line by line, as one span each. */
function runs(lines: LineMap, things: readonly { readonly span: Span }[]): Span[] {
  const found: Span[] = [];
  for (const { span } of things) {
    const before = found.at(-1);
    if (before !== undefined && lineOf(lines, span.start) === lineOf(lines, before.end) + 1) {
      found[found.length - 1] = { ...before, end: span.end };
    } else {
      found.push(span);
    }
  }
  return found;
}

function distinct(lines: LineMap, ranges: readonly FoldingRange[]): FoldingRange[] {
  const byLines = new Map<string, FoldingRange>();
  for (const range of ranges) {
    const [first, last] = [lineOf(lines, range.span.start), lineOf(lines, range.span.end)];
    const key = `${first} ${last}`;
    if (last > first && !byLines.has(key)) byLines.set(key, range);
  }
  return [...byLines.values()].sort((a, b) => a.span.start - b.span.start || b.span.end - a.span.end);
}

function lineOf(lines: LineMap, offset: number): number {
  return lines.positionAt(offset).line;
}

function startsLine(lines: LineMap, offset: number): boolean {
  return lines.text.slice(lines.lineStart(lineOf(lines, offset)), offset).trim() === "";
}
