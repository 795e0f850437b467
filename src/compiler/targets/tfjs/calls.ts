/** One-line forms of `call`, so that lowerings read like mathematics. All take the builder first. */
import type { Shape } from "../../../shape.ts";
import type { TfjsConvolution, TfjsPool } from "./call.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";

type Builder = CallBuilder;
type Unary = (b: Builder, x: CallValue) => CallValue;
type Binary = (b: Builder, x: CallValue, y: CallValue) => CallValue;

const unary =
  (op: "abs" | "square" | "sqrt" | "rsqrt" | "reciprocal" | "exp" | "log" | "step" | "softmax"): Unary =>
  (b, x) =>
    b.call(op, [x], {});
const binary =
  (op: "add" | "sub" | "mul" | "maximum" | "pow" | "greater"): Binary =>
  (b, x, y) =>
    b.call(op, [x, y], {});

/** One number, of shape []. */
export const number = (b: Builder, value: number): CallValue => b.leaf({ kind: "constant", values: [value] }, []);
/** All elements `value`. */
export const filled = (b: Builder, value: number, shape: Shape): CallValue =>
  b.leaf({ kind: "constant", values: [value] }, shape);
/** One number an element, row-major. */
export const constant = (b: Builder, values: readonly number[], shape: Shape): CallValue =>
  b.leaf({ kind: "constant", values }, shape);

export const abs = unary("abs");
export const square = unary("square");
export const sqrt = unary("sqrt");
export const rsqrt = unary("rsqrt");
export const reciprocal = unary("reciprocal");
export const exp = unary("exp");
export const log = unary("log");
export const step = unary("step");
/** Along the last axis. */
export const softmax = unary("softmax");
export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const maximum = binary("maximum");
export const pow = binary("pow");
export const greater = binary("greater");
/** x · v for a number v. */
export const times = (b: Builder, x: CallValue, v: number): CallValue => mul(b, x, number(b, v));

export const reshape = (b: Builder, x: CallValue, shape: Shape): CallValue => b.call("reshape", [x], { shape });
export const transpose = (b: Builder, x: CallValue, permutation: readonly number[]): CallValue =>
  b.call("transpose", [x], { permutation });
export const concat = (b: Builder, values: readonly CallValue[], axis: number): CallValue =>
  b.call("concat", values, { axis });
export const slice = (b: Builder, x: CallValue, start: Shape, size: Shape): CallValue =>
  b.call("slice", [x], { start, size });
export const pad = (b: Builder, x: CallValue, before: Shape, after: Shape, value = 0): CallValue =>
  b.call("pad", [x], { before, after, value });

export const matMul = (
  b: Builder,
  x: CallValue,
  y: CallValue,
  transposed: { readonly a?: boolean; readonly b?: boolean } = {},
): CallValue =>
  b.call("matMul", [x, y], {
    transposeA: transposed.a ?? false,
    transposeB: transposed.b ?? false,
    ...{ bias: false, activation: "linear" },
  });
export const conv2d = (b: Builder, x: CallValue, w: CallValue, convolution: TfjsConvolution): CallValue =>
  b.call("conv2d", [x, w], { ...convolution, bias: false, activation: "linear" });
export const depthwiseConv2d = (b: Builder, x: CallValue, w: CallValue, convolution: TfjsConvolution): CallValue =>
  b.call("depthwiseConv2d", [x, w], convolution);
export const avgPool = (b: Builder, x: CallValue, pool: TfjsPool): CallValue => b.call("avgPool", [x], pool);
export const maxPool = (b: Builder, x: CallValue, pool: TfjsPool): CallValue => b.call("maxPool", [x], pool);
