/** What windows over images are to a kernel, whatever the target: pooling, depthwise convolution, and their transposes. */
import type { OpAttributes, Shape, WindowAttributes } from "../graph/graph.ts";
import type { ConvolutionShape } from "./convolution-shape.ts";

/** Windows over x [batch, input, channels] give [batch, output, channels]. */
export interface WindowGeometry {
  readonly batch: number;
  readonly channels: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros before: top, left. */
  readonly offset: readonly [number, number];
}

/** Sides of the output of a window over an image of `size`. */
function windowOutput(size: readonly [number, number], a: WindowAttributes): [number, number] {
  const side = (axis: 0 | 1): number => {
    const padded = size[axis] + a.padding[2 * axis]! + a.padding[2 * axis + 1]!;
    return Math.floor((padded - (a.kernel[axis] - 1) * a.dilation[axis] - 1) / a.stride[axis]) + 1;
  };
  return [side(0), side(1)];
}

/** The geometry of windows over x [N,H,W,C]. */
export function windowGeometry(x: Shape, a: WindowAttributes): WindowGeometry {
  const [batch, height, width, channels] = x as readonly [number, number, number, number];
  return {
    batch,
    channels,
    input: [height, width],
    output: windowOutput([height, width], a),
    kernel: a.kernel,
    stride: a.stride,
    dilation: a.dilation,
    offset: [a.padding[0], a.padding[2]],
  };
}

/** The windows of a depthwise convolution. */
export function depthwiseGeometry(s: ConvolutionShape): WindowGeometry {
  const { batch, input, output, kernel, stride, dilation, offset } = s;
  return { batch, channels: s.inputChannels, input, output, kernel, stride, dilation, offset };
}

/** `block_sum` as a window sum: whole blocks side by side. */
export function blockWindow({ factor }: OpAttributes["block_sum"]): WindowAttributes {
  return { kernel: factor, stride: factor, padding: [0, 0, 0, 0], dilation: [1, 1] };
}

/** A kernel's label: `window_max 8×56×56×64 3×3`. */
export function describeWindows(name: string, s: WindowGeometry): string {
  return `${name} ${s.batch}×${s.input.join("×")}×${s.channels} ${s.kernel.join("×")}`;
}
