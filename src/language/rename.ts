/**
 * Rename: one name everywhere it is used, in all files. What comes out is made sure of: a rename after which any name would
 * mean something else, or a file would have a new error, is refused with the reason.
 */
import { hasErrors, type Span, type TextEdit } from "../diagnostics/diagnostic.ts";
import { occurrencesIn } from "./names/occurrences.ts";
import { changedMeaning, editedWorkspace, newError, weightWarnings } from "./names/rename-effects.ts";
import { fixedBecause, nameProblem, nothingAt } from "./names/rename-target.ts";
import { occurrenceAt, type Definition } from "./names/symbols.ts";
import { occurrencesOf } from "./references.ts";
import type { Workspace } from "./workspace.ts";

/** Why there is nothing to rename, or not to that name: a sentence for the user. */
export interface Refusal {
  readonly refused: string;
}

export interface RenameTarget {
  /** The name at the cursor. */
  readonly span: Span;
  readonly name: string;
}

export interface Rename {
  /** In all files; they do not overlap. */
  readonly edits: readonly TextEdit[];
  /** What to know before they are applied: weight paths that change, files in which names may be missed. */
  readonly warnings: readonly string[];
}

/** What a rename at the cursor would rename. */
export function prepareRename(workspace: Workspace, path: string, offset: number): RenameTarget | Refusal {
  const found = targetAt(workspace, path, offset);
  return "refused" in found ? found : { span: found.span, name: found.definition.name };
}

export function rename(workspace: Workspace, path: string, offset: number, name: string): Rename | Refusal {
  const target = targetAt(workspace, path, offset);
  if ("refused" in target) return target;
  const { definition } = target;
  if (name === definition.name) return { edits: [], warnings: [] };
  const problem = nameProblem(workspace, definition, name);
  if (problem !== undefined) return { refused: problem };

  const places = occurrencesOf(workspace, definition.span.file, { kind: "definition", definition });
  const edits = places.map(({ span }): TextEdit => ({ span, text: name }));
  const files = [...new Set([definition.span.file, ...places.map(({ span }) => span.file)])];
  const after = editedWorkspace(workspace, edits);
  const changed = changedMeaning(workspace, after, edits, files);
  if (changed !== undefined) return { refused: `a name would then mean something else: ${changed}` };
  const entries = [...new Set(files.flatMap((file) => workspace.dependentsOf(file)))];
  const error = newError(workspace, after, entries);
  if (error !== undefined) return { refused: `there would be an error: ${error}` };

  const damaged = files.filter((file) => hasErrors(workspace.parsed(file)?.diagnostics ?? []));
  const missed = damaged.map((file) => `${file} has syntax errors, and a use of the name there may be missed`);
  return { edits, warnings: [...weightWarnings(workspace, after, entries, definition), ...missed] };
}

function targetAt(
  workspace: Workspace,
  path: string,
  offset: number,
): { readonly span: Span; readonly definition: Definition } | Refusal {
  const occurrence = occurrenceAt(occurrencesIn(workspace, path), offset);
  if (occurrence === undefined) return { refused: nothingAt(workspace.text(path) ?? "", offset) };
  const { span, meaning } = occurrence;
  return meaning.kind === "definition" ? { span, definition: meaning.definition } : { refused: fixedBecause(meaning) };
}
