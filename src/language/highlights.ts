/** Document highlights: the places in one file that mean the same as the name at the cursor. */
import type { Span } from "../diagnostics/diagnostic.ts";
import { occurrencesIn } from "./names/occurrences.ts";
import { isSameMeaning, occurrenceAt } from "./names/symbols.ts";
import type { Workspace } from "./workspace.ts";

export interface Highlight {
  readonly span: Span;
  /** `write` gives the name, or gives a parameter its value. */
  readonly kind: "read" | "write";
}

export function highlights(workspace: Workspace, path: string, offset: number): Highlight[] {
  const occurrences = occurrencesIn(workspace, path);
  const found = occurrenceAt(occurrences, offset);
  if (found === undefined) return [];
  return occurrences
    .filter(({ meaning }) => isSameMeaning(meaning, found.meaning))
    .map(({ span, role }) => ({ span, kind: role === "read" ? "read" : "write" }));
}
