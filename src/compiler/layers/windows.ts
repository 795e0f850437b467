/** The size arithmetic that convolutions and pools share. */
import type { Shape } from "../graph/graph.ts";
import type { Pair } from "./arguments.ts";
import type { LayerProblem } from "./layer.ts";

export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

/**
 * Height and width of the output: `floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1`. Windows that
 * would reach over the padding at the end are left out.
 */
export function windowed(layer: string, size: Shape, window: Window): { size: Pair } | { problem: LayerProblem } {
  const out: number[] = [];
  for (const [i, axis] of [
    [0, "height"],
    [1, "width"],
  ] as const) {
    const covered = window.dilation[i] * (window.kernel[i] - 1) + 1;
    const padded = (size[i] ?? 0) + 2 * window.padding[i];
    if (covered > padded)
      return { problem: { code: "shape/window", params: { layer, axis, window: covered, size: padded } } };
    out.push(Math.floor((padded - covered) / window.stride[i]) + 1);
  }
  return { size: [out[0] ?? 0, out[1] ?? 0] };
}

/** Top, bottom, left, right. */
export function bothSides(padding: Pair): readonly [number, number, number, number] {
  return [padding[0], padding[0], padding[1], padding[1]];
}
