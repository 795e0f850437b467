/** One-line forms of `emit`, so that code that builds graphs reads like mathematics. All take the builder first. */
import type { GraphBuilder } from "./builder.ts";
import type { ConvAttributes, OpKind, Shape, ValueId, WindowAttributes } from "./graph.ts";
import { sameShape } from "./graph.ts";

type Builder = GraphBuilder;
type Unary = (b: Builder, x: ValueId) => ValueId;
type Binary = (b: Builder, x: ValueId, y: ValueId) => ValueId;
type PlainOp = { [K in OpKind]: K }[
  | ("neg" | "abs" | "sign" | "square" | "sqrt" | "exp" | "log" | "sigmoid" | "tanh" | "erf" | "softplus" | "relu")
  | ("add" | "sub" | "mul" | "div" | "max" | "min" | "greater" | "dynamic" | "unit_rows")];

const unary =
  (op: PlainOp): Unary =>
  (b, x) =>
    b.emit(op, [x], {});
const binary =
  (op: PlainOp): Binary =>
  (b, x, y) =>
    b.emit(op, [x, y], {});

// Leaves.
export const input = (b: Builder, name: string, shape: Shape): ValueId => b.emit("input", [], { name }, shape);
export const state = (b: Builder, path: string, shape: Shape): ValueId => b.emit("state", [], { path }, shape);
/** One number, of shape [], which broadcasts to anything. */
export const scalar = (b: Builder, value: number): ValueId => b.emit("constant", [], { values: [value] }, []);
/** All elements `value`. */
export const filled = (b: Builder, value: number, shape: Shape): ValueId =>
  b.emit("constant", [], { values: [value] }, shape);
/** One number an element, row-major. */
export const constant = (b: Builder, values: readonly number[], shape: Shape): ValueId =>
  b.emit("constant", [], { values }, shape);

// Element by element.
export const neg = unary("neg");
export const abs = unary("abs");
export const sign = unary("sign");
export const square = unary("square");
export const sqrt = unary("sqrt");
export const exp = unary("exp");
export const log = unary("log");
export const sigmoid = unary("sigmoid");
export const tanh = unary("tanh");
export const erf = unary("erf");
export const softplus = unary("softplus");
export const relu = unary("relu");
/** xᵖ for x ≥ 0. */
export const power = (b: Builder, x: ValueId, exponent: number): ValueId => b.emit("power", [x], { exponent });
export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const max = binary("max");
export const min = binary("min");
/** 1 where x > y, else 0. */
export const greater = binary("greater");
export const select = (b: Builder, condition: ValueId, x: ValueId, y: ValueId): ValueId =>
  b.emit("select", [condition, x, y], {});
/** x + v for a number v. */
export const plus = (b: Builder, x: ValueId, v: number): ValueId => add(b, x, scalar(b, v));
/** x · v for a number v. */
export const times = (b: Builder, x: ValueId, v: number): ValueId => mul(b, x, scalar(b, v));

// What explanations need to know.
export const dynamic = unary("dynamic");
/** x + c, where c is named as an amount that no explanation attributes to the input. */
export const shift = (b: Builder, name: string, x: ValueId, c: ValueId): ValueId => b.emit("shift", [x, c], { name });

// Reductions; the reduced axes stay, with length 1.
export const sum = (b: Builder, x: ValueId, axes: readonly number[]): ValueId => b.emit("reduce_sum", [x], { axes });
export const mean = (b: Builder, x: ValueId, axes: readonly number[]): ValueId => b.emit("reduce_mean", [x], { axes });
export const maximum = (b: Builder, x: ValueId, axes: readonly number[]): ValueId =>
  b.emit("reduce_max", [x], { axes });
/** Biased variance about the mean. */
export const variance = (b: Builder, x: ValueId, axes: readonly number[]): ValueId =>
  b.emit("reduce_variance", [x], { axes });
export const softmax = (b: Builder, x: ValueId, axis: number): ValueId => b.emit("softmax", [x], { axis });
export const logSoftmax = (b: Builder, x: ValueId, axis: number): ValueId => b.emit("log_softmax", [x], { axis });
/** Sum of all elements, of shape []. */
export const total = (b: Builder, x: ValueId): ValueId => reshape(b, sum(b, x, allAxes(b, x)), []);

/** 0, 1, … rank − 1. */
export function allAxes(b: Builder, x: ValueId): readonly number[] {
  return b.shapeOf(x).map((_, i) => i);
}

// Form.
/** The value itself where it already has the shape. */
export const reshape = (b: Builder, x: ValueId, shape: Shape): ValueId =>
  sameShape(b.shapeOf(x), shape) ? x : b.emit("reshape", [x], { shape });
/** The value itself where it already has the shape. */
export const broadcast = (b: Builder, x: ValueId, shape: Shape): ValueId =>
  sameShape(b.shapeOf(x), shape) ? x : b.emit("broadcast", [x], { shape });
export const transpose = (b: Builder, x: ValueId, permutation: readonly number[]): ValueId =>
  b.emit("transpose", [x], { permutation });
export const slice = (b: Builder, x: ValueId, start: Shape, size: Shape): ValueId =>
  b.emit("slice", [x], { start, size });
/** Zeros before and after each axis. */
export const pad = (b: Builder, x: ValueId, before: Shape, after: Shape): ValueId =>
  b.emit("pad", [x], { before, after });
export const concat = (b: Builder, values: readonly ValueId[], axis: number): ValueId =>
  b.emit("concat", values, { axis });
export const upsample = (b: Builder, x: ValueId, factor: readonly [number, number]): ValueId =>
  b.emit("upsample", [x], { factor });

// Products and windows.
export const matmul = (
  b: Builder,
  x: ValueId,
  y: ValueId,
  transposed: { readonly a?: boolean; readonly b?: boolean } = {},
): ValueId => b.emit("matmul", [x, y], { transposeA: transposed.a ?? false, transposeB: transposed.b ?? false });
export const conv2d = (b: Builder, x: ValueId, w: ValueId, conv: ConvAttributes): ValueId =>
  b.emit("conv2d", [x, w], conv);
export const windowSum = (b: Builder, x: ValueId, window: WindowAttributes): ValueId =>
  b.emit("window_sum", [x], window);
export const windowMax = (b: Builder, x: ValueId, window: WindowAttributes): ValueId =>
  b.emit("window_max", [x], window);

// B-cos.
/** Rows (all axes but the first) divided by their L2 norm. */
export const unitRows = unary("unit_rows");
/** √(Σ x² over the patch of the group + ε), [N,H,W,C] → [N,H',W',groups]. */
export const patchNorm = (
  b: Builder,
  x: ValueId,
  kernel: readonly [number, number],
  conv: ConvAttributes,
  epsilon: number,
): ValueId => b.emit("patch_norm", [x], { ...conv, kernel, epsilon });
/** ‖x‖ + ε over the last axis. */
export const rowNorm = (b: Builder, x: ValueId, epsilon: number): ValueId => b.emit("row_norm", [x], { epsilon });
/** o · |o/n|^(b−1), the factor dynamic. */
export const bcosScale = (b: Builder, o: ValueId, n: ValueId, exponent: number): ValueId =>
  b.emit("bcos_scale", [o, n], { b: exponent });

/** Sums `x` down to the smaller `shape` that had been broadcast to x's shape: the transpose of broadcasting. */
export function unbroadcast(b: Builder, x: ValueId, shape: Shape): ValueId {
  const from = b.shapeOf(x);
  if (sameShape(from, shape)) return x;
  const lead = from.length - shape.length;
  const axes = from.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(b, axes.length === 0 ? x : sum(b, x, axes), shape);
}
