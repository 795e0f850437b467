/** Findings as the protocol has them. */
import {
  DiagnosticSeverity,
  DiagnosticTag,
  type Diagnostic as LspDiagnostic,
  type DiagnosticRelatedInformation,
} from "vscode-languageserver";
import type { Diagnostic, Severity } from "../../diagnostics/diagnostic.ts";
import type { Workspace } from "../workspace.ts";
import { locationOf, type Uris } from "./locations.ts";

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
};

export interface DiagnosticWriter {
  /** What is wrong in the file, as the workspace says. */
  write(path: string): LspDiagnostic[];
  /** One finding, which has a place. */
  one(diagnostic: Diagnostic): LspDiagnostic;
}

/** `pageOf`: where the page that explains a code can be read. */
export function createDiagnosticWriter(
  workspace: Workspace,
  uris: Uris,
  pageOf: (code: string) => string | undefined,
): DiagnosticWriter {
  const related = ({ related, expansion }: Diagnostic): DiagnosticRelatedInformation[] => [
    ...related.map(({ span, label }) => ({ location: locationOf(workspace, uris, span), message: label })),
    ...expansion.map(({ call, span }) => ({
      location: locationOf(workspace, uris, span),
      message: `while expanding \`${call}\``,
    })),
  ];
  const toLsp = (diagnostic: Diagnostic): LspDiagnostic => {
    const { code, severity, label, hints } = diagnostic;
    const page = pageOf(code);
    const places = related(diagnostic);
    return {
      range: locationOf(workspace, uris, diagnostic.span!).range,
      severity: severities[severity],
      code,
      source: "bcosc",
      message: [
        label === undefined ? diagnostic.message : `${diagnostic.message}: ${label}`,
        ...hints.map((hint) => `hint: ${hint}`),
      ].join("\n"),
      ...(page === undefined ? {} : { codeDescription: { href: page } }),
      ...(code === "name/unused" ? { tags: [DiagnosticTag.Unnecessary] } : {}),
      ...(places.length === 0 ? {} : { relatedInformation: places }),
    };
  };
  return { write: (path) => workspace.diagnostics(path).map(toLsp), one: toLsp };
}

/** Equal for equal findings, so that a client that knows them already is not sent them again. */
export function resultIdOf(items: readonly LspDiagnostic[]): string {
  // Two FNV-1a hashes of 32 bits with different starts.
  let [a, b] = [0x811c9dc5, 0x01000193];
  const text = JSON.stringify(items);
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x01000193);
  }
  return `${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}`;
}
