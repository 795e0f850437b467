/** Ops that move numbers and compute none (but for sums over blocks). */
import { pad, reshape, slice, transpose, unbroadcast } from "../build.ts";
import { sizeOf } from "../graph.ts";
import type { Shape } from "../graph.ts";
import type { OpGroup } from "./definition.ts";
import { broadcastsTo, expect, expectAxes, expectRank, expectWhole, formatShape } from "./shapes.ts";

type Form = "reshape" | "broadcast" | "transpose" | "slice" | "pad" | "concat" | "upsample" | "block_sum";

function expectFactor(x: Shape, factor: readonly number[]): void {
  expectRank(x, 4, "the image");
  expectWhole(factor, 1, "factor", 2);
}

export const form: OpGroup<Form> = {
  reshape: {
    doc: "The same numbers in the same row-major order, under another shape",
    arity: 1,
    shape: ([x], { shape }) => {
      expectWhole(shape, 0, "the shape");
      expect(sizeOf(x!) === sizeOf(shape), () => `${formatShape(x!)} does not reshape to ${formatShape(shape)}`);
      return shape;
    },
    flops: () => 0,
    gradient: ({ graph: b, inputs, cotangent }) => [reshape(b, cotangent, b.shapeOf(inputs[0]!))],
    specimens: [
      { inputs: [{ shape: [2, 6] }], attributes: { shape: [3, 2, 2] } },
      { inputs: [{ shape: [1, 1] }], attributes: { shape: [] } },
    ],
  },
  broadcast: {
    doc: "Repeats along axes of length 1 and new leading axes, up to a shape",
    arity: 1,
    shape: ([x], { shape }) => {
      expectWhole(shape, 0, "the shape");
      expect(broadcastsTo(x!, shape), () => `${formatShape(x!)} does not broadcast to ${formatShape(shape)}`);
      return shape;
    },
    flops: () => 0,
    gradient: ({ graph: b, inputs, cotangent }) => [unbroadcast(b, cotangent, b.shapeOf(inputs[0]!))],
    specimens: [
      { inputs: [{ shape: [2, 1, 3] }], attributes: { shape: [2, 2, 3] } },
      { inputs: [{ shape: [3, 1] }], attributes: { shape: [2, 3, 2] } },
      { inputs: [{ shape: [] }], attributes: { shape: [2] } },
    ],
  },
  transpose: {
    doc: "Axis i of the result is axis permutation[i] of the input",
    arity: 1,
    shape: ([x], { permutation }) => {
      expectAxes(permutation, x!.length, "permutation");
      expect(
        permutation.length === x!.length,
        () => `permutation ${formatShape(permutation)} does not fit ${x!.length} axes`,
      );
      return permutation.map((axis) => x![axis]!);
    },
    flops: () => 0,
    gradient: ({ graph: b, node, cotangent }) => {
      const { permutation } = node.attributes;
      return [
        transpose(
          b,
          cotangent,
          permutation.map((_, axis) => permutation.indexOf(axis)),
        ),
      ];
    },
    specimens: [
      { inputs: [{ shape: [2, 3] }], attributes: { permutation: [1, 0] } },
      { inputs: [{ shape: [2, 3, 4] }], attributes: { permutation: [2, 0, 1] } },
    ],
  },
  slice: {
    doc: "`size` numbers along each axis, from `start` on",
    arity: 1,
    shape: ([x], { start, size }) => {
      expectWhole(start, 0, "start", x!.length);
      expectWhole(size, 0, "size", x!.length);
      expect(
        x!.every((d, i) => start[i]! + size[i]! <= d),
        () => `the slice at ${formatShape(start)} of ${formatShape(size)} reaches out of ${formatShape(x!)}`,
      );
      return size;
    },
    flops: () => 0,
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const { start, size } = node.attributes;
      const after = b.shapeOf(inputs[0]!).map((d, i) => d - start[i]! - size[i]!);
      return [pad(b, cotangent, start, after)];
    },
    specimens: [{ inputs: [{ shape: [3, 4] }], attributes: { start: [1, 0], size: [2, 3] } }],
  },
  pad: {
    doc: "Zeros before and after each axis",
    arity: 1,
    shape: ([x], { before, after }) => {
      expectWhole(before, 0, "before", x!.length);
      expectWhole(after, 0, "after", x!.length);
      return x!.map((d, i) => before[i]! + d + after[i]!);
    },
    flops: () => 0,
    gradient: ({ graph: b, node, inputs, cotangent }) => [
      slice(b, cotangent, node.attributes.before, b.shapeOf(inputs[0]!)),
    ],
    specimens: [{ inputs: [{ shape: [2, 3] }], attributes: { before: [1, 0], after: [0, 2] } }],
  },
  concat: {
    doc: "One behind the other along an axis",
    arity: { min: 1, max: Infinity },
    shape: (inputs, { axis }) => {
      const first = inputs[0]!;
      expectAxes([axis], first.length, "axis");
      const length = inputs.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
      for (const shape of inputs) {
        expect(
          shape.length === first.length && shape.every((d, i) => i === axis || d === first[i]),
          () => `${inputs.map(formatShape).join(" and ")} differ in more than axis ${axis}`,
        );
      }
      return first.map((d, i) => (i === axis ? length : d));
    },
    flops: () => 0,
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const { axis } = node.attributes;
      let offset = 0;
      return inputs.map((value) => {
        const size = b.shapeOf(value);
        const start = size.map((_, i) => (i === axis ? offset : 0));
        offset += size[axis]!;
        return slice(b, cotangent, start, size);
      });
    },
    specimens: [
      { inputs: [{ shape: [2, 1] }, { shape: [2, 3] }, { shape: [2, 2] }], attributes: { axis: 1 } },
      { inputs: [{ shape: [1, 2, 2] }, { shape: [2, 2, 2] }], attributes: { axis: 0 } },
    ],
  },
  upsample: {
    doc: "Nearest neighbour by whole factors (height, width), NHWC",
    arity: 1,
    shape: ([x], { factor }) => {
      expectFactor(x!, factor);
      return [x![0]!, x![1]! * factor[0], x![2]! * factor[1], x![3]!];
    },
    flops: () => 0,
    gradient: ({ graph: b, node, cotangent }) => [b.emit("block_sum", [cotangent], node.attributes)],
    specimens: [{ inputs: [{ shape: [2, 2, 3, 2] }], attributes: { factor: [2, 3] } }],
  },
  block_sum: {
    doc: "Sum over whole blocks (height, width), NHWC: the transpose of `upsample`",
    arity: 1,
    shape: ([x], { factor }) => {
      expectFactor(x!, factor);
      expect(
        x![1]! % factor[0] === 0 && x![2]! % factor[1] === 0,
        () => `${formatShape(x!)} does not divide into blocks of ${formatShape(factor)}`,
      );
      return [x![0]!, x![1]! / factor[0], x![2]! / factor[1], x![3]!];
    },
    flops: (_, [x]) => sizeOf(x!),
    gradient: ({ graph: b, node, cotangent }) => [b.emit("upsample", [cotangent], node.attributes)],
    specimens: [{ inputs: [{ shape: [2, 4, 3, 2] }], attributes: { factor: [2, 3] } }],
  },
};
