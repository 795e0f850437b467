/**
 * Convolution weights are [O, kh, kw, I] in programs and [O, I, kh, kw] in weight files. Both ways only move numbers, so
 * every bit stays.
 */
import type { Shape } from "../../compiler/graph/graph.ts";
import type { StateSpec } from "../../compiler/graph/program.ts";
import type { Tensor } from "../device.ts";

/** The shape of a state tensor in weight files. */
export function fileShape(spec: Pick<StateSpec, "shape" | "layout">): Shape {
  if (spec.layout === "plain") return spec.shape;
  const [o, height, width, i] = ohwi(spec.shape);
  return [o, i, height, width];
}

/** From the program's layout to that of weight files. */
export function toFileLayout(spec: Pick<StateSpec, "shape" | "layout">, values: Tensor): Tensor {
  if (spec.layout === "plain") return values.slice();
  const [o, height, width, i] = ohwi(spec.shape);
  return swapInner(values, o, height * width, i);
}

/** From the layout of weight files to the program's. */
export function fromFileLayout(spec: Pick<StateSpec, "shape" | "layout">, values: Tensor): Tensor {
  if (spec.layout === "plain") return values.slice();
  const [o, height, width, i] = ohwi(spec.shape);
  return swapInner(values, o, i, height * width);
}

/** [outer, a, b] → [outer, b, a]. */
function swapInner(values: Tensor, outer: number, a: number, b: number): Tensor {
  const result = values.slice();
  const [from, to] = [words(values), words(result)];
  for (let o = 0; o < outer; o++) {
    const start = o * a * b;
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) to[start + j * a + i] = from[start + i * b + j]!;
    }
  }
  return result;
}

/** float32 as the words they are: through a JavaScript number, a signalling NaN would lose its signal bit. */
function words(values: Tensor): Uint32Array | Float64Array {
  return values instanceof Float64Array ? values : new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function ohwi(shape: Shape): [number, number, number, number] {
  if (shape.length !== 4) throw new Error(`a tensor of layout ohwi has four axes, not [${shape.join(", ")}]`);
  return shape as unknown as [number, number, number, number];
}
