/** Sums and maxima over windows of an NHWC image, channel by channel. */
import { sizeOf } from "../graph.ts";
import type { Shape, WindowAttributes } from "../graph.ts";
import type { OpGroup, Specimen } from "./definition.ts";
import { expectNoEmptyWindow, expectSame, expectWhole, windowShape } from "./shapes.ts";

type Window = "window_sum" | "window_spread" | "window_max" | "window_route";

interface WindowCase {
  readonly x: Shape;
  readonly window: WindowAttributes;
}

const cases: readonly WindowCase[] = [
  { x: [1, 4, 4, 2], window: { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0], dilation: [1, 1] } },
  { x: [1, 5, 4, 1], window: { kernel: [3, 2], stride: [2, 1], padding: [1, 1, 0, 1], dilation: [1, 1] } },
  { x: [1, 5, 5, 2], window: { kernel: [2, 2], stride: [1, 2], padding: [1, 0, 0, 1], dilation: [2, 2] } },
];

const oneInput: readonly Pick<Specimen<"window_sum" | "window_max">, "inputs" | "attributes">[] = cases.map(
  ({ x, window }) => ({
    inputs: [{ shape: x }],
    attributes: window,
  }),
);

const resultOf = ({ x, window }: WindowCase): Shape => windowShape(x, window, x[3]!);

function maxShape(x: Shape, window: WindowAttributes): Shape {
  const shape = windowShape(x, window, x[3]!);
  expectNoEmptyWindow(x, window);
  return shape;
}

const perElement = (shape: Shape, window: WindowAttributes): number => sizeOf(shape) * sizeOf(window.kernel);

export const windows: OpGroup<Window> = {
  window_sum: {
    doc: "Sum over each window, zeros outside the image",
    arity: 1,
    shape: ([x], window) => windowShape(x!, window, x![3]!),
    flops: (node) => perElement(node.shape, node.attributes),
    gradient: ({ graph: b, node, inputs, cotangent }) => [
      b.emit("window_spread", [cotangent], { ...node.attributes, inputShape: b.shapeOf(inputs[0]!) }),
    ],
    specimens: oneInput,
  },
  window_spread: {
    doc: "Adds each number to all places of its window: the transpose of `window_sum`",
    arity: 1,
    shape: ([g], { inputShape, ...window }) => {
      expectWhole(inputShape, 0, "inputShape", 4);
      expectSame(g!, windowShape(inputShape, window, inputShape[3]!), "the cotangent");
      return inputShape;
    },
    flops: (node, [g]) => perElement(g!, node.attributes),
    gradient: ({ graph: b, node, cotangent }) => {
      const { inputShape: _, ...window } = node.attributes;
      return [b.emit("window_sum", [cotangent], window)];
    },
    specimens: cases.map((c) => ({
      inputs: [{ shape: resultOf(c) }],
      attributes: { ...c.window, inputShape: c.x },
    })),
  },
  window_max: {
    doc: "Maximum over each window, minus infinity outside the image; the gradient goes to the first maximum",
    arity: 1,
    shape: ([x], window) => maxShape(x!, window),
    flops: (node) => perElement(node.shape, node.attributes),
    gradient: ({ graph: b, node, inputs, output, cotangent }) => [
      b.emit("window_route", [cotangent, inputs[0]!, output], node.attributes),
    ],
    specimens: oneInput,
  },
  window_route: {
    doc: "(g, x, y = window_max(x)): adds each g at the first maximum of its window",
    arity: 3,
    shape: ([g, x, y], window) => {
      const shape = maxShape(x!, window);
      expectSame(g!, shape, "the cotangent");
      expectSame(y!, shape, "the maximum");
      return x!;
    },
    flops: (node, [g]) => perElement(g!, node.attributes),
    notDifferentiable: "its transpose would gather at the maxima, for which there is no op",
    specimens: cases.map((c) => ({
      inputs: [{ shape: resultOf(c) }, { shape: c.x }],
      attributes: c.window,
      build: (b, [g, x]) => b.emit("window_route", [g!, x!, b.emit("window_max", [x!], c.window)], c.window),
    })),
  },
};
