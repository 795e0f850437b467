/**
 * Values of compile-time expressions. Types are checked before (`infer-types.ts`), so that only what depends on values
 * is reported here: division by zero, rounding, overflow, roots of negative numbers. `undefined` is an unknown value: it
 * comes from a part that has its error already, and whatever contains it is unknown as well.
 */
import type { Code, Details, Params } from "../../diagnostics/catalogue.ts";
import type { Fix, Span } from "../../diagnostics/diagnostic.ts";
import type { BinaryOperator, Expression } from "../syntax/ast.ts";
import type { Constant } from "./constants.ts";

/** Values of the names that expressions can see: parameters, dimension symbols, `index`. */
export type Environment = ReadonlyMap<string, Constant | undefined>;

export interface EvaluationContext {
  /** Parts of the tree that have their error already. */
  readonly faulty: ReadonlySet<object>;
  report<C extends Code>(span: Span, code: C, params: Params<C>, details?: Details): void;
}

type Numeric = { readonly kind: "int" | "float"; readonly value: number };

export function evaluate(
  context: EvaluationContext,
  environment: Environment,
  expression: Expression,
): Constant | undefined {
  if (context.faulty.has(expression)) return undefined;
  switch (expression.kind) {
    case "int":
      return checked(context, expression.span, { kind: "int", value: expression.value });
    case "float":
      return checked(context, expression.span, { kind: "float", value: expression.value });
    case "bool":
      return { kind: "bool", value: expression.value };
    case "name":
      // What is no name of the scope is a value of an enum: the types were checked.
      if (environment.has(expression.name)) return environment.get(expression.name);
      return { kind: "name", value: expression.name };
    case "list": {
      const items = evaluateAll(context, environment, expression.items);
      return items && { kind: "list", items };
    }
    case "unary": {
      const operand = evaluate(context, environment, expression.operand);
      if (operand?.kind === "bool") return { kind: "bool", value: !operand.value };
      // 0 - x, so that the negative of zero is zero.
      return isNumeric(operand) ? { kind: operand.kind, value: 0 - operand.value } : undefined;
    }
    case "binary":
      return evaluateBinary(context, environment, expression);
    case "call": {
      const name = expression.callee.text;
      const items = allKnown(
        expression.arguments.map((argument) =>
          name === "ceil" || name === "floor"
            ? evaluateRounded(context, environment, name, argument)
            : evaluate(context, environment, argument),
        ),
      );
      if (items === undefined) return undefined;
      if (!isFunction(name)) return { kind: "variant", name, items };
      return items.every(isNumeric) ? evaluateFunction(context, expression.span, name, items) : undefined;
    }
    case "missing":
      return undefined;
    default:
      return expression satisfies never;
  }
}

function evaluateAll(
  context: EvaluationContext,
  environment: Environment,
  expressions: readonly Expression[],
): readonly Constant[] | undefined {
  return allKnown(expressions.map((expression) => evaluate(context, environment, expression)));
}

function allKnown(values: readonly (Constant | undefined)[]): readonly Constant[] | undefined {
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** What `ceil` or `floor` rounds: the quotient of two ints right inside is rounded as the function says. */
function evaluateRounded(
  context: EvaluationContext,
  environment: Environment,
  rounding: Rounding,
  argument: Expression,
): Constant | undefined {
  if (context.faulty.has(argument) || argument.kind !== "binary") return evaluate(context, environment, argument);
  return evaluateBinary(context, environment, argument, rounding);
}

type Rounding = "ceil" | "floor";

function evaluateBinary(
  context: EvaluationContext,
  environment: Environment,
  expression: Expression & { readonly kind: "binary" },
  rounding?: Rounding,
): Constant | undefined {
  const { operator } = expression;
  const left = evaluate(context, environment, expression.left);
  if (operator === "and" || operator === "or") {
    if (left?.kind !== "bool") return undefined;
    // The right side is looked at only where it decides, so that `C > 0 and 64 / C == 2` is safe.
    if (left.value === (operator === "or")) return left;
    const right = evaluate(context, environment, expression.right);
    return right?.kind === "bool" ? right : undefined;
  }
  const right = evaluate(context, environment, expression.right);
  if (left === undefined || right === undefined) return undefined;
  if (isNumeric(left) && isNumeric(right)) {
    return combine(context, expression.span, operator, left, right, rounding);
  }
  const comparable = (left.kind === "bool" && right.kind === "bool") || (left.kind === "name" && right.kind === "name");
  if (!comparable || (operator !== "==" && operator !== "!=")) return undefined;
  return { kind: "bool", value: (left.value === right.value) === (operator === "==") };
}

function combine(
  context: EvaluationContext,
  span: Span,
  operator: Exclude<BinaryOperator, "and" | "or">,
  left: Numeric,
  right: Numeric,
  rounding: Rounding | undefined,
): Constant | undefined {
  const [a, b] = [left.value, right.value];
  const kind = left.kind === "int" && right.kind === "int" ? "int" : "float";
  switch (operator) {
    case "+":
      return checked(context, span, { kind, value: a + b });
    case "-":
      return checked(context, span, { kind, value: a - b });
    case "*":
      return checked(context, span, { kind, value: a * b });
    case "/":
    case "%": {
      if (b === 0) {
        context.report(span, "type/division-by-zero", {});
        return undefined;
      }
      if (operator === "%") return checked(context, span, { kind, value: a - b * Math.floor(a / b) });
      if (kind === "float") return checked(context, span, { kind, value: a / b });
      const result = rounding === "ceil" ? Math.ceil(a / b) : Math.floor(a / b);
      if (rounding === undefined && result * b !== a)
        context.report(span, "type/inexact-division", { left: a, right: b, result }, { fixes: roundings(span) });
      return checked(context, span, { kind, value: result });
    }
    case "==":
      return { kind: "bool", value: a === b };
    case "!=":
      return { kind: "bool", value: a !== b };
    case "<":
      return { kind: "bool", value: a < b };
    case "<=":
      return { kind: "bool", value: a <= b };
    case ">":
      return { kind: "bool", value: a > b };
    case ">=":
      return { kind: "bool", value: a >= b };
    default:
      return operator satisfies never;
  }
}

export const functionNames = ["min", "max", "ceil", "floor", "sqrt", "ln"] as const;
export type FunctionName = (typeof functionNames)[number];

export function isFunction(name: string): name is FunctionName {
  return (functionNames as readonly string[]).includes(name);
}

function evaluateFunction(
  context: EvaluationContext,
  span: Span,
  name: FunctionName,
  args: readonly Numeric[],
): Constant | undefined {
  const values = args.map((arg) => arg.value);
  const x = values[0] ?? NaN;
  switch (name) {
    case "min":
    case "max": {
      const kind = args.every((arg) => arg.kind === "int") ? "int" : "float";
      return { kind, value: values.reduce((a, b) => (name === "min" ? Math.min(a, b) : Math.max(a, b))) };
    }
    case "ceil":
      return checked(context, span, { kind: "int", value: Math.ceil(x) });
    case "floor":
      return checked(context, span, { kind: "int", value: Math.floor(x) });
    case "sqrt":
    case "ln":
      if (name === "sqrt" ? x < 0 : x <= 0) {
        context.report(span, "type/undefined-result", { name, found: x });
        return undefined;
      }
      return { kind: "float", value: name === "sqrt" ? Math.sqrt(x) : Math.log(x) };
    default:
      return name satisfies never;
  }
}

/** To say which rounding is meant: down, as it is without saying so, or up. */
function roundings(span: Span): Fix[] {
  return ["floor", "ceil"].map((name) => ({
    title: `round with \`${name}\``,
    isChoice: true,
    edits: [
      { span: { ...span, end: span.start }, text: `${name}(` },
      { span: { ...span, start: span.end }, text: ")" },
    ],
  }));
}

/** The number, or a report where it is beyond what its kind holds exactly (int) or at all (float). */
function checked(context: EvaluationContext, span: Span, number: Numeric): Constant | undefined {
  const fits = number.kind === "int" ? Number.isSafeInteger(number.value) : Number.isFinite(number.value);
  // Adding 0 turns a negative zero into a zero.
  if (fits) return { kind: number.kind, value: number.value + 0 };
  context.report(span, "type/overflow", {});
  return undefined;
}

function isNumeric(constant: Constant | undefined): constant is Numeric {
  return constant?.kind === "int" || constant?.kind === "float";
}
