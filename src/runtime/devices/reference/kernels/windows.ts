/** Windows over NHWC, channel by channel. */
import type { Tensor } from "../../../device.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { scratch } from "../scratch.ts";
import { createTaps } from "./taps.ts";

const windowSum: Kernel<"window_sum"> = (node, [shape]) => {
  const channels = node.shape[3]!;
  const eachPixel = createTaps(node.attributes, shape!, node.shape);
  return ([x], out) => {
    const image = x!;
    eachPixel((output, inputs, _, count) => sumPixel(image, inputs, count, channels, out, output * channels));
  };
};

function sumPixel(x: Tensor, inputs: Int32Array, count: number, channels: number, out: Tensor, o: number): void {
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let t = 0; t < count; t++) sum += x[inputs[t]! * channels + c]!;
    out[o + c] = sum;
  }
}

const windowSpread: Kernel<"window_spread"> = (node, [shape]) => {
  const channels = node.shape[3]!;
  const eachPixel = createTaps(node.attributes, node.shape, shape!);
  return ([g], out) => {
    const gradient = g!;
    const sums = scratch("image", out.length);
    sums.fill(0, 0, out.length);
    eachPixel((output, inputs, _, count) => spreadPixel(gradient, output * channels, inputs, count, channels, sums));
    for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
  };
};

function spreadPixel(g: Tensor, from: number, inputs: Int32Array, count: number, channels: number, sums: Float64Array) {
  for (let c = 0; c < channels; c++) {
    const v = g[from + c]!;
    for (let t = 0; t < count; t++) {
      const i = inputs[t]! * channels + c;
      sums[i] = sums[i]! + v;
    }
  }
}

const windowMax: Kernel<"window_max"> = (node, [shape]) => {
  const channels = node.shape[3]!;
  const eachPixel = createTaps(node.attributes, shape!, node.shape);
  return ([x], out) => {
    const image = x!;
    eachPixel((output, inputs, _, count) => maxPixel(image, inputs, count, channels, out, output * channels));
  };
};

function maxPixel(x: Tensor, inputs: Int32Array, count: number, channels: number, out: Tensor, o: number): void {
  for (let c = 0; c < channels; c++) {
    let best = -Infinity;
    for (let t = 0; t < count; t++) best = Math.max(best, x[inputs[t]! * channels + c]!);
    out[o + c] = best;
  }
}

const windowRoute: Kernel<"window_route"> = (node, [, shape, outShape]) => {
  const channels = shape![3]!;
  const eachPixel = createTaps(node.attributes, shape!, outShape!);
  return ([g, x, y], out) => {
    const [gradient, image, maxima] = [g!, x!, y!];
    const sums = scratch("image", out.length);
    sums.fill(0, 0, out.length);
    eachPixel((output, inputs, _, count) => {
      for (let c = 0; c < channels; c++) {
        const o = output * channels + c;
        for (let t = 0; t < count; t++) {
          const i = inputs[t]! * channels + c;
          if (image[i] !== maxima[o]) continue;
          sums[i] = sums[i]! + gradient[o]!;
          break;
        }
      }
    });
    for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
  };
};

export const windowKernels = {
  window_sum: windowSum,
  window_spread: windowSpread,
  window_max: windowMax,
  window_route: windowRoute,
} satisfies Partial<KernelTable>;
