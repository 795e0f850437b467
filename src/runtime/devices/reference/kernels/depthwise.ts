/** Convolutions whose groups have one input channel: sums over the window, channel by channel. */
import type { Tensor } from "../../../device.ts";
import { scratch } from "../scratch.ts";
import type { Geometry } from "./convolution-geometry.ts";

/** Calls `visit` for every output pixel and kernel tap inside the image, with the first element of both pixels. */
function eachTap(g: Geometry, visit: (output: number, input: number, tap: number) => void): void {
  let output = 0;
  for (let image = 0; image < g.images; image++) {
    for (let outY = 0; outY < g.outHeight; outY++) {
      for (let outX = 0; outX < g.outWidth; outX++, output += g.outChannels) {
        for (let ky = 0; ky < g.kernelHeight; ky++) {
          const y = outY * g.strideY - g.top + ky * g.dilationY;
          if (y < 0 || y >= g.height) continue;
          for (let kx = 0; kx < g.kernelWidth; kx++) {
            const x = outX * g.strideX - g.left + kx * g.dilationX;
            if (x < 0 || x >= g.width) continue;
            visit(output, ((image * g.height + y) * g.width + x) * g.channels, ky * g.kernelWidth + kx);
          }
        }
      }
    }
  }
}

/** Weights [O, taps] as [taps, O]: then a tap's weights lie together, as the pixels' channels do. */
function tapMajor(w: Tensor, g: Geometry): Float64Array {
  const taps = g.patch;
  const turned = scratch("taps", taps * g.outChannels);
  for (let o = 0; o < g.outChannels; o++) {
    for (let tap = 0; tap < taps; tap++) turned[tap * g.outChannels + o] = w[o * taps + tap]!;
  }
  return turned;
}

export function depthwise(x: Tensor, w: Tensor, out: Tensor, g: Geometry): void {
  const { channels, outChannels, groupOutChannels: each } = g;
  const weights = tapMajor(w, g);
  const sums = scratch("image", out.length);
  sums.fill(0, 0, out.length);
  eachTap(g, (output, input, tap) => {
    let k = tap * outChannels;
    let o = output;
    for (let c = input; c < input + channels; c++) {
      const v = x[c]!;
      for (let m = 0; m < each; m++, o++, k++) sums[o] = sums[o]! + v * weights[k]!;
    }
  });
  for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
}

export function depthwiseInputGradient(gradient: Tensor, w: Tensor, out: Tensor, g: Geometry): void {
  const { channels, outChannels, groupOutChannels: each } = g;
  const weights = tapMajor(w, g);
  const sums = scratch("image", out.length);
  sums.fill(0, 0, out.length);
  eachTap(g, (output, input, tap) => {
    let k = tap * outChannels;
    let o = output;
    for (let c = input; c < input + channels; c++) {
      let sum = sums[c]!;
      for (let m = 0; m < each; m++, o++, k++) sum += gradient[o]! * weights[k]!;
      sums[c] = sum;
    }
  });
  for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
}

export function depthwiseWeightGradient(x: Tensor, gradient: Tensor, out: Tensor, g: Geometry): void {
  const { channels, outChannels, groupOutChannels: each, patch: taps } = g;
  const sums = scratch("taps", taps * outChannels);
  sums.fill(0, 0, taps * outChannels);
  eachTap(g, (output, input, tap) => {
    let k = tap * outChannels;
    let o = output;
    for (let c = input; c < input + channels; c++) {
      const v = x[c]!;
      for (let m = 0; m < each; m++, o++, k++) sums[k] = sums[k]! + v * gradient[o]!;
    }
  });
  for (let o = 0; o < outChannels; o++) {
    for (let tap = 0; tap < taps; tap++) out[o * taps + tap] = sums[tap * outChannels + o]!;
  }
}
