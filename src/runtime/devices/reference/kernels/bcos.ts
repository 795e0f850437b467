/**
 * The B-cos operations: Böhle et al. 2024, "B-cos alignment for inherently interpretable CNNs and vision transformers",
 * with the stabilisers of its published implementation.
 */
import { sizeOf } from "../../../../shape.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { scratch } from "../scratch.ts";
import { createTaps } from "./taps.ts";

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
  const groups = node.shape[3]!;
  const { epsilon } = node.attributes;
  const each = shape![3]! / groups;
  const pixels = sizeOf(shape!) / each;
  const eachPixel = createTaps(node.attributes, shape!, node.shape);
  return ([x], out) => {
    // Squares are summed over channels once, then over the windows.
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
    eachPixel((output, inputs, _, count) => {
      for (let g = 0; g < groups; g++) {
        let sum = 0;
        for (let t = 0; t < count; t++) sum += squares[inputs[t]! * groups + g]!;
        out[output * groups + g] = Math.sqrt(sum + epsilon);
      }
    });
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
