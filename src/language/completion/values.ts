/** Completion of expressions: values of enums, parameters and dimensions, functions; and the names of arguments. */
import { functionNames } from "../../compiler/check/evaluate-expression.ts";
import { argumentTypeOf, describeVariant, namesOf } from "../../compiler/check/types.ts";
import type { ArgumentType } from "../../compiler/layers/layer.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Cursor } from "../cursor/cursor.ts";
import { visibleValues } from "../cursor/visible.ts";
import type { Formal } from "../names/resolve.ts";
import type { Definition } from "../names/symbols.ts";
import { layerParameterText, parameterText, typeText, valueText } from "../known/text.ts";
import { functionSignature, parameterDocumentation } from "../signature.ts";
import type { Workspace } from "../workspace.ts";
import type { Draft, DraftGroups } from "./item.ts";

/** What an expression is expected to be; `undefined` where anything may stand. */
export type ExpectedType = ArgumentType | undefined;

export function typeOfFormal(formal: Formal | undefined): ExpectedType {
  if (formal === undefined) return undefined;
  return formal.kind === "table" ? formal.parameter.type : argumentTypeOf(formal.parameter.type);
}

/** Where the values of an expression come from. */
export interface ValueScope {
  readonly workspace: Workspace;
  readonly cursor: Cursor;
  readonly declaration: Declaration | undefined;
  readonly inRepeat: boolean;
}

/** The values of an enum, `true` and `false`; then the names that fit; then functions; then other names. */
export function valueDrafts(scope: ValueScope, expected: ExpectedType, formal?: Formal): DraftGroups {
  const { cursor, declaration } = scope;
  const visible = declaration === undefined ? [] : visibleValues(declaration, cursor);
  const names = visible.map((definition) => ({
    draft: draftOfValue(scope, definition),
    fits: fits(expected, definition),
  }));
  const index = scope.inRepeat ? [indexDraft] : [];
  const isNumeric = !["bool", "enum"].includes(expected?.kind ?? "");
  return [
    fixedValues(expected, formal),
    names.filter((name) => name.fits).map((name) => name.draft),
    isNumeric ? index : [],
    isNumeric ? functionDrafts : [],
    names.filter((name) => !name.fits).map((name) => name.draft),
    expected === undefined || expected.kind === "bool" ? booleanWords : [],
  ];
}

export const indexDraft: Draft = {
  label: "index",
  kind: "parameter",
  detail: "int",
  documentation: "The number of the instance, from 0.",
};

const booleanWords: readonly Draft[] = [{ label: "not", kind: "keyword", insert: "not " }];

const functionDrafts: readonly Draft[] = functionNames.map((name) => {
  const { label, documentation } = functionSignature(name);
  return { label: name, kind: "function", detail: label, documentation, insert: name, snippet: `${name}($1)` };
});

function fixedValues(expected: ExpectedType, formal: Formal | undefined): Draft[] {
  if (expected === undefined) return [];
  const table = formal?.kind === "table" ? formal.parameter : undefined;
  const documentation = table === undefined ? "" : parameterDocumentation(table);
  const initial = table?.default === undefined ? undefined : valueText(table.default);
  const names = expected.kind === "bool" ? ["true", "false"] : namesOf(expected);
  return names.map((name): Draft => {
    const kinds = expected.kind === "variant" ? expected.variants[name]! : [];
    const detail =
      name === initial ? "default" : kinds.length === 0 ? "" : describeVariant(name, kinds).replaceAll("`", "");
    const draft: Draft = { label: name, kind: "value", detail, documentation };
    return kinds.length === 0
      ? draft
      : { ...draft, snippet: `${name}(${kinds.map((kind, i) => variantPlace(kind, i)).join(", ")})` };
  });
}

function variantPlace(kind: string, i: number): string {
  return kind === "list" ? `[$${i + 1}]` : `\${${i + 1}:${kind}}`;
}

function draftOfValue({ workspace }: ValueScope, definition: Definition): Draft {
  const { name, kind, span } = definition;
  if (definition.kind === "parameter") {
    const text = workspace.text(span.file) ?? "";
    return { label: name, kind: "parameter", detail: parameterText(definition.parameter, text) };
  }
  return { label: name, kind: kind === "dimension" ? "dimension" : "value", detail: "dimension of the input" };
}

/** Whether a parameter or a dimension can be what is expected, without being computed with. */
function fits(expected: ExpectedType, definition: Definition): boolean {
  const type = definition.kind === "parameter" ? argumentTypeOf(definition.parameter.type) : ({ kind: "int" } as const);
  if (expected === undefined || type === undefined) return true;
  switch (expected.kind) {
    case "int":
    case "pair":
      return type.kind === "int";
    case "float":
    case "auto_float":
      return type.kind === "int" || type.kind === "float";
    case "bool":
      return type.kind === "bool";
    case "enum":
    case "variant":
      return type.kind === "enum" && type.values.some((value) => namesOf(expected).includes(value));
    case "padding":
      return (
        type.kind === "int" ||
        (type.kind === "enum" && type.values.some((value) => value === "same" || value === "valid"))
      );
    default:
      return expected satisfies never;
  }
}

/** The arguments that are not given yet: those without a default first. */
export function argumentDrafts(
  workspace: Workspace,
  formals: readonly Formal[],
  given: ReadonlySet<string>,
): DraftGroups {
  const open = formals.filter(({ name }) => name !== "" && !given.has(name));
  const drafts = open.map((formal) => ({ isRequired: isRequired(formal), draft: draftOfArgument(workspace, formal) }));
  return [
    drafts.filter(({ isRequired }) => isRequired).map(({ draft }) => draft),
    drafts.filter(({ isRequired }) => !isRequired).map(({ draft }) => draft),
  ];
}

function isRequired(formal: Formal): boolean {
  return formal.kind === "table" ? formal.parameter.required : formal.parameter.default === undefined;
}

function draftOfArgument(workspace: Workspace, formal: Formal): Draft {
  const { name } = formal;
  const shared = { label: name, kind: "argument", insert: `${name}: `, retrigger: true } as const;
  if (formal.kind === "table") {
    const { parameter } = formal;
    return {
      ...shared,
      detail: withoutName(layerParameterText(parameter)),
      documentation: parameterDocumentation(parameter),
    };
  }
  const { parameter, declaration } = formal;
  const text = workspace.text(declaration.span.file) ?? "";
  return {
    ...shared,
    detail: withoutName(parameterText(parameter, text)),
    documentation: `Parameter of \`${declaration.name.text}\`.`,
  };
}

/** `int = 1` of `stride: int = 1`. */
function withoutName(text: string): string {
  return text.replace(/^\w+\??\s*:\s*/, "");
}

/** The types that a parameter can be declared with. */
export const typeDrafts: readonly Draft[] = [
  { label: "int", kind: "type", documentation: "A whole number." },
  { label: "float", kind: "type", documentation: "A number." },
  { label: "bool", kind: "type", documentation: "`true` or `false`." },
  {
    label: "enum",
    kind: "type",
    detail: "enum(a, b)",
    documentation: "One of the names in brackets.",
    snippet: "enum(${1:first}, ${2:second})",
  },
];

/** A setting of `bcos { … }`. */
export function settingDraft(parameter: Extract<Formal, { kind: "table" }>["parameter"]): Draft {
  return {
    label: parameter.name,
    kind: "setting",
    detail: typeText(parameter.type),
    documentation: parameterDocumentation(parameter),
    insert: `${parameter.name}: `,
    retrigger: true,
  };
}
