/** Collects findings: one for a code and place, in the order of the files and of the places in them. */
import { diagnose, type Code, type Details, type Params } from "../../diagnostics/catalogue.ts";
import type { Diagnostic, Fix, Span } from "../../diagnostics/diagnostic.ts";
import { closest } from "../../diagnostics/suggest.ts";

export interface Report {
  add(diagnostic: Diagnostic): void;
  at<C extends Code>(span: Span, code: C, params: Params<C>, details?: Details): void;
  /** Number of errors so far, repeated ones included. */
  errors(): number;
  /** The candidate that is nearest to the name, if one is near. */
  nearest(name: string, candidates: Iterable<string>): string | undefined;
  /** Files in `order` first, findings without a place before all. */
  sorted(order: readonly string[]): Diagnostic[];
}

export function createReport(): Report {
  const found = new Map<string, Diagnostic>();
  let errors = 0;
  let compared = 0;
  const report: Report = {
    add(diagnostic) {
      if (diagnostic.severity === "error") errors++;
      const { code, span, place, message } = diagnostic;
      // The same place in two instances of a block is one fault, however the messages differ.
      const key = span === undefined ? `${code} ${place} ${message}` : `${code} ${span.start} ${span.end} ${span.file}`;
      if (!found.has(key)) found.set(key, diagnostic);
    },
    at: (span, code, params, details) => report.add(diagnose(code, params, { span, ...details })),
    errors: () => errors,
    nearest(name, candidates) {
      const list = [...candidates];
      compared += list.length;
      return compared > comparisons ? undefined : closest(name, list);
    },
    sorted(order) {
      const rank = new Map(order.map((path, i) => [path, i]));
      const keyed = [...found.values()].map((diagnostic) => ({
        diagnostic,
        file: diagnostic.span === undefined ? -1 : (rank.get(diagnostic.span.file) ?? order.length),
        start: diagnostic.span?.start ?? 0,
      }));
      return keyed.sort((a, b) => a.file - b.file || a.start - b.start).map((k) => k.diagnostic);
    },
  };
  return report;
}

/** Names that one check compares for "did you mean", so that many unknown names in a long file take no time. */
const comparisons = 200_000;

/** The hint and the fix for a name that is nearly one of the candidates; empty where none is near. */
export function didYouMean(
  report: Report,
  span: Span,
  name: string,
  candidates: Iterable<string>,
): Pick<Details, "hints" | "fixes"> {
  const near = report.nearest(name, candidates);
  if (near === undefined) return {};
  const fix: Fix = { title: `replace with \`${near}\``, edits: [{ span, text: near }] };
  return { hints: [`did you mean \`${near}\`?`], fixes: [fix] };
}
