/** How the editor services write types, values, numbers and signatures. */
import type { Constant } from "../../compiler/check/constants.ts";
import { shapeText } from "../../compiler/check/shapes.ts";
import type { ArgumentType, ArgumentValue, LayerDefinition, LayerParameter } from "../../compiler/layers/layer.ts";
import { scaled } from "../../compiler/scaled.ts";
import type { Declaration, Parameter } from "../../compiler/syntax/ast.ts";

/** `int`, `int | [int, int]`, `keep | drop`, `none | group(int)`. */
export function typeText(type: ArgumentType): string {
  switch (type.kind) {
    case "int":
    case "float":
    case "bool":
      return type.kind;
    case "enum":
      return type.values.join(" | ");
    case "pair":
      return "int | [int, int]";
    case "padding":
      return "same | valid | int | [int, int]";
    case "auto_float":
      return "auto | float";
    case "variant":
      return Object.entries(type.variants)
        .map(([name, args]) => (args.length === 0 ? name : `${name}(${args.join(", ")})`))
        .join(" | ");
    default:
      return type satisfies never;
  }
}

/** As the language writes it; a pair of equal numbers is one. */
export function valueText(value: ArgumentValue): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value !== "object") return String(value);
  if (!("variant" in value)) return new Set(value).size === 1 ? numberText(value[0]!) : listText(value);
  const args = value.args.map((arg) => (typeof arg === "number" ? numberText(arg) : listText(arg)));
  return args.length === 0 ? value.variant : `${value.variant}(${args.join(", ")})`;
}

/** `undefined` for an unknown one. */
export function constantText(constant: Constant | undefined): string | undefined {
  if (constant === undefined) return undefined;
  switch (constant.kind) {
    case "int":
    case "float":
      return numberText(constant.value);
    case "bool":
    case "name":
      return String(constant.value);
    case "list":
      return `[${constant.items.map(constantText).join(", ")}]`;
    case "variant":
      return `${constant.name}(${constant.items.map(constantText).join(", ")})`;
    default:
      return constant satisfies never;
  }
}

function numberText(value: number): string {
  return String(Number(value.toPrecision(7)));
}

function listText(values: readonly number[]): string {
  return `[${values.map(numberText).join(", ")}]`;
}

export { shapeText };

/** `18,816 parameters`, `1 parameter`: as exact as `bcosc inspect`. */
export function exactCount(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** `21.8 M parameters`, `960 parameters`. */
export function scaledCount(count: number, noun: string): string {
  return `${scaled(count).trimEnd()} ${noun}${count === 1 ? "" : "s"}`;
}

/** `conv(width: int, kernel: int | [int, int], …)`, over several lines where one is too long. */
export function layerSignature({ name, parameters }: LayerDefinition): string {
  return signature(name, parameters.map(layerParameterText));
}

export function layerParameterText({ name, type, default: value, required }: LayerParameter): string {
  if (required) return `${name}: ${typeText(type)}`;
  return value === undefined ? `${name}?: ${typeText(type)}` : `${name}: ${typeText(type)} = ${valueText(value)}`;
}

/** `block BasicBlock(width: int, stride: int = 1)`, with its input and output. */
export function declarationSignature({ kind, name, parameters, inputs, outputs }: Declaration, text: string): string {
  const ports = [...inputs, ...outputs].map(({ span }) => `  ${text.slice(span.start, span.end).replace(/\s+/g, " ")}`);
  const head = signature(
    `${kind} ${name.text}`,
    parameters.map((parameter) => parameterText(parameter, text)),
  );
  return [head, ...ports].join("\n");
}

/** `stride: int = 1`, as it is written. */
export function parameterText({ span }: Parameter, text: string): string {
  return text.slice(span.start, span.end).replace(/\s+/g, " ");
}

const widest = 90;

function signature(head: string, parameters: readonly string[]): string {
  if (parameters.length === 0) return head;
  const line = `${head}(${parameters.join(", ")})`;
  return line.length <= widest ? line : `${head}(\n${parameters.map((parameter) => `  ${parameter},\n`).join("")})`;
}
