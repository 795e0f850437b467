/** Reductions and softmax. */
import type { OpAttributes, Shape } from "../../../src/compiler/graph/graph.ts";
import { build, coarse, gen, indices, nd, sum } from "../nd.ts";
import type { Case, Cases } from "./case.ts";

const reductions: readonly (readonly [Shape, readonly number[]])[] = [
  [[7], [0]],
  [[3, 5], [1]],
  [[3, 5], [0]],
  [
    [2, 3, 3, 5],
    [0, 1, 2],
  ],
  [
    [2, 3, 3, 5],
    [1, 2],
  ],
  [[2, 3, 3, 5], [3]],
  [
    [2, 3, 3, 5],
    [0, 1, 2, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [2, 1, 3, 2],
    [0, 2],
  ],
  [
    [1, 1, 4],
    [0, 1],
  ],
];

const reducedShape = (shape: Shape, axes: readonly number[]) => shape.map((d, i) => (axes.includes(i) ? 1 : d));

/** The indices of the set behind an index of the reduced shape, in row-major order. */
function members(shape: Shape, axes: readonly number[], index: readonly number[]): number[][] {
  return [...indices(shape)].filter((i) => i.every((v, axis) => axes.includes(axis) || v === index[axis]));
}

function reduction<K extends "reduce_sum" | "reduce_mean" | "reduce_max" | "reduce_variance">(
  f: (values: number[]) => number,
) {
  return reductions.map(([shape, axes]): Case<K> => {
    const x = gen(shape, 0.4, 2);
    return {
      label: `[${shape}] over ${axes}`,
      attributes: { axes } as OpAttributes[K],
      inputs: [x],
      expected: build(reducedShape(shape, axes), (...index) => f(members(shape, axes, index).map((i) => x.at(...i)))),
    };
  });
}

const mean = (values: readonly number[]) => sum(values) / values.length;

const routes = reductions.map(([shape, axes]): Case<"route_max"> => {
  const x = coarse(shape, 0.4);
  const small = reducedShape(shape, axes);
  const g = gen(small, 0.1);
  const y = build(small, (...index) => Math.max(...members(shape, axes, index).map((i) => x.at(...i))));
  const expected = build(shape, (...i) => {
    const set = i.map((v, axis) => (axes.includes(axis) ? 0 : v));
    const first = members(shape, axes, set).find((m) => x.at(...m) === y.at(...set))!;
    return first.every((v, axis) => v === i[axis]) ? g.at(...set) : 0;
  });
  return { label: `[${shape}] over ${axes}`, attributes: { axes }, inputs: [g, x, y], expected };
});

function softmaxCases<K extends "softmax" | "log_softmax">(finish: (share: number) => number) {
  return (
    [
      [[2, 5], 1],
      [[3, 4, 2], 1],
      [[3, 1], 1],
      [[4, 3], 0],
    ] as const
  ).map(([shape, axis]): Case<K> => {
    const x = gen(shape, 0.4, 20);
    const total = (i: number[]) =>
      sum(Array.from({ length: shape[axis]! }, (_, k) => Math.exp(x.at(...i.with(axis, k)))));
    return {
      label: `[${shape}] over ${axis}`,
      attributes: { axis } as OpAttributes[K],
      inputs: [x],
      expected: build(shape, (...i) => finish(Math.exp(x.at(...i)) / total(i))),
    };
  });
}

export const reductionCases = {
  reduce_sum: reduction(sum),
  reduce_mean: reduction(mean),
  reduce_max: reduction((values) => Math.max(...values)),
  reduce_variance: reduction((values) => mean(values.map((v) => (v - mean(values)) ** 2))),
  route_max: routes,
  softmax: [
    ...softmaxCases<"softmax">((share) => share),
    { label: "large", attributes: { axis: 0 }, inputs: [nd([2], [1000, 1000])], expected: nd([2], [0.5, 0.5]) },
  ],
  log_softmax: softmaxCases(Math.log),
} satisfies Partial<Cases>;
