/** The way over an image that windows share: for every output pixel, the input pixels under its window. */
import type { Shape, WindowAttributes } from "../../../../compiler/graph/graph.ts";

/**
 * `inputs` and `taps` hold `count` entries: pixels inside the image, counted through the batch, and which of the
 * window's places (row-major) each is under. Both arrays are used again for the next pixel.
 */
export type Visit = (output: number, inputs: Int32Array, taps: Int32Array, count: number) => void;

/** A function that visits all output pixels in row-major order. `image` and `out` are NHWC. */
export function createTaps(attributes: WindowAttributes, image: Shape, out: Shape): (visit: Visit) => void {
  const [images, height, width] = image as [number, number, number, number];
  const [, outHeight, outWidth] = out as [number, number, number, number];
  const { kernel, stride, padding, dilation } = attributes;
  const inputs = new Int32Array(kernel[0] * kernel[1]);
  const taps = new Int32Array(kernel[0] * kernel[1]);
  return (visit) => {
    let output = 0;
    for (let n = 0; n < images; n++) {
      for (let outY = 0; outY < outHeight; outY++) {
        for (let outX = 0; outX < outWidth; outX++) {
          let count = 0;
          for (let ky = 0; ky < kernel[0]; ky++) {
            const y = outY * stride[0] - padding[0] + ky * dilation[0];
            if (y < 0 || y >= height) continue;
            for (let kx = 0; kx < kernel[1]; kx++) {
              const x = outX * stride[1] - padding[2] + kx * dilation[1];
              if (x < 0 || x >= width) continue;
              inputs[count] = (n * height + y) * width + x;
              taps[count++] = ky * kernel[1] + kx;
            }
          }
          visit(output++, inputs, taps, count);
        }
      }
    }
  };
}
