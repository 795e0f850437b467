/**
 * Types and names in compile-time expressions, without values: this also checks the branches of `if` that are not taken
 * and blocks that nothing uses. Every part with an error goes into `faulty`; its value is unknown from then on.
 */
import type { Span } from "../../diagnostics/diagnostic.ts";
import type { ArgumentType } from "../layers/layer.ts";
import type { Expression } from "../syntax/ast.ts";
import { functionNames, isFunction, type FunctionName } from "./evaluate-expression.ts";
import { wholeNumberFixes } from "./fixes.ts";
import { didYouMean, type Report } from "./report.ts";
import {
  accepts,
  describeArgument,
  describeStatic,
  describeVariant,
  namesOf,
  unknownType,
  type StaticType,
} from "./types.ts";

/** What the names in an expression mean. */
export interface ExpressionScope {
  /** The type of a parameter, dimension symbol or `index`. Counts as a use. */
  typeOf(name: string, span: Span): StaticType | undefined;
  names(): Iterable<string>;
  /** Says why a name that has no value is no number, where the name is known for something else, e.g. `a tensor`. */
  otherMeaning(name: string): string | undefined;
  /** Whether a syntax error may have destroyed the place that gives a name. */
  readonly isDamaged: boolean;
}

export interface InferenceContext {
  readonly report: Report;
  readonly faulty: Set<object>;
  /** Unknown names that have their error: one is enough, however often the name is used. */
  readonly unknownNames: Set<string>;
}

/** The type of an expression that stands where no enum value can. */
export function inferType(context: InferenceContext, scope: ExpressionScope, expression: Expression): StaticType {
  switch (expression.kind) {
    case "int":
    case "float":
    case "bool":
      return { kind: expression.kind };
    case "name":
      return scope.typeOf(expression.name, expression.span) ?? unknownName(context, scope, expression);
    case "list":
      return { kind: "list", items: expression.items.map((item) => inferType(context, scope, item)) };
    case "unary": {
      const operand = inferType(context, scope, expression.operand);
      const fits = expression.operator === "not" ? operand.kind === "bool" : isNumber(operand);
      if (fits || operand.kind === "unknown") return operand;
      const expected = expression.operator === "not" ? "true or false" : "a number";
      return operandFault(context, expression.operand, expression.operator, expected, operand);
    }
    case "binary":
      return inferBinary(context, scope, expression);
    case "call":
      return inferCall(context, scope, expression);
    case "missing":
      return unknownType;
    default:
      return expression satisfies never;
  }
}

/** Checks that an expression can be the argument `name`; there, bare names may be values of the argument's enum. */
export function checkArgument(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression,
  name: string,
  type: ArgumentType,
): void {
  if (type.kind === "enum" || type.kind === "padding" || type.kind === "auto_float" || type.kind === "variant") {
    if (expression.kind === "name" && scope.typeOf(expression.name, expression.span) === undefined) {
      return checkEnumValue(context, scope, expression, name, type);
    }
    if (type.kind === "variant" && expression.kind === "call") {
      return checkVariant(context, scope, expression, name, type.variants);
    }
  }
  const found = inferType(context, scope, expression);
  if (accepts(type, found)) return;
  context.faulty.add(expression);
  const params = { name, expected: describeArgument(type), found: describeStatic(found) };
  const fixes = accepts(type, { kind: "int" }) ? wholeNumberFixes(expression) : [];
  context.report.at(expression.span, "type/argument", params, { fixes });
}

export function checkCondition(context: InferenceContext, scope: ExpressionScope, expression: Expression): void {
  const found = inferType(context, scope, expression);
  if (found.kind === "bool" || found.kind === "unknown") return;
  context.faulty.add(expression);
  context.report.at(expression.span, "type/condition", { found: describeStatic(found) });
}

export function checkRepeatCount(context: InferenceContext, scope: ExpressionScope, expression: Expression): void {
  const found = inferType(context, scope, expression);
  if (found.kind === "int" || found.kind === "unknown") return;
  context.faulty.add(expression);
  const fixes = wholeNumberFixes(expression);
  context.report.at(expression.span, "type/repeat-count", { found: describeStatic(found) }, { fixes });
}

export function checkDimension(context: InferenceContext, scope: ExpressionScope, expression: Expression): void {
  const found = inferType(context, scope, expression);
  if (found.kind === "int" || found.kind === "unknown") return;
  context.faulty.add(expression);
  const fixes = wholeNumberFixes(expression);
  context.report.at(expression.span, "type/dimension", { found: describeStatic(found) }, { fixes });
}

function checkEnumValue(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression & { readonly kind: "name" },
  name: string,
  type: ArgumentType,
): void {
  const values = namesOf(type);
  if (!values.includes(expression.name)) {
    context.faulty.add(expression);
    const params = { what: `value of \`${name}\``, name: expression.name };
    const near = didYouMean(context.report, expression.span, expression.name, [...values, ...scope.names()]);
    const hints = [...(near.hints ?? []), `\`${name}\` takes ${describeArgument(type)}`];
    context.report.at(expression.span, "name/unknown", params, { ...near, hints });
  } else if (type.kind === "variant" && type.variants[expression.name]!.length > 0) {
    context.faulty.add(expression);
    const takes = describeVariant(expression.name, type.variants[expression.name]!);
    context.report.at(expression.span, "type/variant-arguments", {
      name: expression.name,
      takes,
      found: "without arguments",
    });
  }
}

function checkVariant(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression & { readonly kind: "call" },
  name: string,
  variants: Readonly<Record<string, readonly ("int" | "float" | "list")[]>>,
): void {
  const { callee } = expression;
  if (!Object.hasOwn(variants, callee.text)) {
    context.faulty.add(expression);
    const near = didYouMean(context.report, callee.span, callee.text, Object.keys(variants));
    const hints = [...(near.hints ?? []), `\`${name}\` takes ${describeArgument({ kind: "variant", variants })}`];
    context.report.at(
      callee.span,
      "name/unknown",
      { what: `value of \`${name}\``, name: callee.text },
      { ...near, hints },
    );
    return;
  }
  const kinds = variants[callee.text]!;
  const found = expression.arguments.map((argument) => inferType(context, scope, argument));
  const fits = found.every((type, i) => type.kind === "unknown" || acceptsVariantItem(kinds[i], type));
  if (found.length === kinds.length && fits) return;
  context.faulty.add(expression);
  context.report.at(expression.span, "type/variant-arguments", {
    name: callee.text,
    takes: describeVariant(callee.text, kinds),
    found: found.length === kinds.length ? `with ${found.map(describeStatic).join(", ")}` : `with ${found.length}`,
  });
}

function acceptsVariantItem(kind: "int" | "float" | "list" | undefined, type: StaticType): boolean {
  if (kind === undefined) return false;
  if (kind !== "list") return accepts({ kind }, type);
  return type.kind === "list" && type.items.every((item) => isNumber(item) || item.kind === "unknown");
}

function inferBinary(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression & { readonly kind: "binary" },
): StaticType {
  const { operator } = expression;
  if (operator === "==" || operator === "!=") return inferEquality(context, scope, expression);
  const left = inferType(context, scope, expression.left);
  const right = inferType(context, scope, expression.right);
  const logical = operator === "and" || operator === "or";
  for (const [side, type] of [
    [expression.left, left],
    [expression.right, right],
  ] as const) {
    if (type.kind === "unknown" || (logical ? type.kind === "bool" : isNumber(type))) continue;
    operandFault(context, side, operator, logical ? "true or false on both sides" : "numbers", type);
    context.faulty.add(expression);
    return unknownType;
  }
  if (logical || ["<", "<=", ">", ">="].includes(operator)) return { kind: "bool" };
  if (left.kind === "unknown" || right.kind === "unknown") return unknownType;
  return { kind: left.kind === "int" && right.kind === "int" ? "int" : "float" };
}

/** `==` and `!=` also compare an enum parameter with one of its values: `kind == batch`. */
function inferEquality(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression & { readonly kind: "binary" },
): StaticType {
  const { left, right, operator } = expression;
  for (const [parameter, value] of [
    [left, right],
    [right, left],
  ] as const) {
    if (parameter.kind !== "name" || value.kind !== "name") continue;
    const type = scope.typeOf(parameter.name, parameter.span);
    if (type?.kind !== "enum" || scope.typeOf(value.name, value.span) !== undefined) continue;
    checkEnumValue(context, scope, value, parameter.name, type);
    return { kind: "bool" };
  }
  const leftType = inferType(context, scope, left);
  const rightType = inferType(context, scope, right);
  const unknown = leftType.kind === "unknown" || rightType.kind === "unknown";
  const comparable =
    (isNumber(leftType) && isNumber(rightType)) ||
    (leftType.kind === "bool" && rightType.kind === "bool") ||
    (leftType.kind === "enum" && rightType.kind === "enum");
  if (!unknown && !comparable) {
    context.faulty.add(expression);
    const params = { operator, left: describeStatic(leftType), right: describeStatic(rightType) };
    context.report.at(expression.span, "type/compare", params);
  }
  return { kind: "bool" };
}

function inferCall(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression & { readonly kind: "call" },
): StaticType {
  const { callee } = expression;
  const found = expression.arguments.map((argument) => inferType(context, scope, argument));
  if (!isFunction(callee.text)) {
    context.faulty.add(expression);
    const details = didYouMean(context.report, callee.span, callee.text, functionNames);
    context.report.at(callee.span, "name/unknown", { what: "function", name: callee.text }, details);
    return unknownType;
  }
  const many = callee.text === "min" || callee.text === "max";
  if (many ? found.length === 0 : found.length !== 1) {
    context.faulty.add(expression);
    const params = { name: callee.text, takes: many ? "one or more numbers" : "one number", found: found.length };
    context.report.at(expression.span, "type/function-arguments", params);
    return resultOf(callee.text, []);
  }
  for (const [i, type] of found.entries()) {
    if (type.kind === "unknown" || isNumber(type)) continue;
    context.faulty.add(expression);
    operandFault(context, expression.arguments[i]!, callee.text, "numbers", type);
  }
  return resultOf(callee.text, found);
}

function resultOf(name: FunctionName, found: readonly StaticType[]): StaticType {
  if (name === "sqrt" || name === "ln") return { kind: "float" };
  if (name === "ceil" || name === "floor") return { kind: "int" };
  if (found.length === 0 || !found.every(isNumber)) return unknownType;
  return { kind: found.every((type) => type.kind === "int") ? "int" : "float" };
}

function unknownName(
  context: InferenceContext,
  scope: ExpressionScope,
  expression: Expression & { readonly kind: "name" },
): StaticType {
  context.faulty.add(expression);
  const { name, span } = expression;
  if (scope.isDamaged || context.unknownNames.has(name)) return unknownType;
  context.unknownNames.add(name);
  const meaning = scope.otherMeaning(name);
  if (meaning !== undefined) {
    const params = { name, found: meaning, expected: "a parameter or a dimension" };
    context.report.at(span, "name/wrong-kind", params);
  } else {
    const details = didYouMean(context.report, span, name, scope.names());
    context.report.at(span, "name/unknown", { what: "parameter or dimension", name }, details);
  }
  return unknownType;
}

function operandFault(
  context: InferenceContext,
  operand: Expression,
  operator: string,
  expected: string,
  found: StaticType,
): StaticType {
  context.faulty.add(operand);
  context.report.at(operand.span, "type/operand", { operator, expected, found: describeStatic(found) });
  return unknownType;
}

function isNumber(type: StaticType): boolean {
  return type.kind === "int" || type.kind === "float";
}
