/** Diagnostics as Vite wants its errors and warnings: a place, a message, and a frame that its overlay shows. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { renderDiagnostic, type Sources } from "../diagnostics/frame.ts";
import { createLineMap } from "../diagnostics/lines.ts";

/** What Rollup, and so Vite, calls a log. Lines count from 1, columns from 0. */
export interface ViteLog {
  readonly message: string;
  /** The file, as a path of this machine. */
  readonly id: string;
  readonly loc?: { readonly file: string; readonly line: number; readonly column: number };
  readonly frame: string;
}

/**
 * One log for several diagnostics: the place is that of the first, the frame has all of them. `pathOf` turns the names of
 * files in diagnostics into paths; `id` is the file that was imported.
 */
export function viteLog(
  diagnostics: readonly Diagnostic[],
  id: string,
  sources: Sources,
  pathOf: (file: string) => string,
): ViteLog {
  const [first, ...others] = diagnostics as readonly [Diagnostic, ...Diagnostic[]];
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const [head, ...rest] = renderDiagnostic(first, sources).split("\n");
  const frame = [rest.join("\n"), ...others.map((d) => renderDiagnostic(d, sources))].join("\n\n");
  return { message: `${head!}${more}`, ...placeOf(first, id, sources, pathOf), frame: asciiGutter(frame) };
}

function placeOf(
  { span }: Diagnostic,
  id: string,
  sources: Sources,
  pathOf: (file: string) => string,
): Pick<ViteLog, "id" | "loc"> {
  const text = span && sources(span.file);
  if (span === undefined || text === undefined) return { id };
  const { line, column } = createLineMap(text).positionAt(span.start);
  const file = pathOf(span.file);
  return { id: file, loc: { file, line, column: column - 1 } };
}

/** Vite's overlay takes for a frame only what has numbers of lines and a `|` behind them. */
function asciiGutter(frame: string): string {
  return frame.replace(/^( *\d* *)│/gm, "$1|").replace(/^( *)┌─/gm, "$1-->");
}
