/** Find references: every place of the workspace that means the same as the name at the cursor. */
import type { Span } from "../diagnostics/diagnostic.ts";
import { occurrencesIn } from "./names/occurrences.ts";
import { isSameMeaning, occurrenceAt, type Meaning, type Occurrence } from "./names/symbols.ts";
import type { Workspace } from "./workspace.ts";

export interface ReferenceOptions {
  /** Whether the place that gives the name is among them. */
  readonly includeDeclaration: boolean;
}

/** By file, the one at the cursor first, then in source order. Also for layers, settings and files that are imported. */
export function references(workspace: Workspace, path: string, offset: number, options: ReferenceOptions): Span[] {
  const occurrence = occurrenceAt(occurrencesIn(workspace, path), offset);
  if (occurrence === undefined) return [];
  return occurrencesOf(workspace, path, occurrence.meaning)
    .filter(({ role }) => options.includeDeclaration || role !== "definition")
    .map(({ span }) => span);
}

/** All occurrences of a meaning in the workspace, `first` being the file that comes first. */
export function occurrencesOf(workspace: Workspace, first: string, meaning: Meaning): Occurrence[] {
  return [...new Set([first, ...filesWith(workspace, first, meaning)])].flatMap((file) =>
    occurrencesIn(workspace, file).filter((occurrence) => isSameMeaning(occurrence.meaning, meaning)),
  );
}

/** The files that can have the meaning. */
function filesWith(workspace: Workspace, path: string, meaning: Meaning): readonly string[] {
  switch (meaning.kind) {
    case "definition": {
      const { kind, span } = meaning.definition;
      const isVisible = kind === "block" || kind === "model" || kind === "parameter" || kind === "enum-value";
      return isVisible ? [span.file, ...workspace.importersOf(span.file)] : [span.file];
    }
    case "index":
      return [path];
    case "file":
      return workspace.importersOf(meaning.path);
    case "layer":
      return mentioning(workspace, meaning.layer.name);
    case "argument":
      return mentioning(workspace, meaning.layer.name);
    case "setting":
      return mentioning(workspace, meaning.setting.name);
    case "value":
      return mentioning(workspace, meaning.value);
    case "function":
      return mentioning(workspace, meaning.name);
    default:
      return meaning satisfies never;
  }
}

function mentioning(workspace: Workspace, name: string): string[] {
  return workspace.files().filter((path) => workspace.text(path)?.includes(name));
}
