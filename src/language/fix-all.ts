/** `source.fixAll`: all certain fixes of a file, again and again until nothing is left that has one. */
import type { Diagnostic, TextEdit } from "../diagnostics/diagnostic.ts";
import { applyEdits, difference, overlap } from "./edits.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

/** Fixes of fixes are few: a file that needs more rounds is broken in other ways. */
const rounds = 20;

/** The edits; none where there is nothing to fix. A round after which no less is wrong is not made. */
export function fixAll(workspace: Workspace, path: string): TextEdit[] {
  const before = workspace.text(path);
  if (before === undefined) return [];
  // A copy, whose texts may change.
  const copy = createWorkspace({ read: (asked) => workspace.text(asked), list: () => workspace.files() });
  let text = before;
  let findings = wrongIn(workspace, path);
  for (let round = 0; round < rounds; round++) {
    const edits = compatible(path, findings);
    if (edits.length === 0) break;
    const next = applyEdits(text, edits);
    copy.open(path, next);
    const left = wrongIn(copy, path);
    if (!isBetter(left, findings)) break;
    text = next;
    findings = left;
  }
  return difference(path, before, text);
}

/** A syntax error less is better, whatever names and shapes can be looked at because of that. */
function isBetter(after: readonly Diagnostic[], before: readonly Diagnostic[]): boolean {
  const syntax = (findings: readonly Diagnostic[]): number =>
    findings.filter(({ code }) => code.startsWith("syntax/")).length;
  return syntax(after) < syntax(before) || (syntax(after) === syntax(before) && after.length < before.length);
}

function wrongIn(workspace: Workspace, path: string): readonly Diagnostic[] {
  return workspace.diagnostics(path).filter(({ severity }) => severity !== "info");
}

/** The first fix of each finding that is no choice, without those that change what one before them does. */
function compatible(path: string, findings: readonly Diagnostic[]): TextEdit[] {
  const chosen: TextEdit[] = [];
  for (const { fixes } of findings) {
    const edits = fixes.find((fix) => fix.isChoice !== true)?.edits ?? [];
    const isOwn = edits.every(({ span }) => span.file === path);
    if (isOwn && !overlap(edits, chosen)) chosen.push(...edits);
  }
  return chosen;
}
