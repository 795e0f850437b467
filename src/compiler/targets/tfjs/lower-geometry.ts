/** Paddings, strides and dilations as backends take them, and what they do not take built around it. */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { TfjsConvolution } from "./call.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";

type Pair = readonly [number, number];
/** Top, bottom, left, right. */
export type Sides = readonly [number, number, number, number];

const none: Sides = [0, 0, 0, 0];

/** An image with rows and columns of `value` around it; where a side is negative, without so many of its own. */
export function around(b: CallBuilder, x: CallValue, sides: Sides, value = 0): CallValue {
  const [top, bottom, left, right] = sides;
  const [batch, height, width, channels] = b.shapeOf(x) as Sides;
  const cut = (side: number): number => Math.max(0, -side);
  const size = [batch, height - cut(top) - cut(bottom), width - cut(left) - cut(right), channels];
  const inside = c.slice(b, x, [0, cut(top), cut(left), 0], size);
  const [t, d, l, r] = sides.map((side) => Math.max(0, side)) as unknown as Sides;
  return c.pad(b, inside, [0, t, l, 0], [0, d, r, 0], value);
}

/** A convolution forward. Padding may be negative, and there may be both strides and dilations. */
export function convolve(
  b: CallBuilder,
  kind: "conv2d" | "depthwiseConv2d",
  x: CallValue,
  w: CallValue,
  { strides, padding, dilations }: TfjsConvolution,
): CallValue {
  const { explicitPadding, unequalDepthwiseStrides } = b.capabilities;
  const apart = strides.some((s) => s > 1) && dilations.some((d) => d > 1);
  const unequal = kind === "depthwiseConv2d" && !unequalDepthwiseStrides && strides[0] !== strides[1];
  if (apart || unequal) {
    const all = convolve(b, kind, x, w, { strides: [1, 1], padding, dilations });
    const [batch, height, width, channels] = b.shapeOf(all) as Sides;
    const size = [batch, Math.ceil(height / strides[0]), Math.ceil(width / strides[1]), channels];
    return c.every(b, all, [0, 0, 0, 0], size, [1, ...strides, 1]);
  }
  const direct = explicitPadding && padding.every((side) => side >= 0);
  const image = direct ? x : around(b, x, padding);
  const convolution = { strides, padding: direct ? padding : none, dilations };
  return kind === "conv2d" ? c.conv2d(b, image, w, convolution) : c.depthwiseConv2d(b, image, w, convolution);
}

/** Each pixel followed by stride − 1 zeros, in both directions. */
export function stuffed(b: CallBuilder, x: CallValue, [sy, sx]: Pair): CallValue {
  const [batch, height, width, channels] = b.shapeOf(x) as Sides;
  // A row followed by empty rows, a pixel followed by empty pixels: one padding of four axes.
  const rows = c.reshape(b, x, [batch * height, 1, width, channels]);
  const wide = c.pad(b, rows, [0, 0, 0, 0], [0, sy - 1, 0, (sx - 1) * channels]);
  return c.reshape(b, wide, [batch, height * sy, width * sx, channels]);
}

/** The zeros around a stuffed cotangent for which a convolution with the reversed kernel gives the input's size. */
export function transposedPadding(
  inputShape: Shape,
  stuffedSize: Pair,
  kernel: Pair,
  { padding, dilation }: { readonly padding: Sides; readonly dilation: Pair },
): Sides {
  const side = (axis: 0 | 1): Pair => {
    const reach = (kernel[axis] - 1) * dilation[axis];
    const before = reach - padding[2 * axis]!;
    return [before, inputShape[axis + 1]! + reach - before - stuffedSize[axis]];
  };
  return [...side(0), ...side(1)];
}

/** Pixels under each tap of a window, in row-major order of the taps; the image is padded already. */
export function taps(
  b: CallBuilder,
  padded: CallValue,
  { kernel, stride, dilation }: { readonly kernel: Pair; readonly stride: Pair; readonly dilation: Pair },
  [height, width]: Pair,
): CallValue[] {
  const [batch, , , channels] = b.shapeOf(padded) as Sides;
  return Array.from({ length: sizeOf(kernel) }, (_, tap) => {
    const [y, x] = [Math.floor(tap / kernel[1]), tap % kernel[1]];
    const start = [0, y * dilation[0], x * dilation[1], 0];
    return c.every(b, padded, start, [batch, height, width, channels], [1, ...stride, 1]);
  });
}
