/**
 * What a diagnostic is: plain data, made by `diagnose` (see `catalogue.ts`), drawn by `frame.ts`, printed by `json.ts`.
 */

/** A half-open range of UTF-16 offsets in one source file. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export type Severity = "error" | "warning" | "info";

/** Another place that explains the finding, with a short label, e.g. both sides of a shape mismatch. */
export interface RelatedPlace {
  readonly span: Span;
  readonly label: string;
}

/** One step of the block expansion that led to the place, innermost first. */
export interface ExpansionLink {
  /** The call as written, e.g. `BasicBlock(128, stride: 2)`. */
  readonly call: string;
  readonly span: Span;
}

export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

/** A change that is certain to remove the finding. */
export interface Fix {
  readonly title: string;
  /** Something else may have been meant: made when it is chosen, not when all findings of a file are fixed at once. */
  readonly isChoice?: true;
  readonly edits: readonly TextEdit[];
}

export interface Diagnostic {
  /** Stable code, `area/kebab-name`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** Where in the source. Absent for findings about other files; those have `place`. */
  readonly span?: Span;
  /** Where, when it is not a source range: a file and what is in it, e.g. `model.safetensors, header`. */
  readonly place?: string;
  /** Text written beside the carets of the frame. */
  readonly label?: string;
  readonly related: readonly RelatedPlace[];
  readonly expansion: readonly ExpansionLink[];
  readonly hints: readonly string[];
  readonly fixes: readonly Fix[];
}

/** Thrown by library functions whose caller can't go on. Carries the diagnostics; `message` is their plain text. */
export class BcosError extends Error {
  override readonly name = "BcosError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}${d.place === undefined ? "" : ` (${d.place})`}`).join("\n"));
    this.diagnostics = diagnostics;
  }
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === "error");
}
