/** Values of compile-time expressions, and their conversion to the values that layers take. */
import type { ArgumentType, ArgumentValue } from "../layers/layer.ts";

/** A whole number and a float that happens to be whole are different: `/` rounds the first and not the second. */
export type Constant =
  | { readonly kind: "int" | "float"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  /** A value of an enum. */
  | { readonly kind: "name"; readonly value: string }
  | { readonly kind: "list"; readonly items: readonly Constant[] }
  | { readonly kind: "variant"; readonly name: string; readonly items: readonly Constant[] };

export function describeConstant(constant: Constant): string {
  switch (constant.kind) {
    case "int":
    case "float":
    case "bool":
      return String(constant.value);
    case "name":
      return `\`${constant.value}\``;
    case "list":
      return `[${constant.items.map(describeConstant).join(", ")}]`;
    case "variant":
      return `${constant.name}(${constant.items.map(describeConstant).join(", ")})`;
    default:
      return constant satisfies never;
  }
}

/** The value of an argument; `undefined` where the constant does not fit the type or its range. */
export function toArgument(type: ArgumentType, constant: Constant): ArgumentValue | undefined {
  switch (type.kind) {
    case "int":
      return constant.kind === "int" && inRange(type, constant.value) ? constant.value : undefined;
    case "float":
      return isNumber(constant) && inRange(type, constant.value) ? constant.value : undefined;
    case "bool":
      return constant.kind === "bool" ? constant.value : undefined;
    case "enum":
      return constant.kind === "name" && type.values.includes(constant.value) ? constant.value : undefined;
    case "pair":
      return toPair(constant, type.min);
    case "padding":
      if (constant.kind !== "name") return toPair(constant, 0);
      if (constant.value === "valid") return [0, 0];
      return constant.value === "same" ? "same" : undefined;
    case "auto_float":
      if (constant.kind === "name") return constant.value === "auto" ? "auto" : undefined;
      return isNumber(constant) ? constant.value : undefined;
    case "variant":
      return toVariant(type.variants, constant);
    default:
      return type satisfies never;
  }
}

/** The constant that stands for a converted argument of a block: what its parameter's name means inside. */
export function toConstant(type: ArgumentType, value: number | boolean | string): Constant | undefined {
  switch (type.kind) {
    case "int":
      return typeof value === "number" && Number.isSafeInteger(value) ? { kind: "int", value } : undefined;
    case "float":
      return typeof value === "number" && Number.isFinite(value) ? { kind: "float", value } : undefined;
    case "bool":
      return typeof value === "boolean" ? { kind: "bool", value } : undefined;
    case "enum":
      return typeof value === "string" && type.values.includes(value) ? { kind: "name", value } : undefined;
    default:
      return undefined;
  }
}

function isNumber(constant: Constant): constant is { kind: "int" | "float"; value: number } {
  return constant.kind === "int" || constant.kind === "float";
}

function inRange(range: { readonly min?: number; readonly max?: number }, value: number): boolean {
  return value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity);
}

function toPair(constant: Constant, min: number | undefined): readonly number[] | undefined {
  const items = constant.kind === "list" ? constant.items : [constant, constant];
  if (items.length !== 2) return undefined;
  const values = items.map((item) => (item.kind === "int" && item.value >= (min ?? -Infinity) ? item.value : NaN));
  return values.some(Number.isNaN) ? undefined : values;
}

function toVariant(
  variants: Readonly<Record<string, readonly ("int" | "float" | "list")[]>>,
  constant: Constant,
): ArgumentValue | undefined {
  if (constant.kind !== "name" && constant.kind !== "variant") return undefined;
  const name = constant.kind === "name" ? constant.value : constant.name;
  const items = constant.kind === "name" ? [] : constant.items;
  if (!Object.hasOwn(variants, name) || variants[name]!.length !== items.length) return undefined;
  const args: (number | readonly number[])[] = [];
  for (const [i, kind] of variants[name]!.entries()) {
    const value = kind === "list" ? toNumbers(items[i]!) : toNumber(kind, items[i]!);
    if (value === undefined) return undefined;
    args.push(value);
  }
  return { variant: name, args };
}

function toNumber(kind: "int" | "float", constant: Constant): number | undefined {
  return isNumber(constant) && (kind === "float" || constant.kind === "int") ? constant.value : undefined;
}

function toNumbers(constant: Constant): readonly number[] | undefined {
  if (constant.kind !== "list") return undefined;
  const values = constant.items.map((item) => (isNumber(item) ? item.value : NaN));
  return values.some(Number.isNaN) ? undefined : values;
}
