/** Matrix product over the last two axes, batched. */
import { sizeOf, type Shape } from "../../../../shape.ts";
import type { Tensor } from "../../../device.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { blockRows, multiplyPanels, padded, panelSize } from "../product.ts";
import { scratch } from "../scratch.ts";

/** A matrix inside a tensor, by steps. */
interface View {
  readonly start: number;
  readonly row: number;
  readonly depth: number;
}

/** Packs `count` rows from `first` on into strips of four. */
function pack(x: Tensor, view: View, first: number, count: number, depth: number, panel: Float64Array): void {
  for (let r = 0; r < count; r++) {
    let i = view.start + (first + r) * view.row;
    let o = (r >> 2) * depth * 4 + (r & 3);
    for (let k = 0; k < depth; k++) {
      panel[o] = x[i]!;
      i += view.depth;
      o += 4;
    }
  }
}

const matmul: Kernel<"matmul"> = (node, [shapeA, shapeB]) => {
  const { transposeA, transposeB } = node.attributes;
  const rows = node.shape.at(-2)!;
  const columns = node.shape.at(-1)!;
  const depth = shapeA!.at(transposeA ? -2 : -1)!;
  const leading = (shape: Shape) => sizeOf(shape.slice(0, -2));
  const batchA = leading(shapeA!);
  const batchB = leading(shapeB!);
  // With one right side for all, the leading axes of an untransposed left side are just more rows.
  const flat = batchB === 1 && !transposeA;
  const batch = flat ? 1 : batchA;
  const height = flat ? rows * batchA : rows;
  const block = blockRows(height, depth);
  const pitch = padded(columns);

  return ([a, b], out) => {
    const panelA = scratch("panel a", panelSize(block, depth));
    const panelB = scratch("panel b", panelSize(columns, depth));
    const c = scratch("product", block * pitch);
    for (let n = 0; n < batch; n++) {
      const viewA = {
        start: n * rows * depth,
        row: transposeA ? 1 : depth,
        depth: transposeA ? rows : 1,
      };
      if (n === 0 || batchB > 1) {
        const start = n * columns * depth;
        const viewB = { start, row: transposeB ? depth : 1, depth: transposeB ? 1 : columns };
        pack(b!, viewB, 0, columns, depth, panelB);
      }
      for (let first = 0; first < height; first += block) {
        const count = Math.min(block, height - first);
        pack(a!, viewA, first, count, depth, panelA);
        multiplyPanels(panelA, padded(count) / 4, panelB, pitch / 4, depth, c, pitch, false);
        let o = (n * height + first) * columns;
        for (let r = 0; r < count; r++) {
          for (let i = r * pitch; i < r * pitch + columns; i++) out[o++] = c[i]!;
        }
      }
    }
  };
};

export const matmulKernels = { matmul } satisfies Partial<KernelTable>;
