/** What a scalar expression means, number by number: the twin of every target's rendering. */
import type { BinaryKind, Expression, UnaryKind } from "./expression.ts";
import { isBinary } from "./expression.ts";

export interface InterpretOptions {
  /** Round to float32 after every operation. Default: float64. */
  readonly float32?: boolean;
}

/** The value for one element; `inputs[i]` is the element that input `i` delivers. */
export function interpret(e: Expression, inputs: readonly number[], options: InterpretOptions = {}): number {
  const round = options.float32 === true ? Math.fround : (x: number): number => x;
  const walk = (node: Expression): number => round(apply(node));
  const apply = (node: Expression): number => {
    if (node.op === "constant") return node.value;
    if (node.op === "input") {
      const value = inputs[node.index];
      if (value === undefined) throw new Error(`the expression reads input ${node.index}, ${inputs.length} are given`);
      return value;
    }
    if (node.op === "select") return walk(node.condition) !== 0 ? walk(node.a) : walk(node.b);
    if (isBinary(node)) return applyBinary(node.op, walk(node.a), walk(node.b));
    const a = walk(node.a);
    return node.op === "power" ? Math.pow(a, node.exponent) : applyUnary(node.op, a);
  };
  return walk(e);
}

function applyBinary(op: BinaryKind, a: number, b: number): number {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return a / b;
    case "max":
      return Math.max(a, b);
    case "min":
      return Math.min(a, b);
    case "greater":
      return a > b ? 1 : 0;
    default:
      throw new Error(`no such operation: ${String(op satisfies never)}`);
  }
}

function applyUnary(op: UnaryKind, a: number): number {
  switch (op) {
    case "neg":
      return -a;
    case "abs":
      return Math.abs(a);
    case "sign":
      return a > 0 ? 1 : a < 0 ? -1 : a === 0 ? 0 : NaN;
    case "square":
      return a * a;
    case "sqrt":
      return Math.sqrt(a);
    case "exp":
      return Math.exp(a);
    case "log":
      return Math.log(a);
    case "sigmoid":
      return a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a));
    case "tanh":
      return Math.tanh(a);
    case "erf":
      return erf(a);
    case "softplus":
      return Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
    case "relu":
      return Math.max(a, 0);
    default:
      throw new Error(`no such operation: ${String(op satisfies never)}`);
  }
}

/**
 * The error function to about 1e-15. Below 3 its series 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, all terms of one sign;
 * above the continued fraction of erfc (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (t > 6) return Math.sign(x);
  if (t < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (t + fraction);
  const complement = Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction);
  return Math.sign(x) * (1 - complement);
}
