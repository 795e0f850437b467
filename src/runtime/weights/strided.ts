/** Tensors whose elements do not lie one after the other: transposed ones, or parts of others. */
import { sizeOf, type Shape } from "../../shape.ts";

/** All in elements. */
export interface Strided {
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/** How many elements lie from the first to the last, both included. */
export function reachOf({ shape, strides }: Strided): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, length, axis) => last + (length - 1) * strides[axis]!, 1);
}

/** Whether the elements lie in order without gaps. Strides of axes of length 1 do not matter. */
export function isContiguous({ shape, strides }: Strided): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return shape.includes(0);
    step *= shape[axis]!;
  }
  return true;
}

/** The elements in order. `data` holds the storage, `size` bytes an element, and has to reach far enough. */
export function copyStrided(tensor: Strided, data: Uint8Array, size: number): Uint8Array {
  const { offset, shape, strides } = tensor;
  const result = new Uint8Array(sizeOf(shape) * size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < result.length; to += size) {
    for (let byte = 0; byte < size; byte++) result[to + byte] = data[from * size + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
