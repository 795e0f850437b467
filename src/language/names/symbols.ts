/** What names mean: everything that source text gives a name to, and the places that use such a name. */
import type { FunctionName } from "../../compiler/check/evaluate-expression.ts";
import type { LayerDefinition, LayerParameter } from "../../compiler/layers/layer.ts";
import type { Binding, Declaration, Import, Label, Parameter, Port, Step } from "../../compiler/syntax/ast.ts";
import type { Span } from "../../diagnostics/diagnostic.ts";

/** Something that source text gives a name to. */
export type Definition = {
  readonly name: string;
  /** Of the name alone. */
  readonly span: Span;
  /** Of the statement or part that gives the name. */
  readonly whole: Span;
} & (
  | { readonly kind: "model" | "block"; readonly declaration: Declaration }
  /** An imported name whose file or declaration can not be found. Others stand for what they import. */
  | { readonly kind: "import"; readonly statement: Import }
  | { readonly kind: "parameter"; readonly declaration: Declaration; readonly parameter: Parameter }
  | { readonly kind: "enum-value"; readonly declaration: Declaration; readonly parameter: Parameter }
  /** `H` in the `[H, W, C]` of a block's input. */
  | { readonly kind: "dimension"; readonly declaration: Declaration; readonly port: Port }
  /** An output is what its binding defines; only one that nothing assigns is a definition of its own. */
  | { readonly kind: "input" | "output"; readonly declaration: Declaration; readonly port: Port }
  | { readonly kind: "binding"; readonly declaration: Declaration; readonly binding: Binding }
  | { readonly kind: "label"; readonly declaration: Declaration; readonly step: Step; readonly label: Label }
);

export type DefinitionKind = Definition["kind"];

/** What a name at some place stands for. */
export type Meaning =
  | { readonly kind: "definition"; readonly definition: Definition }
  | { readonly kind: "layer"; readonly layer: LayerDefinition }
  /** The name of an argument of a layer. */
  | { readonly kind: "argument"; readonly layer: LayerDefinition; readonly parameter: LayerParameter }
  | { readonly kind: "setting"; readonly setting: LayerParameter }
  /** `same`, `keep`, `batch_uncentered`: a value that a layer's argument or a setting takes. */
  | { readonly kind: "value"; readonly parameter: LayerParameter; readonly value: string }
  | { readonly kind: "function"; readonly name: FunctionName }
  /** The number of the instance inside a `repeat`, whose step is at the span. */
  | { readonly kind: "index"; readonly repeat: Span }
  /** The path of an import. */
  | { readonly kind: "file"; readonly path: string };

export interface Occurrence {
  readonly span: Span;
  readonly meaning: Meaning;
  /** `definition` gives the name, `write` gives a parameter its value in a call, `read` uses it. */
  readonly role: "definition" | "write" | "read";
}

/** Equal for two definitions if and only if they are the same one. */
export function keyOf(definition: Definition): string {
  return `${definition.span.file}:${definition.span.start}`;
}

export function isSameDefinition(a: Definition, b: Definition): boolean {
  return a.span.start === b.span.start && a.span.file === b.span.file;
}

/** The innermost occurrence at the offset. A cursor right behind a name counts as at it, unless another one starts there. */
export function occurrenceAt(occurrences: readonly Occurrence[], offset: number): Occurrence | undefined {
  let found: Occurrence | undefined;
  for (const occurrence of occurrences) {
    const { start, end } = occurrence.span;
    if (!(start <= offset && offset <= end)) continue;
    if (found !== undefined && !isNearer(occurrence, found, offset)) continue;
    found = occurrence;
  }
  return found;
}

function isNearer(a: Occurrence, b: Occurrence, offset: number): boolean {
  const isBehind = (o: Occurrence): boolean => o.span.end === offset;
  if (isBehind(a) !== isBehind(b)) return isBehind(b);
  return a.span.end - a.span.start < b.span.end - b.span.start;
}

/** Whether two occurrences stand for the same thing. */
export function isSameMeaning(a: Meaning, b: Meaning): boolean {
  switch (a.kind) {
    case "definition":
      return b.kind === "definition" && isSameDefinition(a.definition, b.definition);
    case "layer":
      return b.kind === "layer" && a.layer === b.layer;
    case "argument":
      return b.kind === "argument" && a.layer === b.layer && a.parameter === b.parameter;
    case "setting":
      return b.kind === "setting" && a.setting === b.setting;
    case "value":
      return b.kind === "value" && a.parameter === b.parameter && a.value === b.value;
    case "function":
      return b.kind === "function" && a.name === b.name;
    case "index":
      return b.kind === "index" && a.repeat.start === b.repeat.start && a.repeat.file === b.repeat.file;
    case "file":
      return b.kind === "file" && a.path === b.path;
    default:
      return a satisfies never;
  }
}
