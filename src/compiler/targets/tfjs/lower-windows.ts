/**
 * Sums and maxima over windows, and what goes back through them. Of the backends' pools only those without padding are used:
 * zeros, or the smallest number, are put around images before.
 */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { WindowAttributes } from "../../graph/graph.ts";
import { broadcast, reduce } from "./axes.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { sumOver } from "./lower-reductions.ts";
import { transposedConvolution, type TapFilters } from "./lower-transposed.ts";
import { around, convolve, stuffed, taps, transposedPadding, type Sides } from "./lower-geometry.ts";

type Pair = readonly [number, number];

/** Lower than what any image has: not infinity, which shaders need not know. */
const lowest = -3.4028234663852886e38;

const image = (b: CallBuilder, x: CallValue): Sides => b.shapeOf(x) as unknown as Sides;

/** One window that is the whole image. */
function isWhole([, height, width]: Shape, { kernel, padding }: WindowAttributes): boolean {
  return kernel[0] === height && kernel[1] === width && padding.every((p) => p === 0);
}

const allOne = (values: readonly number[]): boolean => values.every((v) => v === 1);

/** `padding` may be negative. */
function sums(b: CallBuilder, x: CallValue, { kernel, stride, padding, dilation }: WindowAttributes): CallValue {
  const [, , , channels] = image(b, x);
  const convolution = { strides: stride, padding, dilations: dilation };
  const pooled = allOne(dilation) && b.capabilities.choices.poolsOfSingles;
  if (channels === 1 && !pooled) return convolve(b, "conv2d", x, c.filled(b, 1, [...kernel, 1, 1]), convolution);
  if (!allOne(dilation)) {
    return convolve(b, "depthwiseConv2d", x, c.filled(b, 1, [...kernel, channels, 1]), convolution);
  }
  return c.times(b, means(b, x, kernel, stride, padding), sizeOf(kernel));
}

function means(b: CallBuilder, x: CallValue, kernel: Pair, stride: Pair, padding: Sides): CallValue {
  return c.avgPool(b, around(b, x, padding), { window: kernel, strides: stride });
}

export function windowSum(b: CallBuilder, x: CallValue, window: WindowAttributes): CallValue {
  if (!isWhole(b.shapeOf(x), window)) return sums(b, x, window);
  return c.reshape(b, sumOver(b, x, b.shapeOf(x), [1, 2]), wholeShape(b, x));
}

function wholeShape(b: CallBuilder, x: CallValue): Shape {
  const [batch, , , channels] = image(b, x);
  return [batch, 1, 1, channels];
}

/** The transpose of a sum: (g) → `inputShape`. */
export function windowSpread(
  b: CallBuilder,
  g: CallValue,
  { inputShape, ...window }: WindowAttributes & { readonly inputShape: Shape },
): CallValue {
  const { kernel, stride, padding, dilation } = window;
  if (isWhole(inputShape, window)) return c.reshape(b, broadcast(b, g, b.shapeOf(g), inputShape), inputShape);
  if (allOne(dilation) && kernel[0] === stride[0] && kernel[1] === stride[1]) {
    return fit(b, b.call("upsample", [g], { factor: kernel }), inputShape, padding);
  }
  // One channel, as of patch norms.
  if (inputShape[3] === 1 && !(allOne(stride) && b.capabilities.choices.poolsOfSingles)) {
    return transposedConvolution(b, g, ones(b), inputShape, window);
  }
  const summed = allOne(dilation);
  // A sum is so many means. The factor is for the cotangent, which is smaller, and often meets its inverse there.
  const spread = stuffed(b, summed ? c.times(b, g, sizeOf(kernel)) : g, stride);
  const [, height, width] = image(b, spread);
  const around = transposedPadding(inputShape, [height, width], kernel, window);
  return summed
    ? means(b, spread, kernel, [1, 1], around)
    : sums(b, spread, { ...window, stride: [1, 1], padding: around });
}

/** A filter of ones: a chosen tap is 1, none is 0. */
function ones(b: CallBuilder): TapFilters {
  const sum = (row: readonly number[]): number => row.reduce((p, q) => p + q, 0);
  return { outputs: 1, inputs: 1, chosen: (choice) => c.constant(b, choice.map(sum), [choice.length, 1]) };
}

/** Of an image as it is with its padding, or with as much of it as windows reached, the part without. */
function fit(b: CallBuilder, x: CallValue, inputShape: Shape, [top, , left]: Sides): CallValue {
  const [, height, width] = image(b, x);
  const [, inputHeight, inputWidth] = inputShape as Sides;
  return around(b, x, [-top, top + inputHeight - height, -left, left + inputWidth - width]);
}

function outputSize([, height, width]: Sides, { kernel, stride, dilation }: WindowAttributes): Pair {
  const side = (axis: 0 | 1, length: number): number =>
    Math.floor((length - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
  return [side(0, height), side(1, width)];
}

export function windowMax(b: CallBuilder, x: CallValue, window: WindowAttributes): CallValue {
  const { kernel, stride, padding, dilation } = window;
  if (isWhole(b.shapeOf(x), window)) {
    return c.reshape(b, reduce(b, "max", x, b.shapeOf(x), [1, 2]), wholeShape(b, x));
  }
  const padded = around(b, x, padding, lowest);
  if (allOne(dilation)) return c.maxPool(b, padded, { window: kernel, strides: stride });
  return taps(b, padded, window, outputSize(image(b, padded), window)).reduce((y, tap) => c.maximum(b, y, tap));
}

/** (g, x, y = maximum): each g to the first maximum of its window. */
export function windowRoute(
  b: CallBuilder,
  [g, x, y]: readonly [CallValue, CallValue, CallValue],
  window: WindowAttributes,
): CallValue {
  const padded = around(b, x, window.padding, lowest);
  const [, height, width] = image(b, y);
  const under = taps(b, padded, window, [height, width]);
  const parts = toFirst(b, g, under, y);
  return fit(b, scattered(b, parts, window), b.shapeOf(x), window.padding);
}

/**
 * g in parts: each where one of the values is the first that equals their maximum y. What is left for the values behind one is
 * multiplied by 1 where it is smaller, and by 0 where it is the maximum, so that the parts are exact.
 */
export function toFirst(b: CallBuilder, g: CallValue, values: readonly CallValue[], y: CallValue): CallValue[] {
  let left = g;
  return values.map((value, i) => {
    // One of them is the maximum.
    if (i === values.length - 1) return left;
    const before = left;
    left = c.mul(b, before, c.step(b, c.sub(b, y, value)));
    return c.sub(b, before, left);
  });
}

/**
 * Adds what each tap of all windows has to the place of the tap: an image as it is with its padding, as far as windows reach.
 * Taps that fall on the same places modulo the stride are added in the windows' own resolution, and the images of all such
 * places are put between each other at last.
 */
function scattered(
  b: CallBuilder,
  parts: readonly CallValue[],
  { kernel, stride, dilation }: WindowAttributes,
): CallValue {
  const [batch, height, width, channels] = image(b, parts[0]!);
  const most = [0, 1].map((i) => Math.floor(((kernel[i]! - 1) * dilation[i]!) / stride[i]!)) as unknown as Pair;
  const lattices = new Map<string, CallValue>();
  parts.forEach((part, tap) => {
    const y = Math.floor(tap / kernel[1]) * dilation[0];
    const x = (tap % kernel[1]) * dilation[1];
    const [down, right] = [Math.floor(y / stride[0]), Math.floor(x / stride[1])];
    const moved = around(b, part, [down, most[0] - down, right, most[1] - right]);
    const key = `${y % stride[0]},${x % stride[1]}`;
    const before = lattices.get(key);
    lattices.set(key, before === undefined ? moved : c.add(b, before, moved));
  });
  const [rows, columns] = [height + most[0], width + most[1]];
  const empty = (): CallValue =>
    b.call("broadcastTo", [c.filled(b, 0, [1, 1, 1, 1])], { shape: [batch, rows, columns, channels] });
  const lines = Array.from({ length: stride[0] }, (_, y) => {
    const line = Array.from({ length: stride[1] }, (_, x) => lattices.get(`${y},${x}`) ?? empty());
    return c.reshape(b, c.concat(b, line, 3), [batch * rows, 1, columns * stride[1] * channels]);
  });
  return c.reshape(b, c.concat(b, lines, 1), [batch, rows * stride[0], columns * stride[1], channels]);
}
