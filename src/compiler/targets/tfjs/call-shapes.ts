/** The shape of every call's result: what the plans' builder and their verifier share. All throw an `Error` on misuse. */
import { sameShape, sizeOf, type Shape } from "../../../shape.ts";
import { broadcastShapes, expect, expectAxes, expectWhole, formatShape, reducedShape } from "../../graph/ops/shapes.ts";
import type { TfjsAttributes, TfjsConvolution, TfjsOp, TfjsPool } from "./call.ts";

interface CallRule<A> {
  readonly arity: number | { readonly min: number };
  readonly shape: (inputs: readonly Shape[], attributes: A) => Shape;
}

type Rules = { readonly [K in TfjsOp]: CallRule<TfjsAttributes[K]> };

const unary: CallRule<object> = { arity: 1, shape: ([x]) => x! };
const binary: CallRule<object> = { arity: 2, shape: (inputs) => broadcastShapes(inputs) };
const reduction: CallRule<TfjsAttributes["sum"]> = { arity: 1, shape: ([x], { axes }) => reducedShape(x!, axes) };

type Side = readonly [input: number, kernel: number, stride: number, padding: number, dilation: number];

function outputLength([input, kernel, stride, padding, dilation]: Side): number {
  const room = input + padding - dilation * (kernel - 1) - 1;
  expect(room >= 0, () => `a window of ${kernel} does not fit into ${input}`);
  return Math.floor(room / stride) + 1;
}

function windows(x: Shape, kernel: readonly number[], c: TfjsConvolution): readonly [number, number, number] {
  expect(x.length === 4, () => `an image has 4 axes, not ${formatShape(x)}`);
  expectWhole(c.strides, 1, "strides", 2);
  expectWhole(c.padding, 0, "padding", 4);
  expectWhole(c.dilations, 1, "dilations", 2);
  expect(
    c.strides.every((s) => s === 1) || c.dilations.every((d) => d === 1),
    "a convolution has strides or dilations, not both",
  );
  const side = (axis: 0 | 1): number =>
    outputLength([
      x[axis + 1]!,
      kernel[axis]!,
      c.strides[axis],
      c.padding[2 * axis]! + c.padding[2 * axis + 1]!,
      c.dilations[axis],
    ]);
  return [x[0]!, side(0), side(1)];
}

function convolved(x: Shape, w: Shape, c: TfjsConvolution): Shape {
  expect(w.length === 4 && w[2] === x[3], () => `filters ${formatShape(w)} do not fit the image ${formatShape(x)}`);
  return [...windows(x, w, c), w[3]!];
}

function depthwise(x: Shape, w: Shape, c: TfjsConvolution): Shape {
  expect(w.length === 4 && w[2] === x[3], () => `filters ${formatShape(w)} do not fit the image ${formatShape(x)}`);
  return [...windows(x, w, c), w[2]! * w[3]!];
}

function pooled(x: Shape, { window, strides }: TfjsPool): Shape {
  return [...windows(x, window, { strides, padding: [0, 0, 0, 0], dilations: [1, 1] }), x[3]!];
}

/** The result has the shape of `expected`, which the cotangent's own shape confirms. */
function gradient(result: Shape, cotangent: Shape, forward: Shape): Shape {
  expect(
    sameShape(cotangent, forward),
    () => `a cotangent of ${formatShape(forward)} is needed, not ${formatShape(cotangent)}`,
  );
  return result;
}

const noDilation = [1, 1] as const;

function expectBias(inputs: readonly Shape[], bias: boolean, channels: number): void {
  expect(inputs.length === (bias ? 3 : 2), () => `${inputs.length} inputs with${bias ? "" : "out"} a bias`);
  if (bias) expect(sameShape(inputs[2]!, [channels]), () => `a bias of ${formatShape(inputs[2]!)}`);
}

function sliced(x: Shape, start: Shape, size: Shape): Shape {
  expectWhole(start, 0, "start", x.length);
  expectWhole(size, 1, "size", x.length);
  expect(
    x.every((d, i) => start[i]! + size[i]! <= d),
    () => `the slice at ${formatShape(start)} of ${formatShape(size)} reaches out of ${formatShape(x)}`,
  );
  return size;
}

function multiplied([x, y]: readonly Shape[], transposeA: boolean, transposeB: boolean): Shape {
  const [a, b] = [x!, y!];
  expect(
    a.length >= 2 && b.length === a.length && sameShape(a.slice(0, -2), b.slice(0, -2)),
    () => `no product of ${formatShape(a)} and ${formatShape(b)}`,
  );
  const [rows, inner] = transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [innerRight, columns] = transposeB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  expect(inner === innerRight, () => `the inner lengths of ${formatShape(a)} and ${formatShape(b)} differ`);
  return [...a.slice(0, -2), rows, columns];
}

const plainRules = {
  ...{ neg: unary, abs: unary, sign: unary, square: unary, sqrt: unary, rsqrt: unary, reciprocal: unary, exp: unary },
  ...{ log: unary, sigmoid: unary, tanh: unary, erf: unary, softplus: unary, relu: unary, step: unary },
  softmax: unary,
  ...{ add: binary, sub: binary, mul: binary, div: binary, maximum: binary, minimum: binary, pow: binary },
  ...{ greater: binary, equal: binary },
};

const rules: Rules = {
  ...plainRules,
  where: { arity: 3, shape: (inputs) => broadcastShapes(inputs) },
  sum: reduction,
  mean: reduction,
  max: reduction,
  reshape: {
    arity: 1,
    shape: ([x], { shape }) => {
      expect(sizeOf(x!) === sizeOf(shape), () => `${formatShape(x!)} does not reshape to ${formatShape(shape)}`);
      return shape;
    },
  },
  broadcastTo: {
    arity: 1,
    shape: ([x], { shape }) => {
      expect(
        sameShape(broadcastShapes([x!, shape]), shape),
        () => `${formatShape(x!)} does not broadcast to ${formatShape(shape)}`,
      );
      return shape;
    },
  },
  transpose: {
    arity: 1,
    shape: ([x], { permutation }) => {
      expectAxes(permutation, x!.length, "permutation");
      expect(permutation.length === x!.length, () => `a permutation of ${permutation.length} axes`);
      return permutation.map((axis) => x![axis]!);
    },
  },
  slice: { arity: 1, shape: ([x], { start, size }) => sliced(x!, start, size) },
  stridedSlice: {
    arity: 1,
    shape: ([x], { start, end, strides }) => {
      expectWhole(strides, 1, "strides", x!.length);
      const size = x!.map((_, i) => end[i]! - start[i]!);
      return sliced(x!, start, size).map((length, i) => Math.ceil(length / strides[i]!));
    },
  },
  pad: {
    arity: 1,
    shape: ([x], { before, after }) => {
      expectWhole(before, 0, "before", x!.length);
      expectWhole(after, 0, "after", x!.length);
      return x!.map((d, i) => before[i]! + d + after[i]!);
    },
  },
  concat: {
    arity: { min: 2 },
    shape: (inputs, { axis }) => {
      const first = inputs[0]!;
      expectAxes([axis], first.length, "axis");
      for (const shape of inputs) {
        expect(
          shape.length === first.length && shape.every((d, i) => i === axis || d === first[i]),
          () => `${inputs.map(formatShape).join(" and ")} differ in more than axis ${axis}`,
        );
      }
      return first.map((d, i) => (i === axis ? inputs.reduce((sum, shape) => sum + shape[axis]!, 0) : d));
    },
  },
  reverse: {
    arity: 1,
    shape: ([x], { axes }) => {
      expectAxes(axes, x!.length);
      return x!;
    },
  },
  upsample: {
    arity: 1,
    shape: ([x], { factor }) => {
      expect(x!.length === 4, () => `an image has 4 axes, not ${formatShape(x!)}`);
      return [x![0]!, x![1]! * factor[0], x![2]! * factor[1], x![3]!];
    },
  },
  matMul: {
    arity: { min: 2 },
    shape: (inputs, { transposeA, transposeB, bias }) => {
      const shape = multiplied(inputs, transposeA, transposeB);
      expectBias(inputs, bias, shape.at(-1)!);
      return shape;
    },
  },
  conv2d: {
    arity: { min: 2 },
    shape: (inputs, c) => {
      const shape = convolved(inputs[0]!, inputs[1]!, c);
      expectBias(inputs, c.bias, shape[3]!);
      return shape;
    },
  },
  depthwiseConv2d: { arity: 2, shape: ([x, w], c) => depthwise(x!, w!, c) },
  conv2dInputGradient: {
    arity: 2,
    shape: ([g, w], { inputShape, ...c }) =>
      gradient(inputShape, g!, convolved(inputShape, w!, { ...c, dilations: noDilation })),
  },
  conv2dFilterGradient: {
    arity: 2,
    shape: ([x, g], { filterShape, ...c }) =>
      gradient(filterShape, g!, convolved(x!, filterShape, { ...c, dilations: noDilation })),
  },
  depthwiseFilterGradient: {
    arity: 2,
    shape: ([x, g], { filterShape, ...c }) => gradient(filterShape, g!, depthwise(x!, filterShape, c)),
  },
  maxPool: { arity: 1, shape: ([x], pool) => pooled(x!, pool) },
  avgPool: { arity: 1, shape: ([x], pool) => pooled(x!, pool) },
};

/** Throws an `Error` where the op does not take these inputs. */
export function callShape<K extends TfjsOp>(op: K, inputs: readonly Shape[], attributes: TfjsAttributes[K]): Shape {
  const { arity, shape } = rules[op] as CallRule<TfjsAttributes[K]>;
  const fits = typeof arity === "number" ? inputs.length === arity : inputs.length >= arity.min;
  expect(fits, () => `${op} does not take ${inputs.length} inputs`);
  return shape(inputs, attributes);
}
