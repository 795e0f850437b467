/** The reverse walk: both modes, shifts, sums over several uses, and the B-cos composite against published formulas. */
import { describe, expect, test } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import { sizeOf, type ConvAttributes, type Shape, type ValueId } from "../../src/compiler/graph/graph.ts";
import type { GradientMode } from "../../src/compiler/graph/ops/definition.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { wave } from "./specimens.ts";

interface Pulled {
  readonly y: readonly number[];
  readonly gradient: readonly number[];
  readonly shifts: readonly { name: string; cotangent: readonly number[] }[];
}

/** y = body(x) and the pullback of the cotangent v (ones without it) to x. */
function pull(
  x: { shape: Shape; values: readonly number[] },
  body: (b: GraphBuilder, x: ValueId) => ValueId,
  mode: GradientMode,
  v?: readonly number[],
): Pulled {
  const b = createBuilder("test");
  const input = g.input(b, "x", x.shape);
  const y = body(b, input);
  const shape = b.shapeOf(y);
  const cotangent = g.constant(b, v ?? [1], shape);
  const { gradients, shifts } = differentiate(b, [{ value: y, cotangent }], [input], mode);
  b.output("y", y);
  b.output("gradient", gradients[0] ?? g.filled(b, 0, x.shape));
  shifts.forEach((shift, i) => b.output(`shift${i}`, shift.cotangent));
  const { outputs } = evaluateGraph(b.finish(), { feeds: { x: x.values } });
  return {
    y: [...outputs["y"]!],
    gradient: [...outputs["gradient"]!],
    shifts: shifts.map(({ name }, i) => ({ name, cotangent: [...outputs[`shift${i}`]!] })),
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((v, i) => v * b[i]!));
/** a·sin(1.3 i + s): how the reference numbers below were made. */
const generated = (shape: Shape, s: number): number[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.3 * i + s));

describe("the walk", () => {
  test("adds the cotangents of several uses", () => {
    const { gradient } = pull({ shape: [2], values: [3, 5] }, (b, x) => g.add(b, g.mul(b, x, x), x), "true");
    expect(gradient).toEqual([7, 11]);
  });

  test("adds several seeds, also those of one value", () => {
    const b = createBuilder("seeds");
    const x = g.input(b, "x", [2]);
    const y = g.times(b, x, 3);
    const z = g.times(b, y, 10);
    const ones = g.filled(b, 1, [2]);
    const seeds = [y, z, y].map((value) => ({ value, cotangent: ones }));
    b.output("gradient", differentiate(b, seeds, [x], "true").gradients[0]!);
    expect([...evaluateGraph(b.finish(), { feeds: { x: [0, 0] } }).outputs["gradient"]!]).toEqual([36, 36]);
  });

  test("gives the cotangent of a value in the middle, and goes on below it", () => {
    const b = createBuilder("middle");
    const x = g.input(b, "x", [2]);
    const y = g.times(b, x, 3);
    const z = g.times(b, y, 10);
    const seed = { value: z, cotangent: g.filled(b, 1, [2]) };
    const { gradients } = differentiate(b, [seed], [y, x], "true");
    gradients.forEach((gradient, i) => b.output(`${i}`, gradient!));
    const { outputs } = evaluateGraph(b.finish(), { feeds: { x: [0, 0] } });
    expect([...outputs["0"]!, ...outputs["1"]!]).toEqual([10, 10, 30, 30]);
  });

  test("sums over broadcast axes", () => {
    const { gradient } = pull(
      { shape: [3, 1], values: [1, 2, 3] },
      (b, x) => g.mul(b, x, g.constant(b, [1, 10], [2])),
      "true",
    );
    expect(gradient).toEqual([11, 11, 11]);
  });

  test("says undefined where nothing depends on the value, and where only constants pass", () => {
    const b = createBuilder("none");
    const x = g.input(b, "x", [2]);
    const other = g.input(b, "other", [2]);
    const y = g.add(b, g.sign(b, x), g.filled(b, 1, [2]));
    const seed = { value: y, cotangent: g.filled(b, 1, [2]) };
    expect(differentiate(b, [seed], [x, other], "true").gradients).toEqual([undefined, undefined]);
  });

  test("emits nothing for parts of the graph that no target is in", () => {
    const b = createBuilder("apart");
    const x = g.input(b, "x", [2]);
    const far = g.exp(b, g.exp(b, g.input(b, "far", [2])));
    const y = g.add(b, x, far);
    const seed = { value: y, cotangent: g.filled(b, 1, [2]) };
    const before = b.size;
    differentiate(b, [seed], [x], "true");
    expect(b.size).toBe(before);
  });

  test("marks the gradient of a layer with that layer's origin", () => {
    const b = createBuilder("origin");
    const x = g.input(b, "x", [2]);
    const y = b.within({ path: "layer1.conv" }, () => g.square(b, x));
    const seed = { value: y, cotangent: g.filled(b, 1, [2]) };
    const [gradient] = differentiate(b, [seed], [x], "true").gradients;
    expect(b.node(gradient!).origin).toEqual({ path: "layer1.conv" });
  });

  test("objects to a cotangent of another shape and to an op without a gradient", () => {
    const b = createBuilder("bad");
    const x = g.input(b, "x", [1, 2, 2, 1]);
    const window = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
    const y = g.windowMax(b, x, window);
    const one = g.scalar(b, 1);
    expect(() => differentiate(b, [{ value: y, cotangent: one }], [x], "true")).toThrow("has shape [], not [1,1,1,1]");
    const ones = g.filled(b, 1, [1, 1, 1, 1]);
    const [first] = differentiate(b, [{ value: y, cotangent: ones }], [x], "true").gradients;
    const again = { value: first!, cotangent: g.filled(b, 1, [1, 2, 2, 1]) };
    expect(() => differentiate(b, [again], [x], "true")).toThrow(
      /window_route \(%\d+\) has no gradient: its transpose/,
    );
  });
});

describe("conventions at kinks are PyTorch's", () => {
  const at = (values: readonly number[], body: (b: GraphBuilder, x: ValueId) => ValueId): readonly number[] =>
    pull({ shape: [values.length], values }, body, "true").gradient;

  test("|x| and relu have gradient 0 at 0", () => {
    expect(at([-2, 0, 2], (b, x) => g.abs(b, x))).toEqual([-1, 0, 1]);
    expect(at([-2, 0, 2], (b, x) => g.relu(b, x))).toEqual([0, 0, 1]);
  });

  test("ties of max and min share", () => {
    expect(at([1, 2, 3], (b, x) => g.max(b, x, g.scalar(b, 2)))).toEqual([0, 0.5, 1]);
    expect(at([1, 2, 3], (b, x) => g.min(b, x, g.scalar(b, 2)))).toEqual([1, 0.5, 0]);
  });

  test("reduce_max and window_max go to the first maximum", () => {
    expect(at([1, 4, 4, 2], (b, x) => g.maximum(b, x, [0]))).toEqual([0, 1, 0, 0]);
    const window = { kernel: [1, 2], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
    const windows = (b: GraphBuilder, x: ValueId): ValueId => g.windowMax(b, g.reshape(b, x, [1, 1, 4, 1]), window);
    expect(at([1, 4, 4, 2], windows)).toEqual([0, 2, 1, 0]);
  });

  test("a row of zeros has gradient 0 through its norm, in float32 and under a large cotangent too", () => {
    const b = createBuilder("zero row");
    const x = g.input(b, "x", [2, 2]);
    const n = g.rowNorm(b, x, 1e-12);
    const seed = { value: n, cotangent: g.filled(b, 1e6, [2, 1]) };
    b.output("gradient", differentiate(b, [seed], [x], "true").gradients[0]!);
    const graph = b.finish();
    for (const precision of ["float32", "float64"] as const) {
      const { outputs } = evaluateGraph(graph, { feeds: { x: [0, 0, 3, 4] }, precision });
      const [a, c, d, e] = outputs["gradient"]!;
      expect([a, c]).toEqual([0, 0]);
      expect(d! / 1e6).toBeCloseTo(0.6, 6);
      expect(e! / 1e6).toBeCloseTo(0.8, 6);
    }
  });
});

test("a row far shorter than float32 can tell from ε has a gradient no longer than its cotangent", () => {
  const b = createBuilder("tiny row");
  const x = g.input(b, "x", [1, 2]);
  const n = g.rowNorm(b, x, 1e-12);
  const seed = { value: n, cotangent: g.filled(b, 1, [1, 1]) };
  b.output("gradient", differentiate(b, [seed], [x], "true").gradients[0]!);
  const { outputs } = evaluateGraph(b.finish(), { feeds: { x: [3e-22, 4e-22] }, precision: "float32" });
  expect(Math.hypot(...outputs["gradient"]!)).toBeLessThanOrEqual(1);
});

describe("explain mode", () => {
  const x = { shape: [2, 3], values: wave(6, 0.4) };

  test("holds dynamic factors constant; true mode does not", () => {
    const gate = (b: GraphBuilder, v: ValueId): ValueId => g.mul(b, v, g.dynamic(b, g.sigmoid(b, v)));
    const explained = pull(x, gate, "explain");
    const factor = x.values.map((v) => 1 / (1 + Math.exp(-v)));
    explained.gradient.forEach((value, i) => expect(value).toBeCloseTo(factor[i]!, 12));
    const real = pull(x, gate, "true");
    real.gradient.forEach((value, i) => {
      const s = factor[i]!;
      expect(value).toBeCloseTo(s + x.values[i]! * s * (1 - s), 12);
    });
  });

  test("lists every shift it reaches, with the cotangent in the shift's own shape", () => {
    const body = (b: GraphBuilder, v: ValueId): ValueId => {
      const shifted = g.shift(b, "inner", g.times(b, v, 2), g.constant(b, [1, 2, 3], [3]));
      return g.shift(b, "outer", g.times(b, shifted, 10), g.scalar(b, 7));
    };
    const v = wave(6, 1.1);
    const { y, gradient, shifts } = pull(x, body, "explain", v);
    expect(shifts.map((shift) => shift.name)).toEqual(["outer", "inner"]);
    expect(shifts.map((shift) => shift.cotangent.length)).toEqual([6, 6]);
    const inner = dot(shifts[1]!.cotangent, [1, 2, 3, 1, 2, 3]);
    const outer = 7 * sum(shifts[0]!.cotangent);
    expect(dot(gradient, x.values) + inner + outer).toBeCloseTo(dot(v, y), 10);
    expect(pull(x, body, "true", v).shifts).toEqual([]);
  });

  test("reaches shifts that do not depend on any target", () => {
    const b = createBuilder("beside");
    const target = g.input(b, "x", [2]);
    const beside = g.shift(b, "token", g.filled(b, 1, [2]), g.filled(b, 5, [2]));
    const seed = { value: g.add(b, target, g.times(b, beside, 3)), cotangent: g.filled(b, 1, [2]) };
    expect(differentiate(b, [seed], [target], "explain").shifts.map(({ name }) => name)).toEqual(["token"]);
  });

  test("counts an amount that depends on the input as constant, not twice", () => {
    const body = (b: GraphBuilder, v: ValueId): ValueId => g.shift(b, "own", v, g.mean(b, v, [1]));
    const { y, gradient, shifts } = pull(x, body, "explain");
    expect(gradient).toEqual([1, 1, 1, 1, 1, 1]);
    const means = [0, 0, 0, 3, 3, 3].map((row) => sum(x.values.slice(row, row + 3)) / 3);
    expect(dot(gradient, x.values) + dot(shifts[0]!.cotangent, means)).toBeCloseTo(sum(y), 10);
  });
});

const conv: ConvAttributes = { stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 };

interface Layer {
  readonly weight: Shape;
  readonly conv: ConvAttributes;
  readonly b: number;
  readonly maxout?: number;
}

/** The B-cos convolution on [N,C,H,W] with weights [O,C/groups,kh,kw], as the reference lays them out. */
function bcosConv({ weight, conv: attributes, b: exponent, maxout = 1 }: Layer) {
  return (b: GraphBuilder, x: ValueId): ValueId => {
    const toLast = [0, 2, 3, 1];
    const image = g.transpose(b, x, toLast);
    const w = g.transpose(b, g.constant(b, generated(weight, 0.2), weight), toLast);
    const products = g.conv2d(b, image, g.unitRows(b, w), attributes);
    const [n, h, width, outputs] = b.shapeOf(products) as readonly [number, number, number, number];
    const best = g.maximum(b, g.reshape(b, products, [n, h, width, outputs / maxout, maxout]), [4]);
    const o = g.reshape(b, best, [n, h, width, outputs / maxout]);
    return g.bcosScale(b, o, g.patchNorm(b, image, [weight[2]!, weight[3]!], attributes, 1e-6), exponent);
  };
}

function bcosLinear(weight: Shape, exponent: number) {
  return (b: GraphBuilder, x: ValueId): ValueId => {
    const o = g.matmul(b, x, g.unitRows(b, g.constant(b, generated(weight, 0.2), weight)), { b: true });
    return g.bcosScale(b, o, g.rowNorm(b, x, 1e-12), exponent);
  };
}

// Sums of the output, of the explanation of the sum, and of its true gradient, as the authors' B-cos v2 modules give
// them in float64.
const dense = { shape: [2, 5], values: generated([2, 5], 0.7) };
const image = { shape: [1, 4, 5, 5], values: generated([1, 4, 5, 5], 0.7) };
const wide = { ...conv, stride: [1, 1], padding: [2, 2, 2, 2], dilation: [2, 2] } as const;
type Body = (b: GraphBuilder, x: ValueId) => ValueId;
type Sums = { readonly y: number; readonly explained: number; readonly gradient?: number };
const plain = (exponent: number): Body => bcosConv({ weight: [6, 4, 3, 3], conv, b: exponent });
const grouped = bcosConv({ weight: [6, 2, 3, 3], conv: { ...conv, groups: 2 }, b: 2 });
const maxout = bcosConv({ weight: [12, 4, 3, 3], conv, b: 2, maxout: 2 });
const dilated = bcosConv({ weight: [6, 4, 3, 3], conv: wide, b: 2 });

const references = (
  [
    ["linear, B = 1", dense, bcosLinear([3, 5], 1), { y: 8.34333320067, explained: -0.0846191262394 }],
    ["linear, B = 1.5", dense, bcosLinear([3, 5], 1.5), { y: 7.92800797422, explained: -0.0753816113263 }],
    [
      "linear, B = 2",
      dense,
      bcosLinear([3, 5], 2),
      { y: 7.55025304537, explained: -0.067187859797, gradient: -0.275864543482 },
    ],
    ["linear, B = 2.5", dense, bcosLinear([3, 5], 2.5), { y: 7.20582994369, explained: -0.0599074547359 }],
    ["conv, B = 1", image, plain(1), { y: 0.00173947333075, explained: -0.179378391539 }],
    ["conv, B = 1.5", image, plain(1.5), { y: -0.0118931691053, explained: -0.103510032151 }],
    ["conv, B = 2", image, plain(2), { y: -0.00667313097199, explained: -0.0405123150178, gradient: -0.0837363229534 }],
    ["conv, B = 2.5", image, plain(2.5), { y: -0.0030485834937, explained: -0.0146918309895 }],
    ["conv, 2 groups", image, grouped, { y: -0.14414853155, explained: -0.18057349696 }],
    ["conv, MaxOut of 2", image, maxout, { y: 0.607897450227, explained: 0.494712154756, gradient: 1.05296707112 }],
    ["conv, dilation 2", image, dilated, { y: -0.12705819093, explained: -0.246822765739 }],
  ] satisfies readonly (readonly [string, { shape: Shape; values: readonly number[] }, Body, Sums])[]
).map(([title, x, layer, sums]) => ({ title, x, layer, ...(sums as Sums) }));

describe("the B-cos composite", () => {
  test.each(references)("$title: reference numbers", ({ x, layer, y, explained, gradient }) => {
    const pulled = pull(x, layer, "explain");
    expect(sum(pulled.y)).toBeCloseTo(y, 10);
    expect(sum(pulled.gradient)).toBeCloseTo(explained, 10);
    if (gradient !== undefined) expect(sum(pull(x, layer, "true").gradient)).toBeCloseTo(gradient, 10);
  });

  test.each(references)("$title: the explanation adds up, W(x)·x = y", ({ x, layer }) => {
    const v = wave(pull(x, layer, "explain").y.length, 0.8);
    const { y, gradient } = pull(x, layer, "explain", v);
    expect(dot(gradient, x.values)).toBeCloseTo(dot(v, y), 12);
  });
});
