/** Cases for every kind of operation, with the result by its plain formula. */
import type { ConvAttributes, OpAttributes, OpKind, Shape, WindowAttributes } from "../../src/compiler/graph/graph.ts";
import { counterUniform } from "../../src/runtime/random.ts";
import { build, coarse, gen, indices, nd, sum, type Nd } from "./nd.ts";

export interface Case<K extends OpKind = OpKind> {
  readonly label: string;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Nd[];
  readonly expected: Nd;
}

type Cases = { readonly [K in OpKind]: readonly Case<K>[] };

const none = {};

function positive(x: Nd): Nd {
  return nd(
    x.shape,
    x.data.map((v) => Math.abs(v) + 0.1),
  );
}

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

/** Element of `x` at an index of a shape that it broadcasts to. */
function broadcastAt(x: Nd, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length);
  return x.at(...own.map((v, i) => (x.shape[i] === 1 ? 0 : v)));
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

function matmulCase(left: Shape, right: Shape, transposeA: boolean, transposeB: boolean): Case<"matmul"> {
  const a = gen(left, 0.1);
  const b = gen(right, 0.7);
  const [m, k] = transposeA ? [left.at(-1)!, left.at(-2)!] : [left.at(-2)!, left.at(-1)!];
  const n = right.at(transposeB ? -2 : -1)!;
  const expected = build([...left.slice(0, -2), m, n], (...index) => {
    const lead = index.slice(0, -2);
    const [i, j] = index.slice(-2) as [number, number];
    const leadB = right.length === 2 ? [] : lead;
    return sum(
      Array.from({ length: k }, (_, p) => {
        const left = transposeA ? a.at(...lead, p, i) : a.at(...lead, i, p);
        return left * (transposeB ? b.at(...leadB, j, p) : b.at(...leadB, p, j));
      }),
    );
  });
  return {
    label: `[${left}]${transposeA ? "ᵀ" : ""} · [${right}]${transposeB ? "ᵀ" : ""}`,
    attributes: { transposeA, transposeB },
    inputs: [a, b],
    expected,
  };
}

const matmulCases = [false, true].flatMap((ta) =>
  [false, true].flatMap((tb) => {
    const left = (m: number, k: number) => (ta ? [k, m] : [m, k]);
    const right = (k: number, n: number) => (tb ? [n, k] : [k, n]);
    return [
      matmulCase(left(5, 7), right(7, 3), ta, tb),
      matmulCase(left(1, 1), right(1, 1), ta, tb),
      matmulCase(left(8, 9), right(9, 4), ta, tb),
      matmulCase([3, ...left(2, 5)], right(5, 6), ta, tb),
      matmulCase([2, 2, ...left(3, 4)], [2, 2, ...right(4, 5)], ta, tb),
      // More than one block of rows.
      matmulCase(left(45, 4100), right(4100, 2), ta, tb),
    ];
  }),
);

interface ConvCase {
  readonly label: string;
  readonly x: Shape;
  readonly w: Shape;
  readonly attributes: ConvAttributes;
}

const plain = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;

const convolutions: readonly ConvCase[] = [
  { label: "3×3", x: [1, 5, 6, 3], w: [5, 3, 3, 3], attributes: { ...plain, padding: [1, 1, 1, 1] } },
  { label: "1×1", x: [3, 3, 5, 6], w: [7, 1, 1, 6], attributes: plain },
  { label: "1×1, stride 2", x: [3, 5, 5, 2], w: [3, 1, 1, 2], attributes: { ...plain, stride: [2, 2] } },
  { label: "1×1, grouped", x: [3, 3, 3, 6], w: [4, 1, 1, 3], attributes: { ...plain, groups: 2 } },
  { label: "one pixel, one channel", x: [1, 1, 1, 1], w: [1, 1, 1, 1], attributes: plain },
  {
    label: "kernel larger than the image",
    x: [1, 2, 2, 1],
    w: [2, 5, 5, 1],
    attributes: { ...plain, padding: [2, 2, 2, 2] },
  },
  {
    label: "stride 2 and 3, asymmetric padding",
    x: [3, 7, 8, 2],
    w: [3, 3, 2, 2],
    attributes: { ...plain, stride: [2, 3], padding: [0, 1, 2, 1] },
  },
  {
    label: "dilation 2",
    x: [3, 7, 6, 3],
    w: [2, 3, 2, 3],
    attributes: { ...plain, dilation: [2, 3], padding: [2, 2, 1, 1] },
  },
  {
    label: "groups",
    x: [3, 5, 4, 6],
    w: [9, 3, 3, 2],
    attributes: { ...plain, groups: 3, padding: [1, 1, 1, 1], stride: [2, 1] },
  },
  { label: "depthwise", x: [3, 5, 4, 5], w: [5, 3, 3, 1], attributes: { ...plain, groups: 5, padding: [1, 1, 1, 1] } },
  {
    label: "depthwise, two outputs each",
    x: [1, 6, 5, 3],
    w: [6, 3, 2, 1],
    attributes: { ...plain, groups: 3, padding: [1, 0, 0, 1], stride: [2, 2], dilation: [1, 2] },
  },
  // More than one block of pixels, and images too large to be handled together.
  { label: "many pixels", x: [2, 12, 13, 90], w: [3, 3, 3, 90], attributes: { ...plain, padding: [1, 1, 1, 1] } },
  { label: "small images", x: [5, 3, 2, 3], w: [2, 2, 2, 3], attributes: { ...plain, padding: [1, 0, 0, 1] } },
];

function outSize(
  size: number,
  kernel: number,
  before: number,
  after: number,
  stride: number,
  dilation: number,
): number {
  return Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1;
}

function outPlane(a: Omit<WindowAttributes, "kernel">, x: Shape, kernel: readonly [number, number]): [number, number] {
  const [top, bottom, left, right] = a.padding;
  return [
    outSize(x[1]!, kernel[0], top, bottom, a.stride[0], a.dilation[0]),
    outSize(x[2]!, kernel[1], left, right, a.stride[1], a.dilation[1]),
  ];
}

/** Every product of a convolution: output index, input index, weight index. */
function* contributions({ x, w, attributes: a }: ConvCase): Generator<{ y: number[]; x: number[]; w: number[] }> {
  const kernel = [w[1]!, w[2]!] as const;
  const perGroup = w[0]! / a.groups;
  for (const [n, oy, ox, o] of indices([x[0]!, ...outPlane(a, x, kernel), w[0]!]) as Iterable<
    [number, number, number, number]
  >) {
    for (const [ky, kx, c] of indices(w.slice(1)) as Iterable<[number, number, number]>) {
      const iy = oy * a.stride[0] - a.padding[0] + ky * a.dilation[0];
      const ix = ox * a.stride[1] - a.padding[2] + kx * a.dilation[1];
      if (iy < 0 || ix < 0 || iy >= x[1]! || ix >= x[2]!) continue;
      yield { y: [n, oy, ox, o], x: [n, iy, ix, Math.floor(o / perGroup) * w[3]! + c], w: [o, ky, kx, c] };
    }
  }
}

function convolutionCases<K extends "conv2d" | "conv2d_input_gradient" | "conv2d_weight_gradient">(
  result: "y" | "x" | "w",
): readonly Case<K>[] {
  return convolutions.map((c): Case<K> => {
    const { x: xShape, w: wShape, attributes } = c;
    const yShape = [xShape[0]!, ...outPlane(attributes, xShape, [wShape[1]!, wShape[2]!]), wShape[0]!];
    const arrays = { x: gen(xShape, 0.7), w: gen(wShape, 0.2), y: gen(yShape, 1.1) };
    const target = arrays[result];
    const sums = nd(target.shape, new Float64Array(target.data.length));
    const position = (index: readonly number[]) => index.reduce((p, v, i) => p * target.shape[i]! + v, 0);
    for (const term of contributions(c)) {
      const factors = (["x", "w", "y"] as const).filter((name) => name !== result);
      const at = position(term[result]);
      sums.data[at] = sums.data[at]! + factors.map((name) => arrays[name].at(...term[name])).reduce((p, q) => p * q);
    }
    const inputs = { y: [arrays.x, arrays.w], x: [arrays.y, arrays.w], w: [arrays.x, arrays.y] }[result];
    const extra = { y: {}, x: { inputShape: xShape }, w: { weightShape: wShape } }[result];
    return { label: c.label, attributes: { ...attributes, ...extra } as OpAttributes[K], inputs, expected: sums };
  });
}

const patchNorms = convolutions.map((c): Case<"patch_norm"> => {
  const x = gen(c.x, 0.7);
  const { groups } = c.attributes;
  const kernel = [c.w[1]!, c.w[2]!] as const;
  const perGroup = c.w[0]! / groups;
  const squares = nd([c.x[0]!, ...outPlane(c.attributes, c.x, kernel), groups], []);
  const sums = new Map<string, number>();
  for (const term of contributions(c)) {
    if (term.w[0]! % perGroup !== 0) continue;
    const key = [...term.y.slice(0, 3), term.y[3]! / perGroup].join();
    sums.set(key, (sums.get(key) ?? 0) + x.at(...term.x) ** 2);
  }
  return {
    label: c.label,
    attributes: { ...c.attributes, kernel, epsilon: 1e-6 },
    inputs: [x],
    expected: build(squares.shape, (...i) => Math.sqrt((sums.get(i.join()) ?? 0) + 1e-6)),
  };
});

interface WindowCase {
  readonly label: string;
  readonly x: Shape;
  readonly attributes: WindowAttributes;
}

const windows: readonly WindowCase[] = [
  {
    label: "2×2",
    x: [3, 4, 5, 3],
    attributes: { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0], dilation: [1, 1] },
  },
  {
    label: "3×3, stride 2, padded",
    x: [1, 6, 5, 2],
    attributes: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1] },
  },
  {
    label: "overlapping, asymmetric, dilated",
    x: [2, 7, 6, 1],
    attributes: { kernel: [3, 2], stride: [1, 2], padding: [0, 2, 1, 0], dilation: [2, 3] },
  },
  {
    label: "one pixel",
    x: [1, 1, 1, 1],
    attributes: { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] },
  },
];

/** The input indices in the window of one output index, in row-major order. */
function windowOf({ x, attributes: a }: WindowCase, [n, oy, ox, c]: readonly number[]): number[][] {
  return [...indices(a.kernel)]
    .map(([ky, kx]) => [
      n!,
      oy! * a.stride[0] - a.padding[0] + ky! * a.dilation[0],
      ox! * a.stride[1] - a.padding[2] + kx! * a.dilation[1],
      c!,
    ])
    .filter((i) => i.every((v, axis) => v >= 0 && v < x[axis]!));
}

function windowParts(w: WindowCase) {
  const shape = [w.x[0]!, ...outPlane(w.attributes, w.x, w.attributes.kernel), w.x[3]!];
  const x = coarse(w.x, 0.7);
  const y = build(shape, (...i) => Math.max(...windowOf(w, i).map((j) => x.at(...j))));
  return { shape, x, y, g: gen(shape, 0.5) };
}

/** Sums over outputs what `give` sends to each input index. */
function scattered(
  w: WindowCase,
  shape: Shape,
  give: (output: number[]) => readonly (readonly [number[], number])[],
): Nd {
  const sums = new Map<string, number>();
  for (const output of indices(shape)) {
    for (const [index, v] of give(output)) sums.set(index.join(), (sums.get(index.join()) ?? 0) + v);
  }
  return build(w.x, (...i) => sums.get(i.join()) ?? 0);
}

function cosScaled(b: number, groups: number, shape: Shape): Case<"bcos_scale"> {
  const o = gen(shape, 0.2);
  const n = positive(gen([...shape.slice(0, -1), groups], 0.6));
  const run = shape.at(-1)! / groups;
  const expected = build(shape, (...i) => {
    const cos = Math.abs(o.at(...i) / n.at(...i.slice(0, -1), Math.floor(i.at(-1)! / run)));
    return o.at(...i) * (b === 2 ? cos : (cos + 1e-6) ** (b - 1));
  });
  return { label: `b ${b}, ${groups} groups, [${shape}]`, attributes: { b }, inputs: [o, n], expected };
}

/** erf by Simpson's rule on its integral. */
function erfBySimpson(x: number): number {
  const steps = 2000;
  const h = x / steps;
  const f = (t: number) => Math.exp(-t * t);
  const inner = Array.from({ length: steps - 1 }, (_, i) => (i % 2 === 0 ? 4 : 2) * f((i + 1) * h));
  return ((2 / Math.sqrt(Math.PI)) * h * (f(0) + sum(inner) + f(x))) / 3;
}

export const cases: Cases = {
  // Leaves: `operations.test.ts` feeds `given` and the state `weight` with 0, 1, 2, …
  input: [{ label: "fed", attributes: { name: "given" }, inputs: [], expected: nd([2, 3], [0, 1, 2, 3, 4, 5]) }],
  state: [{ label: "held", attributes: { path: "weight" }, inputs: [], expected: nd([6], [0, 1, 2, 3, 4, 5]) }],
  constant: [
    { label: "one number", attributes: { values: [2.5] }, inputs: [], expected: nd([2, 2], [2.5, 2.5, 2.5, 2.5]) },
    { label: "a number an element", attributes: { values: [1, -2, 3] }, inputs: [], expected: nd([3], [1, -2, 3]) },
  ],

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

  reshape: [
    {
      label: "[2, 6] → [3, 4]",
      attributes: { shape: [3, 4] },
      inputs: [gen([2, 6], 0)],
      expected: nd([3, 4], gen([12], 0).data),
    },
  ],
  broadcast: (
    [
      [[1], [2, 3]],
      [[5], [2, 3, 5]],
      [
        [2, 1, 3],
        [2, 4, 3],
      ],
      [
        [2, 1],
        [2, 20],
      ],
    ] as const
  ).map(([from, shape]) => {
    const x = gen(from, 0.3);
    return {
      label: `[${from}] → [${shape}]`,
      attributes: { shape },
      inputs: [x],
      expected: build(shape, (...i) => broadcastAt(x, i)),
    };
  }),
  transpose: (
    [
      [
        [3, 5],
        [1, 0],
      ],
      [
        [2, 3, 4, 5],
        [0, 3, 1, 2],
      ],
      [
        [2, 3, 4, 5],
        [0, 2, 3, 1],
      ],
      [
        [2, 3, 17],
        [1, 0, 2],
      ],
      [
        [2, 3, 4],
        [2, 1, 0],
      ],
      [[4], [0]],
    ] as const
  ).map(([from, permutation]) => {
    const x = gen(from, 0.3);
    const shape = permutation.map((axis) => from[axis]!);
    const back = (i: number[]) => from.map((_, axis) => i[(permutation as readonly number[]).indexOf(axis)]!);
    return {
      label: `[${from}] by ${permutation}`,
      attributes: { permutation },
      inputs: [x],
      expected: build(shape, (...i) => x.at(...back(i))),
    };
  }),
  slice: (
    [
      [[7], [2], [3]],
      [
        [3, 5, 4],
        [1, 0, 2],
        [2, 5, 1],
      ],
      [
        [3, 40],
        [1, 3],
        [2, 30],
      ],
    ] as const
  ).map(([from, start, size]) => {
    const x = gen(from, 0.3);
    return {
      label: `[${from}] from ${start}`,
      attributes: { start, size },
      inputs: [x],
      expected: build(size, (...i) => x.at(...i.map((v, axis) => v + start[axis]!))),
    };
  }),
  pad: (
    [
      [[3], [2], [1]],
      [
        [2, 3, 2],
        [0, 1, 0],
        [1, 0, 2],
      ],
      [
        [2, 20],
        [1, 2],
        [0, 3],
      ],
    ] as const
  ).map(([from, before, after]) => {
    const x = gen(from, 0.3);
    const shape = from.map((d, axis) => d + before[axis]! + after[axis]!);
    return {
      label: `[${from}]`,
      attributes: { before, after },
      inputs: [x],
      expected: build(shape, (...i) => x.at(...i.map((v, axis) => v - before[axis]!))),
    };
  }),
  concat: (
    [
      [
        [
          [2, 3],
          [2, 1],
          [2, 4],
        ],
        1,
      ],
      [
        [
          [2, 3],
          [1, 3],
        ],
        0,
      ],
      [
        [
          [2, 2, 2, 20],
          [2, 2, 2, 3],
        ],
        3,
      ],
      [[[2, 3]], 1],
    ] as const
  ).map(([shapes, axis]) => {
    const inputs = (shapes as readonly Shape[]).map((s, k) => gen(s, k));
    const shape = inputs[0]!.shape.with(axis, sum(inputs.map((x) => x.shape[axis]!)));
    const expected = build(shape, (...i) => {
      let position = i[axis]!;
      const x = inputs.find((x) => position < x.shape[axis]! || ((position -= x.shape[axis]!), false))!;
      return x.at(...i.with(axis, position));
    });
    return { label: `${shapes.length} over ${axis}`, attributes: { axis }, inputs, expected };
  }),
  upsample: (
    [
      [
        [2, 2, 3, 2],
        [2, 3],
      ],
      [
        [1, 1, 1, 17],
        [1, 2],
      ],
    ] as const
  ).map(([from, factor]) => {
    const x = gen(from, 0.3);
    const shape = [from[0], from[1] * factor[0], from[2] * factor[1], from[3]];
    return {
      label: `[${from}] by ${factor}`,
      attributes: { factor },
      inputs: [x],
      expected: build(shape, (n, y, c, k) => x.at(n!, Math.floor(y! / factor[0]), Math.floor(c! / factor[1]), k!)),
    };
  }),
  block_sum: (
    [
      [
        [2, 4, 6, 2],
        [2, 3],
      ],
      [
        [1, 2, 1, 3],
        [2, 1],
      ],
    ] as const
  ).map(([from, factor]) => {
    const x = gen(from, 0.3);
    const shape = [from[0], from[1] / factor[0], from[2] / factor[1], from[3]];
    return {
      label: `[${from}] by ${factor}`,
      attributes: { factor },
      inputs: [x],
      expected: build(shape, (n, y, c, k) =>
        sum([...indices(factor)].map(([dy, dx]) => x.at(n!, y! * factor[0] + dy!, c! * factor[1] + dx!, k!))),
      ),
    };
  }),

  matmul: matmulCases,
  conv2d: convolutionCases("y"),
  conv2d_input_gradient: convolutionCases("x"),
  conv2d_weight_gradient: convolutionCases("w"),

  window_sum: windows.map((w) => {
    const { shape, x } = windowParts(w);
    return {
      label: w.label,
      attributes: w.attributes,
      inputs: [x],
      expected: build(shape, (...i) => sum(windowOf(w, i).map((j) => x.at(...j)))),
    };
  }),
  window_spread: windows.map((w) => {
    const { shape, g } = windowParts(w);
    const expected = scattered(w, shape, (i) => windowOf(w, i).map((j) => [j, g.at(...i)]));
    return { label: w.label, attributes: { ...w.attributes, inputShape: w.x }, inputs: [g], expected };
  }),
  window_max: windows.map((w) => {
    const { x, y } = windowParts(w);
    return { label: w.label, attributes: w.attributes, inputs: [x], expected: y };
  }),
  window_route: windows.map((w) => {
    const { shape, x, y, g } = windowParts(w);
    const expected = scattered(w, shape, (i) => {
      const first = windowOf(w, i).find((j) => x.at(...j) === y.at(...i));
      return first === undefined ? [] : [[first, g.at(...i)]];
    });
    return { label: w.label, attributes: w.attributes, inputs: [g, x, y], expected };
  }),

  unit_rows: (
    [
      [3, 5],
      [4, 3, 3, 2],
      [1, 1],
    ] as const
  ).map((shape) => {
    const x = gen(shape, 0.2);
    const norm = (row: number) => Math.hypot(...[...indices(shape)].filter((i) => i[0] === row).map((i) => x.at(...i)));
    return {
      label: `[${shape}]`,
      attributes: none,
      inputs: [x],
      expected: build(shape, (...i) => x.at(...i) / norm(i[0]!)),
    };
  }),
  patch_norm: patchNorms,
  row_norm: ([[3, 5], [2, 3, 1], [4]] as const).map((shape) => {
    const x = gen(shape, 0.2);
    const width = shape.at(-1)!;
    const lead = shape.slice(0, -1);
    const row = (i: number[]) => Array.from({ length: width }, (_, k) => x.at(...i.slice(0, -1), k));
    return {
      label: `[${shape}]`,
      attributes: { epsilon: 0.25 },
      inputs: [x],
      expected: build([...lead, 1], (...i) => Math.hypot(...row(i)) + 0.25),
    };
  }),
  bcos_scale: [
    cosScaled(2, 1, [3, 5]),
    cosScaled(1, 1, [3, 5]),
    cosScaled(1.5, 1, [2, 3, 3, 4]),
    cosScaled(2, 3, [2, 3, 3, 6]),
    cosScaled(2.5, 2, [1, 1, 1, 2]),
  ],

  random_uniform: [
    {
      label: "without a step",
      attributes: { shape: [3, 3], key: 7 },
      inputs: [],
      expected: nd(
        [3, 3],
        Array.from({ length: 9 }, (_, i) => counterUniform(7, 0, i)),
      ),
    },
    {
      label: "with a step",
      attributes: { shape: [6], key: 7 },
      inputs: [nd([1], [12])],
      expected: nd(
        [6],
        Array.from({ length: 6 }, (_, i) => counterUniform(7, 12, i)),
      ),
    },
  ],
};
