/** Leaves with values, and changes of form: numbers are copied, repeated or summed in blocks. */
import type { Shape } from "../../../../compiler/graph/graph.ts";
import type { Tensor } from "../../../device.ts";
import { fillUniform } from "../../../random.ts";
import type { Kernel, KernelTable, Run } from "../kernel.ts";
import { broadcastStrides, createWalk, rowMajorStrides } from "../layout.ts";
import { scratch } from "../scratch.ts";

const constant: Kernel<"constant"> = (node) => {
  const { values } = node.attributes;
  return (_, out) => {
    if (values.length === 1) out.fill(values[0]!);
    else out.set(values);
  };
};

const randomUniform: Kernel<"random_uniform"> = (node) => {
  const { key } = node.attributes;
  return ([step], out) => fillUniform(key, step === undefined ? 0 : step[0]!, out);
};

/** Copies a box: its elements lie at `from` + Σ index · stride in the input and likewise in the output. */
function copyBox(
  shape: Shape,
  read: { readonly start: number; readonly strides: readonly number[] },
  write: { readonly start: number; readonly strides: readonly number[] },
): (x: Tensor, out: Tensor) => void {
  const walk = createWalk(shape, [read.strides, write.strides]);
  const [source, target] = [walk.operands[0]!, walk.operands[1]!];
  const { planes, rows, columns } = walk;
  const runs = source.column === 1 && target.column === 1 && columns >= 16;
  return (x, out) => {
    for (let p = 0; p < planes; p++) {
      for (let r = 0; r < rows; r++) {
        let i = read.start + source.starts[p]! + r * source.row;
        let o = write.start + target.starts[p]! + r * target.row;
        if (runs) {
          out.set(x.subarray(i, i + columns), o);
          continue;
        }
        for (let c = 0; c < columns; c++) {
          out[o] = x[i]!;
          i += source.column;
          o += target.column;
        }
      }
    }
  };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, v, i) => sum + v * b[i]!, 0);
}

const broadcast: Kernel<"broadcast"> = (node, [shape]) => {
  const copy = copyBox(
    node.shape,
    { start: 0, strides: broadcastStrides(shape!, node.shape) },
    { start: 0, strides: rowMajorStrides(node.shape) },
  );
  return ([x], out) => copy(x!, out);
};

const transpose: Kernel<"transpose"> = (node, [shape]) => {
  const strides = rowMajorStrides(shape!);
  const copy = copyBox(
    node.shape,
    { start: 0, strides: node.attributes.permutation.map((axis) => strides[axis]!) },
    { start: 0, strides: rowMajorStrides(node.shape) },
  );
  return ([x], out) => copy(x!, out);
};

const slice: Kernel<"slice"> = (node, [shape]) => {
  const strides = rowMajorStrides(shape!);
  const copy = copyBox(
    node.shape,
    { start: dot(node.attributes.start, strides), strides },
    { start: 0, strides: rowMajorStrides(node.shape) },
  );
  return ([x], out) => copy(x!, out);
};

const pad: Kernel<"pad"> = (node, [shape]) => {
  const strides = rowMajorStrides(node.shape);
  const copy = copyBox(
    shape!,
    { start: 0, strides: rowMajorStrides(shape!) },
    { start: dot(node.attributes.before, strides), strides },
  );
  return ([x], out) => {
    out.fill(0);
    copy(x!, out);
  };
};

const concat: Kernel<"concat"> = (node, shapes) => {
  const axis = node.attributes.axis < 0 ? node.attributes.axis + node.shape.length : node.attributes.axis;
  const strides = rowMajorStrides(node.shape);
  let before = 0;
  const copies = shapes.map((shape) => {
    const start = before * strides[axis]!;
    before += shape[axis]!;
    return copyBox(shape, { start: 0, strides: rowMajorStrides(shape) }, { start, strides });
  });
  return (inputs, out) => copies.forEach((copy, k) => copy(inputs[k]!, out));
};

const upsample: Kernel<"upsample"> = (node, [shape]) => {
  const [n, h, w, c] = shape as [number, number, number, number];
  const [fy, fx] = node.attributes.factor;
  const strides = rowMajorStrides(shape!);
  // [n, h, fy, w, fx, c], with stride 0 along the repeats.
  const blocks = [n, h, fy, w, fx, c];
  const copy = copyBox(
    blocks,
    { start: 0, strides: [strides[0]!, strides[1]!, 0, strides[2]!, 0, strides[3]!] },
    { start: 0, strides: rowMajorStrides(blocks) },
  );
  return ([x], out) => copy(x!, out);
};

function blockSums(shape: Shape, [fy, fx]: readonly [number, number]): Run {
  const [n, h, w, c] = shape as [number, number, number, number];
  const rowSize = w * c;
  return ([x], out) => {
    // One row of the output at a time.
    const sums = scratch("sums", rowSize);
    let i = 0;
    for (let row = 0; row < n * h; row++) {
      sums.fill(0, 0, rowSize);
      for (let dy = 0; dy < fy; dy++) {
        for (let column = 0; column < w; column++) {
          for (let dx = 0; dx < fx; dx++) {
            for (let k = column * c; k < (column + 1) * c; k++) sums[k] = sums[k]! + x![i++]!;
          }
        }
      }
      for (let k = 0; k < rowSize; k++) out[row * rowSize + k] = sums[k]!;
    }
  };
}

const blockSum: Kernel<"block_sum"> = (node) => blockSums(node.shape, node.attributes.factor);

export const formKernels = {
  constant,
  random_uniform: randomUniform,
  broadcast,
  transpose,
  slice,
  pad,
  concat,
  upsample,
  block_sum: blockSum,
} satisfies Partial<KernelTable>;
