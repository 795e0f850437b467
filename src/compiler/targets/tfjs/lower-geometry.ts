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
  const [t, d, l, r] = sides.map((side) => Math.max(0, side)) as unknown as Sides;
  if (Math.min(...size) <= 0) return c.filled(b, value, [batch, height + top + bottom, width + left + right, channels]);
  const inside = c.slice(b, x, [0, cut(top), cut(left), 0], size);
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
  const { explicitPadding, unequalDepthwiseStrides, dilatedDepthwise } = b.capabilities;
  if (kind === "depthwiseConv2d" && !dilatedDepthwise && dilations.some((d) => d > 1)) {
    return convolve(b, kind, x, spreadTaps(b, w, dilations), { strides, padding, dilations: [1, 1] });
  }
  const apart = strides.some((s) => s > 1) && dilations.some((d) => d > 1);
  const unequal = kind === "depthwiseConv2d" && !unequalDepthwiseStrides && strides[0] !== strides[1];
  if (apart || unequal) {
    const all = convolve(b, kind, x, w, { strides: [1, 1], padding, dilations });
    return underStrides(b, all, strides);
  }
  const direct = explicitPadding && padding.every((side) => side >= 0);
  const image = direct ? x : around(b, x, padding);
  const convolution = { strides, padding: direct ? padding : none, dilations };
  return kind === "conv2d" ? c.conv2d(b, image, w, convolution) : c.depthwiseConv2d(b, image, w, convolution);
}

/** Filters [kh,kw,C,M] with zeros between their taps. */
function spreadTaps(b: CallBuilder, w: CallValue, dilations: Pair): CallValue {
  const [height, width, channels, multiplier] = b.shapeOf(w) as Sides;
  const wide = stuffed(b, c.reshape(b, w, [1, height, width, channels * multiplier]), dilations);
  const inside = around(b, wide, [0, 1 - dilations[0], 0, 1 - dilations[1]]);
  const [, wideHeight, wideWidth] = b.shapeOf(inside) as Sides;
  return c.reshape(b, inside, [wideHeight, wideWidth, channels, multiplier]);
}

/** Each pixel followed by stride − 1 zeros, in both directions. */
export function stuffed(b: CallBuilder, x: CallValue, [sy, sx]: Pair): CallValue {
  const [batch, height, width, channels] = b.shapeOf(x) as Sides;
  // A pixel followed by empty pixels is a longer pixel, and a row followed by empty rows a longer row.
  const pixels = lengthened(b, c.reshape(b, x, [batch * height, width, channels]), sx);
  const rows = lengthened(b, c.reshape(b, pixels, [batch, height, width * sx * channels]), sy);
  return c.reshape(b, rows, [batch, height * sy, width * sx, channels]);
}

/** Zeros behind the last of three axes, which becomes so many times as long. */
function lengthened(b: CallBuilder, x: CallValue, factor: number): CallValue {
  return c.pad(b, x, [0, 0, 0], [0, 0, (factor - 1) * b.shapeOf(x)[2]!]);
}

/** Every pixel of the strides, from the first on. A maximum over single pixels is the fastest way that all backends have. */
export function underStrides(b: CallBuilder, x: CallValue, strides: Pair): CallValue {
  return sizeOf(strides) === 1 ? x : c.maxPool(b, x, { window: [1, 1], strides });
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
    const size = [batch, (height - 1) * stride[0] + 1, (width - 1) * stride[1] + 1, channels];
    return underStrides(b, c.slice(b, padded, start, size), stride);
  });
}
