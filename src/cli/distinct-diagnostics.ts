/** Findings of several files, each once. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";

/** Files that share an imported file share its findings. */
export function distinctDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const byText = new Map(diagnostics.map((d) => [JSON.stringify(d), d]));
  return [...byText.values()];
}
