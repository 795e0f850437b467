/** Scalar expressions as code on four lanes. */
import { isBinary, operandsOf, printExpression, type Expression } from "../../plan/expression.ts";
import type { FunctionBuilder } from "./assembler.ts";
import * as math from "./math.ts";
import { f32x4, v128, type V128 } from "./values.ts";

/**
 * Writes the code of some expressions on the same element. `input(i)` gives the four lanes of input `i`; it is asked
 * once an input. Equal parts are computed once. The values returned may be read any number of times.
 */
export function emitExpressions(
  f: FunctionBuilder,
  expressions: readonly Expression[],
  input: (index: number) => V128,
): V128[] {
  const known = new Map<string, V128>();
  const walk = (e: Expression): V128 => {
    if (e.op === "constant") return f32x4.splat(e.value);
    const key = printExpression(e);
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const value = f.let("value", e.op === "input" ? input(e.index) : apply(f, e, operandsOf(e).map(walk)));
    known.set(key, value);
    return value;
  };
  return expressions.map(walk);
}

function apply(
  f: FunctionBuilder,
  e: Exclude<Expression, { op: "constant" | "input" }>,
  operands: readonly V128[],
): V128 {
  const [a, b, c] = operands as [V128, V128, V128];
  if (isBinary(e)) {
    switch (e.op) {
      case "add":
        return f32x4.add(a, b);
      case "sub":
        return f32x4.sub(a, b);
      case "mul":
        return f32x4.mul(a, b);
      case "div":
        return f32x4.div(a, b);
      case "max":
        return f32x4.max(a, b);
      case "min":
        return f32x4.min(a, b);
      case "greater":
        return v128.and(f32x4.gt(a, b), f32x4.splat(1));
      default:
        throw new Error(`no such operation: ${String(e satisfies never)}`);
    }
  }
  switch (e.op) {
    case "neg":
      return f32x4.neg(a);
    case "abs":
      return f32x4.abs(a);
    case "sign":
      return math.sign(f, a);
    case "square":
      return f32x4.mul(a, a);
    case "sqrt":
      return f32x4.sqrt(a);
    case "exp":
      return math.exp(f, a);
    case "log":
      return math.log(f, a);
    case "sigmoid":
      return math.sigmoid(f, a);
    case "tanh":
      return math.tanh(f, a);
    case "erf":
      return math.erf(f, a);
    case "softplus":
      return math.softplus(f, a);
    case "relu":
      return f32x4.pmax(a, f32x4.splat(0));
    case "power":
      return math.power(f, a, e.exponent);
    case "select":
      return v128.bitselect(b, c, f32x4.ne(a, f32x4.splat(0)));
    default:
      throw new Error(`no such operation: ${String(e satisfies never)}`);
  }
}
