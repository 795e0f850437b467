/** Statistics of what a convolution writes, gathered a block at a time: sums, means, and variances with their means. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { forwardShape } from "../../src/compiler/plan/convolution-shape.ts";
import { ex } from "../../src/compiler/plan/expression.ts";
import type { Gather } from "../../src/compiler/plan/kernel-specs.ts";
import { convolutionRecipe, inputGradientRecipe } from "../../src/compiler/targets/wasm/kernels/convolution-recipes.ts";
import { checkRecipe, plainForward, plainNorm, randomValues, size, type PlainConvolution } from "./support.ts";

interface Columns {
  readonly sum: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Of each column of a matrix. */
function columnsOf(values: ArrayLike<number>, channels: number): Columns {
  const rows = values.length / channels;
  const sum = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) sum[i % channels]! += values[i]!;
  const mean = sum.map((total) => total / rows);
  const squares = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) squares[i % channels]! += (values[i]! - mean[i % channels]!) ** 2;
  return { sum, mean, variance: squares.map((total) => total / rows) };
}

const convolutions = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  height: fc.integer({ min: 3, max: 19 }),
  width: fc.integer({ min: 3, max: 19 }),
  inputs: fc.integer({ min: 1, max: 7 }),
  outputs: fc.constantFrom(1, 3, 8, 13, 21),
  kernel: fc.constantFrom(1, 3),
  stride: fc.constantFrom(1, 2),
  kind: fc.constantFrom("sum", "mean", "variance"),
  seed: fc.nat(50),
});

describe("statistics in the epilogue", () => {
  it("of a B-cos convolution's scaled result", () => {
    const property = fc.property(convolutions, (c) => {
      const pad = (c.kernel - 1) / 2;
      const plain: PlainConvolution = {
        x: [c.batch, c.height, c.width, c.inputs],
        w: [c.outputs, c.kernel, c.kernel, c.inputs],
        stride: [c.stride, c.stride],
        padding: [pad, pad, pad, pad],
        dilation: [1, 1],
        groups: 1,
      };
      const [x, w] = [randomValues(size(plain.x), c.seed), randomValues(size(plain.w), c.seed + 1)];
      const out = plainForward(plain, x, w);
      const norm = plainNorm(plain, x, 1e-3);
      const scaled = out.map((o, at) => (o * Math.abs(o)) / norm[Math.floor(at / c.outputs)]!);
      const wanted = columnsOf(scaled, c.outputs);
      const gather: Gather = {
        kind: c.kind,
        inputs: [
          { buffer: "out", access: { kind: "same" } },
          { buffer: "norm", access: { kind: "row" } },
        ],
        value: ex.bcosScale(ex.input(0), ex.input(1), 2),
        finish: ex.mul(ex.input(0), 2),
        ...(c.kind === "variance" ? { withMean: true } : {}),
      };
      const recipe = convolutionRecipe({
        shape: forwardShape(plain.x, plain.w, plain),
        norm: { epsilon: 1e-3 },
        gather,
      });
      checkRecipe(
        recipe,
        { x, w },
        {
          out,
          norm,
          gathered: wanted[c.kind].map((v) => 2 * v),
          ...(c.kind === "variance" ? { mean: wanted.mean } : {}),
        },
        2e-4,
      );
    });
    fc.assert(property, { numRuns: 30, seed: 1 });
  });

  it("of an input gradient times another tensor", () => {
    const [batch, height, width, inputs, outputs] = [3, 11, 9, 10, 4];
    const attributes = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
    const forward = forwardShape([batch, height, width, inputs], [outputs, 3, 3, inputs], attributes);
    const g = randomValues(batch * height * width * outputs, 1);
    const w = randomValues(outputs * 9 * inputs, 2);
    const r1 = randomValues(batch * height * width * inputs, 3);
    // The input gradient as a convolution with the weights turned round.
    const turned = new Float32Array(w.length);
    for (let o = 0; o < outputs; o++)
      for (let tap = 0; tap < 9; tap++)
        for (let i = 0; i < inputs; i++) turned[(i * 9 + 8 - tap) * outputs + o] = w[(o * 9 + tap) * inputs + i]!;
    const plain: PlainConvolution = { ...attributes, x: [batch, height, width, outputs], w: [inputs, 3, 3, outputs] };
    const out = plainForward(plain, g, turned);
    const gather: Gather = {
      kind: "sum",
      inputs: [
        { buffer: "r1", access: { kind: "same" } },
        { buffer: "out", access: { kind: "same" } },
      ],
      value: ex.mul(ex.input(0), ex.input(1)),
    };
    const { sum } = columnsOf(
      out.map((v, at) => v * r1[at]!),
      inputs,
    );
    checkRecipe(inputGradientRecipe(forward, { gather }), { x: g, w, r1 }, { out, gathered: sum }, 2e-4);
  });
});
