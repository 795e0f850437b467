/** PyTorch's channels-first arrays and ours, channels last. */
import { stridesOf, type Shape } from "../../src/shape.ts";

type Numbers = ArrayLike<number>;

/** Reorders the axes of a row-major array: axis i of the result is axis `permutation[i]` of the argument. */
export function permute(values: Numbers, shape: Shape, permutation: readonly number[]): Float64Array {
  const strides = stridesOf(shape);
  const outShape = permutation.map((axis) => shape[axis]!);
  const outStrides = permutation.map((axis) => strides[axis]!);
  const out = new Float64Array(values.length);
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      source += outStrides[axis]!;
      if (index[axis]! < outShape[axis]!) break;
      source -= outStrides[axis]! * outShape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** [N,C,H,W] → [N,H,W,C] and [O,I,kh,kw] → [O,kh,kw,I]; other ranks stay as they are. */
export function toChannelsLast(values: Numbers, shape: Shape): Float64Array {
  return shape.length === 4 ? permute(values, shape, [0, 2, 3, 1]) : Float64Array.from(values);
}

/** The shape that `toChannelsLast` gives. */
export function channelsLastShape(shape: Shape): Shape {
  return shape.length === 4 ? [shape[0]!, shape[2]!, shape[3]!, shape[1]!] : shape;
}

/** Back to channels first; `shape` is the channels-first shape of the result. */
export function toChannelsFirst(values: Numbers, shape: Shape): Float64Array {
  return shape.length === 4 ? permute(values, channelsLastShape(shape), [0, 3, 1, 2]) : Float64Array.from(values);
}
