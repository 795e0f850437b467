/**
 * Zeros around an image that are those of TensorFlow's padding `SAME`: with it a convolution puts them there itself, which every
 * backend takes, and no node has to.
 */
import type { TfjsCall, TfjsCallOf } from "../call.ts";

export type Convolution = TfjsCallOf<"conv2d"> | TfjsCallOf<"depthwiseConv2d">;

/** Whether the convolution, of the image that `pad` makes, is that of the image before with the padding `SAME`. */
export function isSamePadded(
  { attributes, inputs: [image] }: Convolution,
  pad: TfjsCall | undefined,
  kernel: readonly number[],
): boolean {
  if (pad?.op !== "pad" || pad.value !== image || attributes.padding.some((amount) => amount > 0)) return false;
  const { before, after, value } = pad.attributes;
  if (value !== 0 || [before[0], after[0], before[3], after[3]].some((amount) => amount !== 0)) return false;
  return ([0, 1] as const).every((axis) => {
    const [first, last] = [before[axis + 1]!, after[axis + 1]!];
    const length = pad.shape[axis + 1]! - first - last;
    const [top, bottom] = samePadding(length, kernel[axis]!, attributes.strides[axis], attributes.dilations[axis]);
    return first === top && last === bottom;
  });
}

/** As many zeros as leave a window for every stride that starts in the image, the odd one at the end. */
function samePadding(length: number, kernel: number, stride: number, dilation: number): readonly [number, number] {
  const windows = Math.ceil(length / stride);
  const reach = (kernel - 1) * dilation + 1;
  const total = Math.max((windows - 1) * stride + reach - length, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
