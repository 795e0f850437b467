/** Diagnostics on a terminal. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { renderDiagnostics, type Sources } from "../diagnostics/frame.ts";
import type { Output } from "./terminal.ts";

/** Draws the diagnostics, errors last, so that what matters most stands where the eye is. */
export function report(diagnostics: readonly Diagnostic[], sources: Sources, output: Output): void {
  if (diagnostics.length === 0) return;
  const rank = { info: 0, warning: 1, error: 2 } as const;
  const sorted = diagnostics.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
  const width = output.width === undefined ? {} : { width: output.width };
  output.write(`${renderDiagnostics(sorted, sources, { color: output.color, ...width })}\n\n`);
}
