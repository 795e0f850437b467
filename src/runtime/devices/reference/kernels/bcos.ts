/**
 * The B-cos operations: Böhle et al. 2024, "B-cos alignment for inherently interpretable CNNs and vision transformers",
 * with the stabilisers of its published implementation.
 */
import type { Kernel, KernelTable } from "../kernel.ts";
import { scratch } from "../scratch.ts";

/** What is added to |cos| where the exponent is not 2. */
const COSINE_EPSILON = 1e-6;

const unitRows: Kernel<"unit_rows"> = (node) => {
  const rows = node.shape[0]!;
  return ([x], out) => {
    const width = out.length / rows;
    for (let start = 0; start < out.length; start += width) {
      let sum = 0;
      for (let i = start; i < start + width; i++) {
        const v = x![i]!;
        sum += v * v;
      }
      const norm = Math.sqrt(sum);
      for (let i = start; i < start + width; i++) out[i] = x![i]! / norm;
    }
  };
};

const rowNorm: Kernel<"row_norm"> = (node, [shape]) => {
  const width = shape!.at(-1)!;
  const { epsilon } = node.attributes;
  return ([x], out) => {
    let i = 0;
    for (let r = 0; r < out.length; r++) {
      let sum = 0;
      for (const end = i + width; i < end; i++) {
        const v = x![i]!;
        sum += v * v;
      }
      out[r] = Math.sqrt(sum) + epsilon;
    }
  };
};

const patchNorm: Kernel<"patch_norm"> = (node, [shape]) => {
  const [images, height, width, channels] = shape as [number, number, number, number];
  const [, outHeight, outWidth, groups] = node.shape as [number, number, number, number];
  const { kernel, stride, padding, dilation, epsilon } = node.attributes;
  const each = channels / groups;
  return ([x], out) => {
    // Squares are summed over channels once, then over the window.
    const pixels = images * height * width * groups;
    const squares = scratch("image", pixels);
    let i = 0;
    for (let p = 0; p < pixels; p++) {
      let sum = 0;
      for (const end = i + each; i < end; i++) {
        const v = x![i]!;
        sum += v * v;
      }
      squares[p] = sum;
    }
    let o = 0;
    for (let n = 0; n < images; n++) {
      for (let outY = 0; outY < outHeight; outY++) {
        for (let outX = 0; outX < outWidth; outX++) {
          for (let g = 0; g < groups; g++) {
            let sum = 0;
            for (let ky = 0; ky < kernel[0]; ky++) {
              const y = outY * stride[0] - padding[0] + ky * dilation[0];
              if (y < 0 || y >= height) continue;
              for (let kx = 0; kx < kernel[1]; kx++) {
                const column = outX * stride[1] - padding[2] + kx * dilation[1];
                if (column >= 0 && column < width) sum += squares[((n * height + y) * width + column) * groups + g]!;
              }
            }
            out[o++] = Math.sqrt(sum + epsilon);
          }
        }
      }
    }
  };
};

const bcosScale: Kernel<"bcos_scale"> = (node, [, norms]) => {
  const { b } = node.attributes;
  const run = node.shape.at(-1)! / norms!.at(-1)!;
  return ([x, n], out) => {
    let i = 0;
    for (let k = 0; k < n!.length; k++) {
      const norm = n![k]!;
      if (b === 2) {
        for (const end = i + run; i < end; i++) {
          const v = x![i]!;
          out[i] = v * (Math.abs(v) / norm);
        }
      } else {
        for (const end = i + run; i < end; i++) {
          const v = x![i]!;
          out[i] = v * Math.pow(Math.abs(v / norm) + COSINE_EPSILON, b - 1);
        }
      }
    }
  };
};

export const bcosKernels = {
  unit_rows: unitRows,
  row_norm: rowNorm,
  patch_norm: patchNorm,
  bcos_scale: bcosScale,
} satisfies Partial<KernelTable>;
