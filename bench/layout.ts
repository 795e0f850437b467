/** Moves the axes of tensors of rank 4, for peers that have channels first. */
import type { NamedTensor } from "./contender.ts";

type Permutation = readonly [number, number, number, number];

export const toChannelsFirst: Permutation = [0, 3, 1, 2];
export const toChannelsLast: Permutation = [0, 2, 3, 1];

/** Axis i of the result is axis `permutation[i]` of what is given. */
export function permuted({ shape, values }: NamedTensor, permutation: Permutation): NamedTensor {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [a, b, c, d] = permutation.map((axis) => shape[axis]!) as [number, number, number, number];
  const [sa, sb, sc, sd] = permutation.map((axis) => strides[axis]!) as [number, number, number, number];
  const result = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        for (let l = 0; l < d; l++) result[at++] = values[i * sa + j * sb + k * sc + l * sd]!;
      }
    }
  }
  return { shape: [a, b, c, d], values: result };
}
