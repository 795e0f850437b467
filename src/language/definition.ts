/** Go to definition: from a name, or the path of an import, to the place that gives it. */
import type { Span } from "../diagnostics/diagnostic.ts";
import { occurrencesIn } from "./names/occurrences.ts";
import { occurrenceAt, type Meaning } from "./names/symbols.ts";
import type { Workspace } from "./workspace.ts";

export interface DefinitionLink {
  /** The name at the cursor. */
  readonly origin: Span;
  /** The name where it is given, or the start of a file. */
  readonly target: Span;
  /** The whole statement or part that gives it. */
  readonly whole: Span;
}

/** `undefined` where the cursor is at no name, or at one that no source text gives: a layer, a setting, a function. */
export function definition(workspace: Workspace, path: string, offset: number): DefinitionLink | undefined {
  const occurrence = occurrenceAt(occurrencesIn(workspace, path), offset);
  const place = occurrence && placeOf(workspace, occurrence.meaning);
  return place && { origin: occurrence.span, ...place };
}

function placeOf(workspace: Workspace, meaning: Meaning): Omit<DefinitionLink, "origin"> | undefined {
  switch (meaning.kind) {
    case "definition":
      return { target: meaning.definition.span, whole: meaning.definition.whole };
    case "index":
      return { target: meaning.repeat, whole: meaning.repeat };
    case "file": {
      if (workspace.text(meaning.path) === undefined) return undefined;
      const start = { file: meaning.path, start: 0, end: 0 };
      return { target: start, whole: start };
    }
    case "layer":
    case "argument":
    case "setting":
    case "value":
    case "function":
      return undefined;
    default:
      return meaning satisfies never;
  }
}
