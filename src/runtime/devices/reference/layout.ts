/** Strides and walks: how kernels step through row-major storage, with broadcasting. */
import { sizeOf, type Shape } from "../../../shape.ts";

export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** Strides that read `from` as if it had the shape `to` (NumPy broadcasting): 0 along repeated axes. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = rowMajorStrides(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : own[i - lead]!));
}

/** One operand's way through a plane of rows × columns. */
export interface Steps {
  readonly row: number;
  readonly column: number;
  /** Where each plane begins. */
  readonly starts: Int32Array;
}

export interface Walk {
  readonly planes: number;
  readonly rows: number;
  readonly columns: number;
  readonly operands: readonly Steps[];
}

/**
 * Splits a loop over `shape` into planes of rows × columns, after merging every pair of axes that all operands step
 * through evenly. Equal shapes become one row; a vector over channels becomes rows that start again.
 */
export function createWalk(shape: Shape, strides: readonly (readonly number[])[]): Walk {
  const dims: number[] = [];
  const merged: number[][] = strides.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 1) continue;
    const last = dims.length - 1;
    const even = last >= 0 && strides.every((s, k) => merged[k]![last] === s[axis]! * size);
    if (even) {
      dims[last] = dims[last]! * size;
      strides.forEach((s, k) => (merged[k]![last] = s[axis]!));
    } else {
      dims.push(size);
      strides.forEach((s, k) => merged[k]!.push(s[axis]!));
    }
  }
  while (dims.length < 2) {
    dims.unshift(1);
    merged.forEach((s) => s.unshift(0));
  }
  const outer = dims.slice(0, -2);
  const depth = dims.length;
  return {
    planes: sizeOf(outer),
    rows: dims[depth - 2]!,
    columns: dims[depth - 1]!,
    operands: merged.map((s) => ({
      row: s[depth - 2]!,
      column: s[depth - 1]!,
      starts: offsets(outer, s.slice(0, -2)),
    })),
  };
}

/** The offset of every index of `shape` in row-major order. */
export function offsets(shape: Shape, strides: readonly number[]): Int32Array {
  const result = new Int32Array(sizeOf(shape));
  let filled = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    const stride = strides[axis]!;
    // From the back, so that the shorter list is read before it is overwritten.
    for (let i = filled - 1; i >= 0; i--) {
      const base = result[i]!;
      for (let j = 0; j < size; j++) result[i * size + j] = base + j * stride;
    }
    filled *= size;
  }
  return result;
}
