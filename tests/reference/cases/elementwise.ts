/** Element by element, with one, two and three inputs. */
import type { OpAttributes, OpKind, Shape } from "../../../src/compiler/graph/graph.ts";
import { build, coarse, gen, nd, sum, type Nd } from "../nd.ts";
import { broadcastAt, none, positive, type Case, type Cases } from "./case.ts";

function unary<K extends OpKind>(f: (v: number) => number, make: (shape: Shape) => Nd = (s) => gen(s, 0.3, 3)) {
  return [[1], [7], [2, 3, 5]].map((shape): Case<K> => {
    const x = make(shape);
    return {
      label: `[${shape}]`,
      attributes: none as OpAttributes[K],
      inputs: [x],
      expected: nd(shape, x.data.map(f)),
    };
  });
}

const broadcastShapes: readonly (readonly [Shape, Shape, Shape])[] = [
  [
    [3, 5],
    [3, 5],
    [3, 5],
  ],
  [[2, 3, 5], [1], [2, 3, 5]],
  [[3, 5], [], [3, 5]],
  [[], [], []],
  [[1], [2, 3], [2, 3]],
  [[2, 3, 3, 5], [5], [2, 3, 3, 5]],
  [
    [2, 3, 3, 5],
    [1, 1, 1, 5],
    [2, 3, 3, 5],
  ],
  [
    [2, 3, 3, 5],
    [2, 3, 3, 1],
    [2, 3, 3, 5],
  ],
  [
    [2, 3, 3, 5],
    [2, 1, 1, 5],
    [2, 3, 3, 5],
  ],
  [
    [2, 1, 3, 1],
    [1, 4, 1, 5],
    [2, 4, 3, 5],
  ],
  [
    [3, 1, 2, 1, 2],
    [1, 2, 1, 3, 2],
    [3, 2, 2, 3, 2],
  ],
];

function binary<K extends OpKind>(
  f: (a: number, b: number) => number,
  attributes: OpAttributes[K],
  shapes = broadcastShapes,
) {
  return shapes.map(([shapeA, shapeB, shape]): Case<K> => {
    const a = coarse(shapeA, 0.3);
    const b = gen(shapeB, 0.9, 2);
    return {
      label: `[${shapeA}] and [${shapeB}]`,
      attributes,
      inputs: [a, b],
      expected: build(shape, (...i) => f(broadcastAt(a, i), broadcastAt(b, i))),
    };
  });
}

/** erf by Simpson's rule on its integral. */
function erfBySimpson(x: number): number {
  const steps = 2000;
  const h = x / steps;
  const f = (t: number) => Math.exp(-t * t);
  const inner = Array.from({ length: steps - 1 }, (_, i) => (i % 2 === 0 ? 4 : 2) * f((i + 1) * h));
  return ((2 / Math.sqrt(Math.PI)) * h * (f(0) + sum(inner) + f(x))) / 3;
}

export const elementwiseCases = {
  neg: unary((v) => -v),
  abs: unary((v) => (v < 0 ? -v : v)),
  sign: unary(
    (v) => (v > 0 ? 1 : v < 0 ? -1 : 0),
    (s) => coarse(s, 0.3),
  ),
  square: unary((v) => v * v),
  sqrt: unary(
    (v) => v ** 0.5,
    (s) => positive(gen(s, 0.3)),
  ),
  exp: unary((v) => Math.E ** v),
  log: unary(
    (v) => Math.log2(v) * Math.LN2,
    (s) => positive(gen(s, 0.3)),
  ),
  sigmoid: [
    ...unary<"sigmoid">((v) => Math.exp(v) / (1 + Math.exp(v))),
    { label: "far out", attributes: none, inputs: [nd([2], [-1000, 1000])], expected: nd([2], [0, 1]) },
  ],
  tanh: unary((v) => (Math.exp(v) - Math.exp(-v)) / (Math.exp(v) + Math.exp(-v))),
  erf: [
    ...unary<"erf">(erfBySimpson),
    {
      label: "around the change of formula and far out",
      attributes: none,
      inputs: [nd([6], [2.2499, 2.2501, -2.5, 0, 7, -100])],
      expected: nd([6], [...[2.2499, 2.2501, -2.5].map(erfBySimpson), 0, 1, -1]),
    },
  ],
  softplus: [
    ...unary<"softplus">((v) => Math.log(1 + Math.exp(v))),
    { label: "far out", attributes: none, inputs: [nd([2], [-800, 800])], expected: nd([2], [0, 800]) },
  ],
  relu: unary((v) => (v > 0 ? v : 0)),
  power: [2, 0.5, -0.5, -1, 1.5, 3, 0].map((exponent) => {
    const x = positive(gen([3, 5], 0.3));
    return {
      label: `${exponent}`,
      attributes: { exponent },
      inputs: [x],
      expected: nd(
        [3, 5],
        x.data.map((v) => v ** exponent),
      ),
    };
  }),

  add: binary((a, b) => a + b, none),
  sub: binary((a, b) => a - b, none),
  mul: binary((a, b) => a * b, none),
  div: binary((a, b) => a / b, none),
  max: binary((a, b) => (a > b ? a : b), none),
  min: binary((a, b) => (a < b ? a : b), none),
  greater: [
    ...binary<"greater">((a, b) => (a > b ? 1 : 0), none),
    { label: "equal", attributes: none, inputs: [nd([2], [1, 2]), nd([2], [1, 1])], expected: nd([2], [0, 1]) },
  ],
  select: (
    [
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      [[2, 3, 1], [1], [2, 3, 4]],
      [[4], [2, 3, 4], [2, 3, 1]],
    ] as const
  ).map(([c, a, b]) => {
    const [condition, whenTrue, otherwise] = [coarse(c, 0.2), gen(a, 0.4), gen(b, 0.8)];
    const shape = [c, a, b].find((s) => s.length === 3) === undefined ? [2, 3] : [2, 3, 4];
    return {
      label: `[${c}], [${a}], [${b}]`,
      attributes: none,
      inputs: [condition, whenTrue, otherwise],
      expected: build(shape, (...i) =>
        broadcastAt(condition, i) === 0 ? broadcastAt(otherwise, i) : broadcastAt(whenTrue, i),
      ),
    };
  }),

  dynamic: unary((v) => v),
  shift: binary(
    (a, b) => a + b,
    { name: "bias" },
    broadcastShapes.filter(([a, , y]) => a.join() === y.join()),
  ),
} satisfies Partial<Cases>;
