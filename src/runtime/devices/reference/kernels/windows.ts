/** Windows over NHWC, channel by channel. */
import type { Shape, WindowAttributes } from "../../../../compiler/graph/graph.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { scratch } from "../scratch.ts";

/**
 * For every output pixel, `begin(output)`, then `visit(output, input)` for each of its window's pixels inside the image
 * in row-major order, then `end(output)`. The arguments count pixels, not elements.
 */
function createWindows(attributes: WindowAttributes, image: Shape, out: Shape) {
  const [images, height, width] = image as [number, number, number, number];
  const [, outHeight, outWidth] = out as [number, number, number, number];
  const { kernel, stride, padding, dilation } = attributes;
  return (
    visit: (output: number, input: number) => void,
    begin?: (output: number) => void,
    end?: (output: number) => void,
  ) => {
    let output = 0;
    for (let n = 0; n < images; n++) {
      for (let outY = 0; outY < outHeight; outY++) {
        for (let outX = 0; outX < outWidth; outX++, output++) {
          begin?.(output);
          for (let ky = 0; ky < kernel[0]; ky++) {
            const y = outY * stride[0] - padding[0] + ky * dilation[0];
            if (y < 0 || y >= height) continue;
            for (let kx = 0; kx < kernel[1]; kx++) {
              const x = outX * stride[1] - padding[2] + kx * dilation[1];
              if (x >= 0 && x < width) visit(output, (n * height + y) * width + x);
            }
          }
          end?.(output);
        }
      }
    }
  };
}

const windowSum: Kernel<"window_sum"> = (node, [shape]) => {
  const channels = node.shape[3]!;
  const each = createWindows(node.attributes, shape!, node.shape);
  return ([x], out) => {
    const image = x!;
    const sums = scratch("sums", channels);
    each(
      (_, input) => {
        const start = input * channels;
        for (let c = 0; c < channels; c++) sums[c] = sums[c]! + image[start + c]!;
      },
      () => sums.fill(0, 0, channels),
      (output) => {
        const start = output * channels;
        for (let c = 0; c < channels; c++) out[start + c] = sums[c]!;
      },
    );
  };
};

const windowSpread: Kernel<"window_spread"> = (node, [shape]) => {
  const channels = node.shape[3]!;
  const each = createWindows(node.attributes, node.shape, shape!);
  return ([g], out) => {
    const gradient = g!;
    const sums = scratch("image", out.length);
    sums.fill(0, 0, out.length);
    each((output, input) => {
      const from = output * channels;
      const to = input * channels;
      for (let c = 0; c < channels; c++) sums[to + c] = sums[to + c]! + gradient[from + c]!;
    });
    for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
  };
};

const windowMax: Kernel<"window_max"> = (node, [shape]) => {
  const channels = node.shape[3]!;
  const each = createWindows(node.attributes, shape!, node.shape);
  return ([x], out) => {
    const image = x!;
    out.fill(-Infinity);
    each((output, input) => {
      const from = input * channels;
      const to = output * channels;
      for (let c = 0; c < channels; c++) out[to + c] = Math.max(out[to + c]!, image[from + c]!);
    });
  };
};

const windowRoute: Kernel<"window_route"> = (node, [, shape, outShape]) => {
  const channels = shape![3]!;
  const each = createWindows(node.attributes, shape!, outShape!);
  return ([g, x, y], out) => {
    const [gradient, image, maxima] = [g!, x!, y!];
    const sums = scratch("image", out.length);
    // 1 while the channel's maximum is still to be found.
    const open = scratch("open", channels);
    sums.fill(0, 0, out.length);
    each(
      (output, input) => {
        const from = output * channels;
        const to = input * channels;
        for (let c = 0; c < channels; c++) {
          if (open[c] === 0 || image[to + c] !== maxima[from + c]) continue;
          open[c] = 0;
          sums[to + c] = sums[to + c]! + gradient[from + c]!;
        }
      },
      () => open.fill(1, 0, channels),
    );
    for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
  };
};

export const windowKernels = {
  window_sum: windowSum,
  window_spread: windowSpread,
  window_max: windowMax,
  window_route: windowRoute,
} satisfies Partial<KernelTable>;
