/** Arrays by length and number: plans that never run at the same time share them. */
import type { Tensor } from "../../device.ts";

export type Precision = "float32" | "float64";

export function allocate(precision: Precision, length: number): Tensor {
  return precision === "float32" ? new Float32Array(length) : new Float64Array(length);
}

export interface Pool {
  readonly precision: Precision;
  /** The same array for the same length and number. */
  take(length: number, number: number): Tensor;
  /** Numbers held, in elements. */
  readonly size: number;
}

export function createPool(precision: Precision): Pool {
  const held = new Map<number, Tensor[]>();
  let size = 0;
  return {
    precision,
    take(length, number) {
      const arrays = held.get(length) ?? [];
      held.set(length, arrays);
      while (arrays.length <= number) {
        arrays.push(allocate(precision, length));
        size += length;
      }
      return arrays[number]!;
    },
    get size() {
      return size;
    },
  };
}
