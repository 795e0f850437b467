/** What a convolution is to a kernel, whatever the target: one shape for conv2d, its gradients and matrix products. */
import type { ConvAttributes, Shape } from "../graph/graph.ts";

/**
 * A correlation: output (y, x) reads inputs (y·stride + ky·dilation − offset), zeros outside. Products of matrices are
 * 1 × 1 convolutions over one row of pixels.
 */
export interface ConvolutionShape {
  /** Independent problems with their own weights (a batched matrix product); usually 1. */
  readonly matrices: number;
  readonly batch: number;
  readonly input: readonly [number, number];
  /** All groups together. */
  readonly inputChannels: number;
  readonly output: readonly [number, number];
  /** All groups together, behind MaxOut. */
  readonly outputChannels: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros above and on the left; negative: rows and columns that are not read. */
  readonly offset: readonly [number, number];
  readonly groups: number;
  /** Adjacent columns of which the largest counts; 1 without MaxOut. */
  readonly maxOut: number;
}

/** x [N,H,W,C] with w [O·maxOut,kh,kw,C/groups] → [N,H',W',O]. */
export function forwardShape(x: Shape, w: Shape, a: ConvAttributes, maxOut = 1): ConvolutionShape {
  const [batch, height, width, inputChannels] = x as readonly [number, number, number, number];
  const [columns, kh, kw] = w as readonly [number, number, number];
  const kernel = [kh, kw] as const;
  const output = [height, width].map((size, axis) => {
    const padded = size + a.padding[2 * axis]! + a.padding[2 * axis + 1]!;
    return Math.floor((padded - (kernel[axis]! - 1) * a.dilation[axis]! - 1) / a.stride[axis]!) + 1;
  }) as [number, number];
  return {
    matrices: 1,
    batch,
    input: [height, width],
    inputChannels,
    output,
    outputChannels: columns / maxOut,
    kernel,
    stride: a.stride,
    dilation: a.dilation,
    offset: [a.padding[0], a.padding[2]],
    groups: a.groups,
    maxOut,
  };
}

/** Whether a convolution is depthwise: a group a channel, one output each. */
export function isDepthwise(s: ConvolutionShape): boolean {
  return s.groups === s.inputChannels && s.outputChannels === s.inputChannels && s.maxOut === 1 && s.groups > 1;
}

/** K of the product. */
export function depthOf(s: ConvolutionShape): number {
  return (s.inputChannels / s.groups) * s.kernel[0] * s.kernel[1];
}

export function convolutionFlops(s: ConvolutionShape): number {
  return 2 * s.matrices * s.batch * s.output[0] * s.output[1] * s.outputChannels * s.maxOut * depthOf(s);
}

/** A kernel's label: `conv2d 8×56×56×64→64 3×3 stride 2×2`. */
export function describeConvolution(name: string, s: ConvolutionShape): string {
  const groups = s.groups > 1 ? ` groups ${s.groups}` : "";
  const maxOut = s.maxOut > 1 ? ` maxout ${s.maxOut}` : "";
  const stride = s.stride.some((step) => step > 1) ? ` stride ${s.stride.join("×")}` : "";
  return (
    `${name} ${s.batch}×${s.input.join("×")}×${s.inputChannels}→${s.outputChannels} ` +
    `${s.kernel.join("×")}${stride}${groups}${maxOut}`
  );
}
