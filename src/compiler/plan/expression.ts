/**
 * The scalar-expression IR: what a kernel computes for one element, in prologues, epilogues and element-wise kernels.
 * Plain data, printed and assembled by the targets; `expression-interpreter.ts` says what it means.
 */

export type Expression =
  | { readonly op: "constant"; readonly value: number }
  | { readonly op: "input"; readonly index: number }
  | { readonly op: UnaryKind; readonly a: Expression }
  /** aᵖ for a ≥ 0. */
  | { readonly op: "power"; readonly a: Expression; readonly exponent: number }
  | { readonly op: BinaryKind; readonly a: Expression; readonly b: Expression }
  /** a where the condition is not 0, b elsewhere. */
  | { readonly op: "select"; readonly condition: Expression; readonly a: Expression; readonly b: Expression };

/** Named as the graph's operations, with the same meaning. */
export type UnaryKind =
  "neg" | "abs" | "sign" | "square" | "sqrt" | "exp" | "log" | "sigmoid" | "tanh" | "erf" | "softplus" | "relu";

export type BinaryKind = "add" | "sub" | "mul" | "div" | "max" | "min" | "greater";

/**
 * Which element of an input belongs to element (row, channel) of the output [rows, channels]; channels are the last axis.
 * - `same`: an input of the output's shape;
 * - `channel`: [channels];
 * - `row`: [rows], one number for all channels of a row;
 * - `group`: [rows, groups], one number for each of `groups` equal runs of channels;
 * - `sample`: [rows / rows of a sample, channels], the same vector for `rows` rows that follow each other;
 * - `scalar`: [1].
 */
export type Access =
  | { readonly kind: "same" }
  | { readonly kind: "channel" }
  | { readonly kind: "row" }
  | { readonly kind: "group"; readonly groups: number }
  | { readonly kind: "sample"; readonly rows: number }
  | { readonly kind: "scalar" };

const BINARY: ReadonlySet<string> = new Set<BinaryKind>(["add", "sub", "mul", "div", "max", "min", "greater"]);

export function isBinary(e: Expression): e is Extract<Expression, { op: BinaryKind }> {
  return BINARY.has(e.op);
}

type Operand = Expression | number;

function operand(value: Operand): Expression {
  return typeof value === "number" ? { op: "constant", value } : value;
}

const unary =
  (op: UnaryKind) =>
  (a: Operand): Expression => ({ op, a: operand(a) });
const binary =
  (op: BinaryKind) =>
  (a: Operand, b: Operand): Expression => ({ op, a: operand(a), b: operand(b) });

/** Constructors; plain numbers stand for constants. */
export const ex = {
  constant: (value: number): Expression => ({ op: "constant", value }),
  input: (index: number): Expression => ({ op: "input", index }),
  neg: unary("neg"),
  abs: unary("abs"),
  sign: unary("sign"),
  square: unary("square"),
  sqrt: unary("sqrt"),
  exp: unary("exp"),
  log: unary("log"),
  sigmoid: unary("sigmoid"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  softplus: unary("softplus"),
  relu: unary("relu"),
  power: (a: Operand, exponent: number): Expression => ({ op: "power", a: operand(a), exponent }),
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  max: binary("max"),
  min: binary("min"),
  greater: binary("greater"),
  select: (condition: Operand, a: Operand, b: Operand): Expression => ({
    op: "select",
    condition: operand(condition),
    a: operand(a),
    b: operand(b),
  }),
  /**
   * o · s with s = |o|/n for b = 2, o itself for b = 1, and (|o/n| + 1e-6)^(b−1) otherwise (the B-cos transform,
   * Böhle et al. 2024, with the stabiliser of its published implementation).
   */
  bcosScale(o: Operand, n: Operand, b: number): Expression {
    return b === 1 ? operand(o) : ex.mul(o, ex.bcosFactor(o, n, b));
  },
  /** The dynamic factor s of `bcosScale`. */
  bcosFactor(o: Operand, n: Operand, b: number): Expression {
    if (b === 1) return ex.constant(1);
    if (b === 2) return ex.div(ex.abs(o), n);
    return ex.power(ex.add(ex.abs(ex.div(o, n)), 1e-6), b - 1);
  },
} as const;

/** The operands of an expression, first to last. */
export function operandsOf(e: Expression): readonly Expression[] {
  if (e.op === "constant" || e.op === "input") return [];
  if (e.op === "select") return [e.condition, e.a, e.b];
  return isBinary(e) ? [e.a, e.b] : [e.a];
}

/** The same expression with every input replaced. */
export function substitute(e: Expression, replace: (index: number) => Expression): Expression {
  if (e.op === "constant") return e;
  if (e.op === "input") return replace(e.index);
  const a = substitute(e.a, replace);
  if (e.op === "select") {
    return { op: e.op, condition: substitute(e.condition, replace), a, b: substitute(e.b, replace) };
  }
  if (e.op === "power") return { op: e.op, a, exponent: e.exponent };
  return isBinary(e) ? { op: e.op, a, b: substitute(e.b, replace) } : { op: e.op, a };
}

/** One more than the highest input that is read; 0 where none is. */
export function inputCount(e: Expression): number {
  if (e.op === "input") return e.index + 1;
  return Math.max(0, ...operandsOf(e).map(inputCount));
}

/** Rough cost of one element in simple operations, for FLOP counts. */
export function costOf(e: Expression): number {
  const own: Partial<Record<Expression["op"], number>> = {
    constant: 0,
    input: 0,
    exp: 14,
    log: 20,
    sigmoid: 18,
    tanh: 30,
    erf: 36,
    softplus: 40,
    power: 36,
  };
  return operandsOf(e).reduce((sum, child) => sum + costOf(child), own[e.op] ?? 1);
}

/** `mul(in0, div(abs(in0), in1))`. */
export function printExpression(e: Expression): string {
  if (e.op === "constant") return Object.is(e.value, -0) ? "-0" : String(e.value);
  if (e.op === "input") return `in${e.index}`;
  const operands = operandsOf(e).map(printExpression);
  if (e.op === "power") operands.push(String(e.exponent));
  return `${e.op}(${operands.join(", ")})`;
}
