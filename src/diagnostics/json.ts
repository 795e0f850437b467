/**
 * Diagnostics as plain JSON values for other programs. The form is stable: keys are never renamed or removed, every
 * key is always there, and what does not apply is `null` or an empty list.
 */
import type { Diagnostic, Severity, Span } from "./diagnostic.ts";
import { createLineMap, type LineMap } from "./lines.ts";

/** Lines and columns count from 1 (UTF-16 units) and are `null` where the file's text is not at hand. */
export interface JsonLocation {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly endLine: number | null;
  readonly endColumn: number | null;
  /** UTF-16 offset of the first character. */
  readonly start: number;
  /** UTF-16 offset behind the last character. */
  readonly end: number;
}

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly label: string | null;
  readonly location: JsonLocation | null;
  /** Where, in words, for findings about files that are not source text. */
  readonly place: string | null;
  readonly related: readonly { readonly label: string; readonly location: JsonLocation }[];
  /** Innermost first. */
  readonly expansion: readonly { readonly call: string; readonly location: JsonLocation }[];
  readonly hints: readonly string[];
  readonly fixes: readonly {
    readonly title: string;
    readonly edits: readonly { readonly location: JsonLocation; readonly text: string }[];
  }[];
}

export function diagnosticsToJson(
  diagnostics: readonly Diagnostic[],
  sources: (file: string) => string | undefined,
): JsonDiagnostic[] {
  const maps = new Map<string, LineMap | undefined>();
  const mapOf = (file: string): LineMap | undefined => {
    if (!maps.has(file)) {
      const text = sources(file);
      maps.set(file, text === undefined ? undefined : createLineMap(text));
    }
    return maps.get(file);
  };
  const locate = (span: Span): JsonLocation => {
    const map = mapOf(span.file);
    const from = map?.positionAt(span.start);
    const to = map?.positionAt(Math.max(span.start, span.end));
    return {
      file: span.file,
      line: from?.line ?? null,
      column: from?.column ?? null,
      endLine: to?.line ?? null,
      endColumn: to?.column ?? null,
      start: span.start,
      end: span.end,
    };
  };
  return diagnostics.map((d) => ({
    code: d.code,
    severity: d.severity,
    message: d.message,
    label: d.label ?? null,
    location: d.span === undefined ? null : locate(d.span),
    place: d.place ?? null,
    related: d.related.map((r) => ({ label: r.label, location: locate(r.span) })),
    expansion: d.expansion.map((e) => ({ call: e.call, location: locate(e.span) })),
    hints: [...d.hints],
    fixes: d.fixes.map((f) => ({
      title: f.title,
      edits: f.edits.map((e) => ({ location: locate(e.span), text: e.text })),
    })),
  }));
}
