/** The static types of compile-time expressions, what arguments accept, and how both are named in messages. */
import type { ArgumentType } from "../layers/layer.ts";
import type { ParameterType } from "../syntax/ast.ts";

export type StaticType =
  /** Comes from a part that has its error already: fits everywhere. */
  | { readonly kind: "unknown" }
  | { readonly kind: "int" | "float" | "bool" }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "list"; readonly items: readonly StaticType[] };

export const unknownType: StaticType = { kind: "unknown" };

/** The types that parameters of blocks and models are declared with. */
type DeclaredType = Extract<ArgumentType, { readonly kind: "int" | "float" | "bool" | "enum" }>;

/** The argument type of a block's or model's parameter; `undefined` where its text is broken. */
export function argumentTypeOf(type: ParameterType): DeclaredType | undefined {
  switch (type.kind) {
    case "int":
    case "float":
    case "bool":
      return { kind: type.kind };
    case "enum":
      return { kind: "enum", values: type.values.map((value) => value.text) };
    case "missing":
      return undefined;
    default:
      return type satisfies never;
  }
}

/** The type that a parameter's name has inside its block or model. */
export function staticTypeOf(type: ParameterType): StaticType {
  return argumentTypeOf(type) ?? unknownType;
}

/** The names that may be written where `type` is expected, e.g. `same` and `valid` for a padding. */
export function namesOf(type: ArgumentType): readonly string[] {
  switch (type.kind) {
    case "enum":
      return type.values;
    case "padding":
      return ["same", "valid"];
    case "auto_float":
      return ["auto"];
    case "variant":
      return Object.keys(type.variants);
    case "int":
    case "float":
    case "bool":
    case "pair":
      return [];
    default:
      return type satisfies never;
  }
}

/** Whether a value of the static type can be an argument of the type. An enum fits where one of its values does. */
export function accepts(type: ArgumentType, found: StaticType): boolean {
  if (found.kind === "unknown") return true;
  switch (type.kind) {
    case "int":
      return found.kind === "int";
    case "float":
      return found.kind === "int" || found.kind === "float";
    case "bool":
      return found.kind === "bool";
    case "enum":
      return found.kind === "enum" && found.values.some((value) => type.values.includes(value));
    case "pair":
      return found.kind === "int" || isListOfTwoInts(found);
    case "padding":
      if (found.kind === "enum") return found.values.some((value) => namesOf(type).includes(value));
      return found.kind === "int" || isListOfTwoInts(found);
    case "auto_float":
      return found.kind === "int" || found.kind === "float";
    case "variant":
      return found.kind === "enum" && found.values.some((value) => takesNothing(type.variants, value));
    default:
      return type satisfies never;
  }
}

function takesNothing(variants: Readonly<Record<string, readonly unknown[]>>, name: string): boolean {
  return Object.hasOwn(variants, name) && variants[name]!.length === 0;
}

function isListOfTwoInts(type: StaticType): boolean {
  if (type.kind !== "list" || type.items.length !== 2) return false;
  return type.items.every((item) => item.kind === "int" || item.kind === "unknown");
}

/** What an argument takes, e.g. `an int of at least 1`. */
export function describeArgument(type: ArgumentType): string {
  switch (type.kind) {
    case "int":
      return `an int${describeRange(type)}`;
    case "float":
      return `a number${describeRange(type)}`;
    case "bool":
      return "true or false";
    case "enum":
      return alternatives(type.values.map(code));
    case "pair":
      return `an int or a list of two ints${describeRange(type)}`;
    case "padding":
      return alternatives(["`same`", "`valid`", "an int of at least 0", "a list of two"]);
    case "auto_float":
      return "`auto` or a number";
    case "variant":
      return alternatives(Object.entries(type.variants).map(([name, kinds]) => describeVariant(name, kinds)));
    default:
      return type satisfies never;
  }
}

/** How a variant is written: `none`, `group(int)`. */
export function describeVariant(name: string, kinds: readonly string[]): string {
  return code(kinds.length === 0 ? name : `${name}(${kinds.join(", ")})`);
}

export function describeStatic(type: StaticType): string {
  switch (type.kind) {
    case "unknown":
      return "something unknown";
    case "int":
      return "an int";
    case "float":
      return "a float";
    case "bool":
      return "a bool";
    case "enum":
      return `a choice of ${alternatives(type.values.map(code))}`;
    case "list":
      return `a list of ${type.items.length}`;
    default:
      return type satisfies never;
  }
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? "nothing";
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function describeRange(range: { readonly min?: number; readonly max?: number }): string {
  if (range.min !== undefined && range.max !== undefined) return ` from ${range.min} to ${range.max}`;
  if (range.min !== undefined) return ` of at least ${range.min}`;
  return range.max === undefined ? "" : ` of at most ${range.max}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
