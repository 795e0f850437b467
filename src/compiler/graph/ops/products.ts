/** Matrix products and convolutions: where the work is. */
import { conv2d, matmul, reshape, transpose } from "../build.ts";
import type { GraphBuilder } from "../builder.ts";
import { sameShape, sizeOf } from "../graph.ts";
import type { ConvAttributes, Shape, ValueId } from "../graph.ts";
import type { OpGroup, Specimen, SpecimenInput } from "./definition.ts";
import { convShape, expect, expectSame, expectWhole, formatShape } from "./shapes.ts";

type Product = "matmul" | "conv2d" | "conv2d_input_gradient" | "conv2d_weight_gradient";

function swapLast(b: GraphBuilder, x: ValueId): ValueId {
  const rank = b.shapeOf(x).length;
  return transpose(
    b,
    x,
    Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)),
  );
}

/** Leading axes folded into the rows. */
function flatRows(b: GraphBuilder, x: ValueId): ValueId {
  const shape = b.shapeOf(x);
  return reshape(b, x, [sizeOf(shape.slice(0, -1)), shape.at(-1)!]);
}

function matmulGradient(
  graph: GraphBuilder,
  [x, y]: readonly ValueId[],
  g: ValueId,
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
): readonly ValueId[] {
  const left = x!;
  const right = y!;
  const shared = graph.shapeOf(right).length === 2 && graph.shapeOf(left).length > 2;
  // With A, B as multiplied: dA = g·Bᵀ, dB = Aᵀ·g; a transposed operand gets the transpose.
  const plainLeft = (): ValueId => matmul(graph, g, right, { b: !transposeB });
  const dLeft = !transposeA
    ? plainLeft()
    : shared
      ? swapLast(graph, plainLeft())
      : matmul(graph, right, g, { a: transposeB, b: true });
  if (shared) {
    // One right side for all leading axes: they join the rows of one product.
    const rows = flatRows(graph, transposeA ? swapLast(graph, left) : left);
    const flat = flatRows(graph, g);
    return [dLeft, transposeB ? matmul(graph, flat, rows, { a: true }) : matmul(graph, rows, flat, { a: true })];
  }
  return [
    dLeft,
    transposeB ? matmul(graph, g, left, { a: true, b: transposeA }) : matmul(graph, left, g, { a: !transposeA }),
  ];
}

const plainConv: ConvAttributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 };

interface ConvCase {
  readonly x: Shape;
  readonly w: Shape;
  readonly conv: ConvAttributes;
}

/** Strides that leave a rest, uneven padding, dilation, groups. */
const convCases: readonly ConvCase[] = [
  { x: [2, 3, 3, 2], w: [3, 1, 1, 2], conv: plainConv },
  { x: [1, 5, 4, 2], w: [2, 3, 2, 2], conv: { ...plainConv, stride: [2, 1], padding: [1, 1, 0, 1] } },
  { x: [1, 4, 5, 4], w: [4, 3, 3, 2], conv: { ...plainConv, stride: [2, 2], padding: [1, 1, 1, 1], groups: 2 } },
  { x: [1, 5, 5, 1], w: [2, 2, 3, 1], conv: { ...plainConv, padding: [0, 1, 2, 2], dilation: [2, 2] } },
  { x: [1, 6, 4, 3], w: [3, 3, 3, 1], conv: { stride: [3, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 3 } },
];

const numbers = (shape: Shape): SpecimenInput => ({ shape });

function convSpecimens<K extends "conv2d" | "conv2d_input_gradient" | "conv2d_weight_gradient">(
  specimen: (c: ConvCase, output: Shape) => Specimen<K>,
): readonly Specimen<K>[] {
  return convCases.map((c) => specimen(c, convShape(c.x, c.w, c.conv)));
}

/** 2 · outputs · window · channels of the group. */
const convFlops = (output: Shape, weight: Shape): number => 2 * sizeOf(output) * sizeOf(weight.slice(1));

export const products: OpGroup<Product> = {
  matmul: {
    doc: "Matrix product over the last two axes; the leading axes are equal, or absent on the right side",
    arity: 2,
    shape: ([x, y], { transposeA, transposeB }) => {
      expect(
        x!.length >= 2 && y!.length >= 2,
        () => `a matrix product needs two axes or more, not ${formatShape(x!)} and ${formatShape(y!)}`,
      );
      const lead = x!.slice(0, -2);
      expect(
        y!.length === 2 || sameShape(y!.slice(0, -2), lead),
        () => `the leading axes of ${formatShape(x!)} and ${formatShape(y!)} differ`,
      );
      const [rows, inner] = transposeA ? [x!.at(-1)!, x!.at(-2)!] : [x!.at(-2)!, x!.at(-1)!];
      const [innerRight, columns] = transposeB ? [y!.at(-1)!, y!.at(-2)!] : [y!.at(-2)!, y!.at(-1)!];
      expect(
        inner === innerRight,
        () => `the inner lengths ${inner} and ${innerRight} of ${formatShape(x!)} and ${formatShape(y!)} differ`,
      );
      return [...lead, rows, columns];
    },
    flops: (node, [x]) => 2 * sizeOf(node.shape) * x!.at(node.attributes.transposeA ? -2 : -1)!,
    gradient: ({ graph, node, inputs, cotangent }) => matmulGradient(graph, inputs, cotangent, node.attributes),
    specimens: [false, true].flatMap((transposeA) =>
      [false, true].flatMap((transposeB) => {
        const x: Shape = transposeA ? [3, 2] : [2, 3];
        const y: Shape = transposeB ? [4, 3] : [3, 4];
        const attributes = { transposeA, transposeB };
        return [
          { inputs: [numbers(x), numbers(y)], attributes },
          { inputs: [numbers([2, ...x]), numbers([2, ...y])], attributes },
          { inputs: [numbers([2, 1, ...x]), numbers(y)], attributes },
        ];
      }),
    ),
  },
  conv2d: {
    doc: "x [N,H,W,C], w [O,kh,kw,C/groups] → [N,H',W',O]: cross-correlation",
    arity: 2,
    shape: ([x, w], conv) => convShape(x!, w!, conv),
    flops: (node, [, w]) => convFlops(node.shape, w!),
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const [x, w] = inputs as readonly [ValueId, ValueId];
      const conv = node.attributes;
      return [
        b.emit("conv2d_input_gradient", [cotangent, w], { ...conv, inputShape: b.shapeOf(x) }),
        b.emit("conv2d_weight_gradient", [x, cotangent], { ...conv, weightShape: b.shapeOf(w) }),
      ];
    },
    specimens: convSpecimens(({ x, w, conv }) => ({ inputs: [numbers(x), numbers(w)], attributes: conv })),
  },
  conv2d_input_gradient: {
    doc: "(g [N,H',W',O], w) → the gradient to x: the transposed convolution",
    arity: 2,
    shape: ([g, w], { inputShape, ...conv }) => {
      expectWhole(inputShape, 0, "inputShape", 4);
      expectSame(g!, convShape(inputShape, w!, conv), "the cotangent");
      return inputShape;
    },
    flops: (_, [g, w]) => convFlops(g!, w!),
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const [g, w] = inputs as readonly [ValueId, ValueId];
      const { inputShape: _, ...conv } = node.attributes;
      return [
        conv2d(b, cotangent, w, conv),
        b.emit("conv2d_weight_gradient", [cotangent, g], { ...conv, weightShape: b.shapeOf(w) }),
      ];
    },
    specimens: convSpecimens(({ x, w, conv }, output) => ({
      inputs: [numbers(output), numbers(w)],
      attributes: { ...conv, inputShape: x },
    })),
  },
  conv2d_weight_gradient: {
    doc: "(x, g [N,H',W',O]) → the gradient to w",
    arity: 2,
    shape: ([x, g], { weightShape, ...conv }) => {
      expectWhole(weightShape, 0, "weightShape", 4);
      expectSame(g!, convShape(x!, weightShape, conv), "the cotangent");
      return weightShape;
    },
    flops: (node, [, g]) => convFlops(g!, node.shape),
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const [x, g] = inputs as readonly [ValueId, ValueId];
      const { weightShape: _, ...conv } = node.attributes;
      return [
        b.emit("conv2d_input_gradient", [g, cotangent], { ...conv, inputShape: b.shapeOf(x) }),
        conv2d(b, x, cotangent, conv),
      ];
    },
    specimens: convSpecimens(({ x, w, conv }, output) => ({
      inputs: [numbers(x), numbers(output)],
      attributes: { ...conv, weightShape: w },
    })),
  },
};
