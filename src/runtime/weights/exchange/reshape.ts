/** Shapes of one tensor in different programs. Row-major all of them, so that no number moves. */
import { sameShape, sizeOf, type Shape } from "../../../shape.ts";

/**
 * - `pointwise`: a linear layer [O, I] that the file has as a convolution [O, I, 1, 1].
 * - `per_channel`: a vector [C] that the file has as [C, 1, 1].
 * - `flattened`: a convolution [O, I, kh, kw] that the file has as a linear layer [O, I·kh·kw].
 */
export type Reshape = "pointwise" | "per_channel" | "flattened";

/** The shape in the file of a tensor of this shape; `undefined` where the tensor is not one that it could be. */
export function reshaped(shape: Shape, reshape: Reshape | undefined): Shape | undefined {
  const [first = 1, second = 1] = shape;
  switch (reshape) {
    case undefined:
      return shape;
    case "pointwise":
      return shape.length === 2 ? [first, second, 1, 1] : undefined;
    case "per_channel":
      return shape.length === 1 ? [first, 1, 1] : undefined;
    case "flattened":
      return shape.length === 4 ? [first, sizeOf(shape.slice(1))] : undefined;
    default:
      throw new Error(`unknown reshape ${JSON.stringify(reshape satisfies never)}`);
  }
}

/** Whether the shapes are the same but for axes of length 1 behind the first. */
export function differByOnes(a: Shape, b: Shape): boolean {
  const core = (shape: Shape): Shape => shape.filter((length, axis) => axis === 0 || length !== 1);
  return sameShape(core(a), core(b));
}
