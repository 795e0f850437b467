/** Convolutions and their input gradients against plain loops, over many shapes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadRecipe } from "./runner.ts";
import { forwardShape } from "../../src/compiler/plan/convolution-shape.ts";
import { ex } from "../../src/compiler/plan/expression.ts";
import { renameBuffers } from "../../src/compiler/targets/wasm/kernel.ts";
import {
  convolutionRecipe,
  inputGradientRecipe,
  weightGradientRecipe,
} from "../../src/compiler/targets/wasm/kernels/convolution-recipes.ts";
import {
  checkRecipe,
  eachProduct,
  largestError,
  outputSize,
  plainForward,
  plainNorm,
  randomValues,
  size,
  type PlainConvolution,
} from "./support.ts";

const shapeOf = (c: PlainConvolution, maxOut = 1) => forwardShape(c.x, c.w, c, maxOut);

function convolution(
  n: number,
  h: number,
  w: number,
  i: number,
  o: number,
  k: number,
  stride = 1,
  padding = (k - 1) >> 1,
  groups = 1,
  dilation = 1,
): PlainConvolution {
  return {
    x: [n, h, w, i],
    w: [o, k, k, i / groups],
    stride: [stride, stride],
    padding: [padding, padding, padding, padding],
    dilation: [dilation, dilation],
    groups,
  };
}

const CASES: readonly PlainConvolution[] = [
  convolution(1, 1, 1, 1, 1, 1),
  convolution(7, 1, 1, 3, 5, 1),
  convolution(1, 5, 7, 4, 10, 3),
  convolution(7, 4, 4, 8, 16, 3),
  convolution(2, 9, 6, 6, 6, 3, 2),
  convolution(1, 15, 13, 6, 18, 7, 2),
  convolution(2, 8, 8, 16, 24, 1, 2, 0),
  convolution(2, 6, 5, 12, 20, 3, 1, 1, 2),
  convolution(2, 6, 5, 6, 9, 3, 2, 1, 3),
  convolution(1, 9, 9, 5, 3, 3, 1, 2, 1, 2),
  convolution(1, 8, 8, 3, 4, 2, 2, 0),
  convolution(1, 6, 6, 3, 4, 1, 3, 0),
  convolution(2, 11, 10, 4, 7, 5, 3, 4),
  convolution(2, 3, 3, 9, 256, 3),
  // Many blocks of rows, blocks of whole images, blocks of pixels read in place, passes over the weights.
  convolution(2, 30, 31, 16, 14, 3),
  convolution(33, 8, 8, 8, 12, 3),
  convolution(3, 40, 41, 12, 36, 1),
  convolution(2, 5, 4, 64, 300, 3),
  { ...convolution(2, 6, 7, 5, 8, 3), w: [8, 1, 7, 5], padding: [0, 0, 3, 3] },
  { ...convolution(2, 6, 7, 5, 8, 3), padding: [2, 0, 0, 1], stride: [1, 2], dilation: [2, 1] },
];

const name = (c: PlainConvolution): string =>
  `${c.x.join("×")} → ${c.w.join("×")} stride ${c.stride.join()} padding ${c.padding.join()} dilation ${c.dilation.join()} groups ${c.groups}`;

describe("convolution", () => {
  it.each(CASES.map((c) => [name(c), c] as const))("%s", (_, c) => {
    const x = randomValues(size(c.x), 1);
    const w = randomValues(size(c.w), 2);
    checkRecipe(convolutionRecipe({ shape: shapeOf(c) }), { x, w }, { out: plainForward(c, x, w) });
  });

  it.each(CASES.map((c) => [name(c), c] as const))("B-cos with its norm: %s", (_, c) => {
    const x = randomValues(size(c.x), 1);
    const w = randomValues(size(c.w), 2);
    const sums = plainForward(c, x, w);
    const norm = plainNorm(c, x, 1e-6);
    const perGroup = c.w[0] / c.groups;
    const out2 = sums.map((o, at) => {
      const group = Math.floor((at % c.w[0]) / perGroup);
      return (o * Math.abs(o)) / norm[Math.floor(at / c.w[0]) * c.groups + group]!;
    });
    const epilogue = { inputs: [], outputs: [ex.input(0), ex.bcosScale(ex.input(0), ex.input(1), 2)] };
    const recipe = convolutionRecipe({ shape: shapeOf(c), norm: { epsilon: 1e-6 }, epilogue });
    checkRecipe(recipe, { x, w }, { out: sums, out2, norm });
  });

  it.each(CASES.map((c) => [name(c), c] as const))("input gradient: %s", (_, c) => {
    const g = randomValues(c.x[0] * size(outputSize(c)) * c.w[0], 1);
    const w = randomValues(size(c.w), 2);
    const out = new Float64Array(size(c.x));
    eachProduct(c, (o, i, k) => (out[i]! += g[o]! * w[k]!));
    checkRecipe(inputGradientRecipe(shapeOf(c)), { x: g, w }, { out }, 5e-5);
  });

  it.each(CASES.map((c) => [name(c), c] as const))("weight gradient: %s", (_, c) => {
    const x = randomValues(size(c.x), 1);
    const g = randomValues(c.x[0] * size(outputSize(c)) * c.w[0], 2);
    const out = new Float64Array(size(c.w));
    eachProduct(c, (o, i, k) => (out[k]! += g[o]! * x[i]!));
    checkRecipe(weightGradientRecipe({ shape: shapeOf(c) }), { x, g }, { out });
    const scale = randomValues(g.length, 3);
    const scaled = out.fill(0);
    eachProduct(c, (o, i, k) => (scaled[k]! += g[o]! * scale[o]! * x[i]!));
    const prologue = { inputs: [{ kind: "same" }], value: ex.mul(ex.input(0), ex.input(1)) } as const;
    checkRecipe(weightGradientRecipe({ shape: shapeOf(c), prologue }), { x, g, p1: scale }, { out: scaled });
    const channel = randomValues(c.x[3], 4);
    const both = scaled.fill(0);
    eachProduct(c, (o, i, k) => (both[k]! += g[o]! * scale[o]! * (x[i]! + channel[i % c.x[3]]!)));
    const inputPrologue = { inputs: [{ kind: "channel" }], value: ex.add(ex.input(0), ex.input(1)) } as const;
    const recipe = weightGradientRecipe({ shape: shapeOf(c), prologue, inputPrologue });
    checkRecipe(recipe, { x, g, p1: scale, q1: channel }, { out: both });
  });

  it("agrees on shapes drawn at random", () => {
    const small = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(
        fc.record({
          n: fc.constantFrom(1, 2, 7),
          h: fc.integer({ min: 1, max: 9 }),
          w: fc.integer({ min: 1, max: 9 }),
          groups: fc.constantFrom(1, 1, 2, 3),
          i: fc.integer({ min: 1, max: 9 }),
          o: fc.integer({ min: 1, max: 11 }),
          kernel: fc.tuple(small, small),
          stride: fc.tuple(small, small),
          padding: fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 3 }))),
          dilation: fc.tuple(small, small),
        }),
        (s) => {
          const c: PlainConvolution = {
            x: [s.n, s.h, s.w, s.i * s.groups],
            w: [s.o * s.groups, s.kernel[0], s.kernel[1], s.i],
            stride: s.stride,
            padding: s.padding as [number, number, number, number],
            dilation: s.dilation,
            groups: s.groups,
          };
          fc.pre(outputSize(c).every((side) => side > 0));
          const x = randomValues(size(c.x), 3);
          const w = randomValues(size(c.w), 4);
          const out = plainForward(c, x, w);
          const norm = plainNorm(c, x, 1e-6);
          checkRecipe(convolutionRecipe({ shape: shapeOf(c), norm: { epsilon: 1e-6 } }), { x, w }, { out, norm });
          const g = randomValues(out.length, 5);
          const dx = new Float64Array(x.length);
          eachProduct(c, (o, i, k) => (dx[i]! += g[o]! * w[k]!));
          checkRecipe(inputGradientRecipe(shapeOf(c)), { x: g, w }, { out: dx });
          const dw = new Float64Array(w.length);
          eachProduct(c, (o, i, k) => (dw[k]! += g[o]! * x[i]!));
          checkRecipe(weightGradientRecipe({ shape: shapeOf(c) }), { x, g }, { out: dw });
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it.each([2, 3, 4, 5])("takes the largest of %i units", (units) => {
    for (const outputs of [1, 4, 6, 11]) {
      const c = convolution(2, 5, 6, 3, outputs * units, 3);
      const x = randomValues(size(c.x), 1);
      const w = randomValues(size(c.w), 2);
      const all = plainForward(c, x, w);
      const out = new Float64Array(all.length / units).fill(-Infinity);
      all.forEach((value, at) => (out[Math.floor(at / units)] = Math.max(out[Math.floor(at / units)]!, value)));
      checkRecipe(convolutionRecipe({ shape: shapeOf(c, units) }), { x, w }, { out });
    }
  });

  it("applies a prologue with every access, and an epilogue too", () => {
    const c = convolution(2, 6, 5, 8, 12, 3, 1, 1, 2);
    const [x, w] = [randomValues(size(c.x), 1), randomValues(size(c.w), 2)];
    const pixels = 60;
    const side = (channels: number) => ({
      same: randomValues(pixels * channels, 3),
      channel: randomValues(channels, 4),
      row: randomValues(pixels, 5),
      group: randomValues(pixels * 4, 6),
      sample: randomValues(2 * channels, 7),
      scalar: randomValues(1, 8),
    });
    const accesses = [
      { kind: "same" },
      { kind: "channel" },
      { kind: "row" },
      { kind: "group", groups: 4 },
      { kind: "sample", rows: 30 },
      { kind: "scalar" },
    ] as const;
    const expression = accesses.reduce(
      (sum, _, i) => ex.add(sum, ex.mul(ex.input(i + 1), i + 1)),
      ex.mul(ex.input(0), 0.5),
    );
    const at = (s: ReturnType<typeof side>, channels: number, index: number): number => {
      const [row, channel] = [Math.floor(index / channels), index % channels];
      const group = s.group[row * 4 + Math.floor(channel / (channels / 4))]!;
      const sample = s.sample[Math.floor(row / 30) * channels + channel]!;
      return s.same[index]! + 2 * s.channel[channel]! + 3 * s.row[row]! + 4 * group + 5 * sample + 6 * s.scalar[0]!;
    };
    const [before, after] = [side(8), side(12)];
    const scaled = Float64Array.from(x, (value, i) => 0.5 * value + at(before, 8, i));
    const out = plainForward(c, scaled, w).map((value, i) => 0.5 * value + at(after, 12, i));
    const recipe = convolutionRecipe({
      shape: shapeOf(c),
      prologue: { inputs: accesses, value: expression },
      epilogue: { inputs: accesses, outputs: [expression, ex.sigmoid(ex.input(0))] },
    });
    const named = (prefix: string, s: ReturnType<typeof side>) =>
      Object.fromEntries(Object.values(s).map((values, i) => [`${prefix}${i + 1}`, values]));
    const out2 = plainForward(c, scaled, w).map((value) => 1 / (1 + Math.exp(-value)));
    checkRecipe(recipe, { x, w, ...named("p", before), ...named("e", after) }, { out, out2 }, 5e-5);
  });

  it("states its cost", () => {
    const recipe = convolutionRecipe({ shape: shapeOf(convolution(2, 8, 8, 4, 8, 3)) });
    expect(recipe.steps[1]!.flops).toBe(2 * 2 * 64 * 8 * 36);
    expect(recipe.temporaries["packed"]).toBe(4 * 36 * 8);
  });
});

describe("sums in place", () => {
  it("may go to the buffer that the epilogue adds", () => {
    const c = convolution(2, 6, 7, 5, 11, 3);
    const [x, w] = [randomValues(size(c.x), 1), randomValues(size(c.w), 2)];
    const before = randomValues(2 * 42 * 11, 3);
    const epilogue = { inputs: [{ kind: "same" }], outputs: [ex.add(ex.input(0), ex.input(1))] } as const;
    const recipe = convolutionRecipe({ shape: shapeOf(c), epilogue });
    const steps = recipe.steps.map((step) => renameBuffers(step, { e1: "sum", out: "sum" }));
    const loaded = loadRecipe({ ...recipe, steps }, { x, w, sum: before }, {});
    loaded.run(3);
    const wanted = plainForward(c, x, w).map((value, i) => value + before[i]!);
    expect(largestError(loaded.view("sum"), wanted)).toBeLessThan(1e-5);
  });
});
