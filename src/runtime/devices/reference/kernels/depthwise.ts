/** Convolutions whose groups have one input channel: sums over the window, channel by channel. */
import type { Tensor } from "../../../device.ts";
import { scratch } from "../scratch.ts";
import type { Geometry } from "./convolution-geometry.ts";
import { createTaps } from "./taps.ts";

function tapsOf(g: Geometry): ReturnType<typeof createTaps> {
  return createTaps(
    {
      kernel: [g.kernelHeight, g.kernelWidth],
      stride: [g.strideY, g.strideX],
      // What lies after the image shows in the output's size.
      padding: [g.top, 0, g.left, 0],
      dilation: [g.dilationY, g.dilationX],
    },
    [g.images, g.height, g.width, g.channels],
    [g.images, g.outHeight, g.outWidth, g.outChannels],
  );
}

/** Weights [O, taps] as [taps, O]: then a tap's weights lie together, as the pixels' channels do. */
function tapMajor(w: Tensor, g: Geometry): Float64Array {
  const turned = scratch("taps", g.patch * g.outChannels);
  for (let o = 0; o < g.outChannels; o++) {
    for (let tap = 0; tap < g.patch; tap++) turned[tap * g.outChannels + o] = w[o * g.patch + tap]!;
  }
  return turned;
}

// The pixel functions take all they read as arguments: V8 reads what a closure captures anew at every turn of a loop.

export function depthwise(g: Geometry): (x: Tensor, w: Tensor, out: Tensor) => void {
  const eachPixel = tapsOf(g);
  return (x, w, out) => {
    const weights = tapMajor(w, g);
    eachPixel((output, inputs, taps, count) => forwardPixel(x, weights, out, output, inputs, taps, count, g));
  };
}

function forwardPixel(
  x: Tensor,
  weights: Float64Array,
  out: Tensor,
  output: number,
  inputs: Int32Array,
  taps: Int32Array,
  count: number,
  { channels, outChannels, groupOutChannels }: Geometry,
): void {
  let o = output * outChannels;
  for (let c = 0, k = 0; c < channels; c++) {
    for (let m = 0; m < groupOutChannels; m++, k++) {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += x[inputs[t]! * channels + c]! * weights[taps[t]! * outChannels + k]!;
      out[o++] = sum;
    }
  }
}

export function depthwiseInputGradient(g: Geometry): (gradient: Tensor, w: Tensor, out: Tensor) => void {
  const eachPixel = tapsOf(g);
  return (gradient, w, out) => {
    const weights = tapMajor(w, g);
    const sums = scratch("image", out.length);
    sums.fill(0, 0, out.length);
    eachPixel((output, inputs, taps, count) => spreadPixel(gradient, weights, sums, output, inputs, taps, count, g));
    for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
  };
}

function spreadPixel(
  gradient: Tensor,
  weights: Float64Array,
  sums: Float64Array,
  output: number,
  inputs: Int32Array,
  taps: Int32Array,
  count: number,
  { channels, outChannels, groupOutChannels }: Geometry,
): void {
  for (let t = 0; t < count; t++) {
    let i = inputs[t]! * channels;
    let k = taps[t]! * outChannels;
    let o = output * outChannels;
    for (const end = i + channels; i < end; i++) {
      let sum = sums[i]!;
      for (let m = 0; m < groupOutChannels; m++) sum += gradient[o++]! * weights[k++]!;
      sums[i] = sum;
    }
  }
}

export function depthwiseWeightGradient(g: Geometry): (x: Tensor, gradient: Tensor, out: Tensor) => void {
  const eachPixel = tapsOf(g);
  const { outChannels, patch } = g;
  return (x, gradient, out) => {
    const sums = scratch("taps", out.length);
    sums.fill(0, 0, out.length);
    eachPixel((output, inputs, taps, count) => weightPixel(x, gradient, sums, output, inputs, taps, count, g));
    for (let o = 0; o < outChannels; o++) {
      for (let tap = 0; tap < patch; tap++) out[o * patch + tap] = sums[tap * outChannels + o]!;
    }
  };
}

function weightPixel(
  x: Tensor,
  gradient: Tensor,
  sums: Float64Array,
  output: number,
  inputs: Int32Array,
  taps: Int32Array,
  count: number,
  { channels, outChannels, groupOutChannels }: Geometry,
): void {
  for (let t = 0; t < count; t++) {
    let i = inputs[t]! * channels;
    let k = taps[t]! * outChannels;
    let o = output * outChannels;
    for (const end = i + channels; i < end; i++) {
      const v = x[i]!;
      for (let m = 0; m < groupOutChannels; m++, k++) sums[k] = sums[k]! + v * gradient[o++]!;
    }
  }
}
