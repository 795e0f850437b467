/**
 * Computes calls on numbers that are known when a model is exported: its weights and what is made of them. Each element
 * is computed in float64 and rounded to float32, as all values are. Products and windows are not among them.
 */
import { sizeOf, stridesOf, type Shape } from "../../../../shape.ts";
import type { TfjsCall, TfjsCallOf, TfjsOp } from "../call.ts";

export interface Known {
  readonly shape: Shape;
  /** Row-major. May be that of another value with the same elements. */
  readonly data: Float32Array;
}

const UNARY: { readonly [K in TfjsOp]?: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => (x < 0 ? 0 : x),
  step: (x) => (x > 0 ? 1 : 0),
};

const BINARY: { readonly [K in TfjsOp]?: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  maximum: Math.max,
  minimum: Math.min,
  pow: (x, y) => x ** y,
  greater: (x, y) => (x > y ? 1 : 0),
  equal: (x, y) => (x === y ? 1 : 0),
};

/** Which elements of a tensor make those of another one: element i of the latter is that at offset + Σ index · stride. */
interface View {
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/** Whether it computes element by element, with inputs that broadcast. */
export function isElementwise({ op }: TfjsCall): boolean {
  return UNARY[op] !== undefined || BINARY[op] !== undefined || op === "erf" || op === "where";
}

/** Whether `evaluateCall` computes it. */
export function canEvaluate({ op }: TfjsCall): boolean {
  return UNARY[op] !== undefined || BINARY[op] !== undefined || OTHERS[op] !== undefined;
}

/** The call's value. Throws for what `canEvaluate` excludes. */
export function evaluateCall(call: TfjsCall, inputs: readonly Known[]): Known {
  const [x, y] = inputs as readonly [Known, Known];
  const { op, shape } = call;
  const unary = UNARY[op];
  if (unary !== undefined) return { shape, data: x.data.map(unary) };
  const binary = BINARY[op];
  if (binary !== undefined) return { shape, data: zipped(binary, x, y, shape) };
  const other = OTHERS[op] as ((call: TfjsCall, inputs: readonly Known[]) => Float32Array) | undefined;
  if (other === undefined) throw new Error(`${op} is not computed when a model is exported`);
  const data = other(call, inputs);
  // Only a reshape is the same data: tfjs-wasm keeps what it makes of a right side of products by its data alone.
  return { shape, data: op !== "reshape" && data === x.data ? data.slice() : data };
}

type Evaluation<K extends TfjsOp> = (call: TfjsCallOf<K>, inputs: readonly Known[]) => Float32Array;

const OTHERS: { readonly [K in TfjsOp]?: Evaluation<K> } = {
  where: ({ shape }, [condition, a, b]) => {
    const result = gather(condition!.data, broadcastView(condition!.shape, shape));
    const [yes, no] = [
      gather(a!.data, broadcastView(a!.shape, shape)),
      gather(b!.data, broadcastView(b!.shape, shape)),
    ];
    return result.map((value, i) => (value !== 0 ? yes[i]! : no[i]!));
  },
  sum: ({ shape }, [x]) => reduced(x!, shape, 0, (sum, value) => sum + value),
  mean: ({ shape }, [x]) => {
    const count = x!.data.length / sizeOf(shape);
    return reduced(x!, shape, 0, (sum, value) => sum + value).map((sum) => sum / count);
  },
  max: ({ shape }, [x]) => reduced(x!, shape, -Infinity, Math.max),
  reshape: (_call, [x]) => x!.data,
  broadcastTo: ({ shape }, [x]) => gather(x!.data, broadcastView(x!.shape, shape)),
  transpose: ({ attributes, shape }, [x]) => {
    const strides = stridesOf(x!.shape);
    return gather(x!.data, { offset: 0, shape, strides: attributes.permutation.map((axis) => strides[axis]!) });
  },
  reverse: ({ attributes, shape }, [x]) => {
    const strides = stridesOf(shape);
    const isReversed = (axis: number): boolean => attributes.axes.includes(axis);
    const offset = strides.reduce((sum, stride, axis) => sum + (isReversed(axis) ? (shape[axis]! - 1) * stride : 0), 0);
    return gather(x!.data, {
      offset,
      shape,
      strides: strides.map((stride, axis) => (isReversed(axis) ? -stride : stride)),
    });
  },
  slice: ({ attributes, shape }, [x]) => {
    const strides = stridesOf(x!.shape);
    return gather(x!.data, { offset: offsetOf(attributes.start, strides), shape, strides });
  },
  stridedSlice: ({ attributes, shape }, [x]) => {
    const strides = stridesOf(x!.shape);
    const steps = strides.map((stride, axis) => stride * attributes.strides[axis]!);
    return gather(x!.data, { offset: offsetOf(attributes.start, strides), shape, strides: steps });
  },
  pad: ({ attributes, shape }, [x]) => {
    const result = new Float32Array(sizeOf(shape)).fill(attributes.value);
    scatter(x!.data, result, placed(x!.shape, attributes.before, shape));
    return result;
  },
  concat: ({ attributes, shape }, inputs) => {
    const result = new Float32Array(sizeOf(shape));
    let at = 0;
    for (const x of inputs) {
      const start = shape.map((_, axis) => (axis === attributes.axis ? at : 0));
      scatter(x.data, result, placed(x.shape, start, shape));
      at += x.shape[attributes.axis]!;
    }
    return result;
  },
};

function zipped(operation: (x: number, y: number) => number, x: Known, y: Known, shape: Shape): Float32Array {
  const [left, right] = [gather(x.data, broadcastView(x.shape, shape)), gather(y.data, broadcastView(y.shape, shape))];
  return left.map((value, i) => operation(value, right[i]!));
}

/** `shape` has length 1 where an axis of x is reduced. Sums are kept in float64. */
function reduced(
  { shape: from, data }: Known,
  shape: Shape,
  start: number,
  join: (sum: number, value: number) => number,
): Float32Array {
  const sums = new Float64Array(sizeOf(shape)).fill(start);
  const { strides } = broadcastView(shape, from);
  eachOffset({ offset: 0, shape: from, strides }, (to, i) => (sums[to] = join(sums[to]!, data[i]!)));
  return Float32Array.from(sums);
}

function broadcastView(from: Shape, to: Shape): View {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return {
    offset: 0,
    shape: to,
    strides: to.map((_, axis) => ((from[axis - missing] ?? 1) === 1 ? 0 : strides[axis - missing]!)),
  };
}

/** A tensor of `shape` inside of a larger one. */
function placed(shape: Shape, start: Shape, inside: Shape): View {
  const strides = stridesOf(inside);
  return { offset: offsetOf(start, strides), shape, strides };
}

function offsetOf(index: Shape, strides: readonly number[]): number {
  return index.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
}

/** `data` itself where the view is all of it, in order. */
function gather(data: Float32Array, view: View): Float32Array {
  const whole = stridesOf(view.shape);
  const inOrder = view.shape.every((length, axis) => length === 1 || view.strides[axis] === whole[axis]);
  if (view.offset === 0 && inOrder && data.length === sizeOf(view.shape)) return data;
  const result = new Float32Array(sizeOf(view.shape));
  eachOffset(view, (from, i) => (result[i] = data[from]!));
  return result;
}

function scatter(data: Float32Array, into: Float32Array, view: View): void {
  eachOffset(view, (to, i) => (into[to] = data[i]!));
}

/** Calls with the offset of each element of the view, in order, and the element's own number. */
function eachOffset({ offset, shape, strides }: View, visit: (offset: number, i: number) => void): void {
  const size = sizeOf(shape);
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    visit(at, i);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
