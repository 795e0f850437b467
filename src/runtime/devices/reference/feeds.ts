/** Conversion of what callers hand over to the session's precision. */
import type { Tensor } from "../../device.ts";
import type { Precision } from "./pool.ts";

/** The array itself where it has the type already. */
export function toTensor(values: ArrayLike<number>, precision: Precision): Tensor {
  if (precision === "float32") return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}
