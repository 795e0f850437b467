/**
 * Owns the choice of the errors that are shown: one a line and one a statement, because the next fault there is most
 * often a follow-up of the first, and not more than a reader can use.
 */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";

export const errorLimit = 100;
/** More than are shown, because they do not come in source order. */
const keptLimit = 5 * errorLimit;

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface FaultLog {
  /** Takes the error, unless an earlier one is on its line or in its statement. Add the certain ones first. */
  readonly add: (diagnostic: Diagnostic, statement: Range | undefined) => void;
  /** Whether enough errors are known that more need not be looked for. */
  readonly isFull: () => boolean;
  readonly finish: () => Diagnostic[];
}

export function createFaultLog(path: string, text: string): FaultLog {
  const taken: Diagnostic[] = [];
  /** Which of `taken` is on a line, by the offset of the line break before. */
  const byLine = new Map<number, number>();
  const lineOf = (offset: number): number =>
    offset === 0 ? -1 : Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1));
  const inStatement = (statement: Range): number =>
    taken.findIndex(({ span }) => span!.start >= statement.start && span!.start <= statement.end);
  return {
    add(diagnostic, statement) {
      if (taken.length >= keptLimit) return;
      const line = lineOf(diagnostic.span!.start);
      const before = byLine.get(line) ?? (statement === undefined ? -1 : inStatement(statement));
      if (before >= 0) {
        // With a second fault beside it, no fix of the first is certain to be right.
        taken[before] = { ...taken[before]!, fixes: [] };
        return;
      }
      byLine.set(line, taken.length);
      taken.push(diagnostic);
    },
    isFull: () => taken.length > errorLimit,
    finish() {
      const sorted = taken.sort((a, b) => a.span!.start - b.span!.start);
      if (sorted.length <= errorLimit) return sorted;
      const span = { file: path, start: text.length, end: text.length };
      return [...sorted.slice(0, errorLimit), diagnose("syntax/too-many", { limit: errorLimit }, { span })];
    },
  };
}
