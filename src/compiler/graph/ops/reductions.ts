/** Ops that combine along axes. The reduced axes stay, with length 1. */
import { exp, filled, mean, mul, sub, sum, times } from "../build.ts";
import { sizeOf } from "../graph.ts";
import type { Shape } from "../graph.ts";
import type { OpGroup, Specimen } from "./definition.ts";
import { expect, expectAxes, expectSame, formatShape, reducedShape } from "./shapes.ts";

type Reduction = "reduce_sum" | "reduce_mean" | "reduce_max" | "reduce_variance";

const overAxes: readonly Pick<Specimen<Reduction>, "inputs" | "attributes">[] = [
  { inputs: [{ shape: [2, 3, 2] }], attributes: { axes: [1] } },
  { inputs: [{ shape: [2, 3, 2] }], attributes: { axes: [2, 0] } },
  { inputs: [{ shape: [4] }], attributes: { axes: [0] } },
];

const reducedCount = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((a) => shape[a]!));

function nonEmpty(x: Shape, axes: readonly number[]): Shape {
  const shape = reducedShape(x, axes);
  expect(reducedCount(x, axes) > 0, () => `nothing to reduce in ${formatShape(x)} along ${formatShape(axes)}`);
  return shape;
}

function alongAxis(x: Shape, axis: number): Shape {
  expectAxes([axis], x.length, "axis");
  return x;
}

export const reductions: OpGroup<Reduction | "route_max" | "softmax" | "log_softmax"> = {
  reduce_sum: {
    doc: "Sum over axes",
    arity: 1,
    shape: ([x], { axes }) => reducedShape(x!, axes),
    flops: (_, [x]) => sizeOf(x!),
    gradient: ({ graph: b, inputs, cotangent }) => [b.emit("broadcast", [cotangent], { shape: b.shapeOf(inputs[0]!) })],
    specimens: overAxes,
  },
  reduce_mean: {
    doc: "Mean over axes",
    arity: 1,
    shape: ([x], { axes }) => nonEmpty(x!, axes),
    flops: (_, [x]) => sizeOf(x!),
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const shape = b.shapeOf(inputs[0]!);
      const scaled = times(b, cotangent, 1 / reducedCount(shape, node.attributes.axes));
      return [b.emit("broadcast", [scaled], { shape })];
    },
    specimens: overAxes,
  },
  reduce_max: {
    doc: "Maximum over axes; the gradient goes to the first maximum in row-major order",
    arity: 1,
    shape: ([x], { axes }) => nonEmpty(x!, axes),
    flops: (_, [x]) => sizeOf(x!),
    gradient: ({ graph: b, node, inputs, output, cotangent }) => [
      b.emit("route_max", [cotangent, inputs[0]!, output], node.attributes),
    ],
    specimens: overAxes,
  },
  reduce_variance: {
    doc: "Biased variance over axes, about the mean: Σ (x − mean)² / count",
    arity: 1,
    shape: ([x], { axes }) => nonEmpty(x!, axes),
    flops: (_, [x]) => 4 * sizeOf(x!),
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const x = inputs[0]!;
      const { axes } = node.attributes;
      const scaled = times(b, cotangent, 2 / reducedCount(b.shapeOf(x), axes));
      return [mul(b, scaled, sub(b, x, mean(b, x, axes)))];
    },
    specimens: overAxes,
  },
  route_max: {
    doc: "(g, x, y = reduce_max(x)): g at the first maximum of each reduced set, 0 elsewhere",
    arity: 3,
    shape: ([g, x, y], { axes }) => {
      const reduced = reducedShape(x!, axes);
      expectSame(g!, reduced, "the cotangent");
      expectSame(y!, reduced, "the maximum");
      return x!;
    },
    flops: (_, [, x]) => sizeOf(x!),
    // Linear in g; where the maximum is does not change with small changes of x.
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const [g, x, y] = inputs as readonly [number, number, number];
      const { axes } = node.attributes;
      const mask = b.emit("route_max", [filled(b, 1, b.shapeOf(g)), x, y], { axes });
      return [sum(b, mul(b, cotangent, mask), axes), undefined, undefined];
    },
    specimens: [
      {
        inputs: [{ shape: [2, 1, 2] }, { shape: [2, 3, 2] }],
        attributes: { axes: [1] },
        build: (b, [g, x]) => b.emit("route_max", [g!, x!, b.emit("reduce_max", [x!], { axes: [1] })], { axes: [1] }),
      },
    ],
  },
  softmax: {
    doc: "exp(x) / Σ exp(x) along an axis, without overflow",
    arity: 1,
    shape: ([x], { axis }) => alongAxis(x!, axis),
    flops: (node) => 5 * sizeOf(node.shape),
    gradient: ({ graph: b, node, output, cotangent }) => {
      const weighted = mul(b, cotangent, output);
      return [sub(b, weighted, mul(b, output, sum(b, weighted, [node.attributes.axis])))];
    },
    specimens: [
      { inputs: [{ shape: [2, 4], range: [-2, 2] }], attributes: { axis: 1 } },
      { inputs: [{ shape: [2, 3, 2], range: [-2, 2] }], attributes: { axis: 1 } },
    ],
  },
  log_softmax: {
    doc: "x − ln Σ exp(x) along an axis, without overflow",
    arity: 1,
    shape: ([x], { axis }) => alongAxis(x!, axis),
    flops: (node) => 5 * sizeOf(node.shape),
    gradient: ({ graph: b, node, output, cotangent }) => [
      sub(b, cotangent, mul(b, exp(b, output), sum(b, cotangent, [node.attributes.axis]))),
    ],
    specimens: [
      { inputs: [{ shape: [2, 4], range: [-2, 2] }], attributes: { axis: 1 } },
      { inputs: [{ shape: [3, 2], range: [-2, 2] }], attributes: { axis: 0 } },
    ],
  },
};
