/** URIs and positions of the protocol, paths and offsets of the workspace, and the ways between them. */
import type { Location, Position, Range, TextEdit as LspTextEdit, WorkspaceEdit } from "vscode-languageserver";
import { normalizePath } from "../../compiler/check/source-host.ts";
import type { Span, TextEdit } from "../../diagnostics/diagnostic.ts";
import type { LineMap } from "../../diagnostics/lines.ts";
import type { Workspace } from "../workspace.ts";

/** Clients write the same URI in several ways: each gets back the one that it gave. */
export interface Uris {
  pathOf(uri: string): string;
  uriOf(path: string): string;
}

export function createUris(): Uris {
  const given = new Map<string, string>();
  return {
    pathOf(uri) {
      const path = pathOfUri(uri);
      given.set(path, uri);
      return path;
    },
    uriOf: (path) => given.get(path) ?? uriOfPath(path),
  };
}

/** `file:///a%20b.bcos` is `/a b.bcos`, `file:///C:/a` is `c:/a`, and other URIs are paths as they stand. */
export function pathOfUri(uri: string): string {
  if (!uri.startsWith("file:")) return normalizePath(uri);
  const path = decoded(uri.slice("file:".length).replace(/^\/\/(?:localhost)?(?=\/)/, ""));
  const drive = /^\/([A-Za-z]):(?=\/|$)/.exec(path);
  return normalizePath(drive === null ? path : `${drive[1]!.toLowerCase()}:${path.slice(drive[0].length)}`);
}

function uriOfPath(path: string): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  if (path.startsWith("/")) return `file://${encoded}`;
  return /^[a-z]:(?:\/|$)/.test(path) ? `file:///${encoded}` : path;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function positionOf(lines: LineMap, offset: number): Position {
  const { line, column } = lines.positionAt(offset);
  return { line: line - 1, character: column - 1 };
}

/** Positions beyond a line's end are moved to it, those beyond the text to the text's end. */
export function offsetOf(lines: LineMap, { line, character }: Position): number {
  if (line >= lines.lineCount) return lines.text.length;
  return Math.min(lines.lineStart(line + 1) + character, lines.lineEnd(line + 1));
}

export function rangeOf(lines: LineMap, { start, end }: Pick<Span, "start" | "end">): Range {
  return { start: positionOf(lines, start), end: positionOf(lines, Math.max(start, end)) };
}

const top: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** The top of the file where its text is not at hand. */
export function locationOf(workspace: Workspace, uris: Uris, span: Span): Location {
  const lines = workspace.lines(span.file);
  return { uri: uris.uriOf(span.file), range: lines === undefined ? top : rangeOf(lines, span) };
}

/** The edits of one file. */
export function textEdits(lines: LineMap, edits: readonly TextEdit[]): LspTextEdit[] {
  return edits.map(({ span, text }) => ({ range: rangeOf(lines, span), newText: text }));
}

export function workspaceEdit(workspace: Workspace, uris: Uris, edits: readonly TextEdit[]): WorkspaceEdit {
  const changes: Record<string, LspTextEdit[]> = {};
  for (const edit of edits) {
    const lines = workspace.lines(edit.span.file);
    if (lines === undefined) continue;
    (changes[uris.uriOf(edit.span.file)] ??= []).push(...textEdits(lines, [edit]));
  }
  return { changes };
}
