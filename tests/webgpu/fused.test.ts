/** Kernels with what plans fuse into them, in all variants, on an adapter, against plain loops in float64. */
import { afterAll, describe, expect, it } from "vitest";
import { forwardShape } from "../../src/compiler/plan/convolution-shape.ts";
import { ex } from "../../src/compiler/plan/expression.ts";
import { recipeOf, type GpuRecipe } from "../../src/compiler/targets/webgpu/kernel.ts";
import { convolutionKernel } from "../../src/compiler/targets/webgpu/kernels/convolution.ts";
import { inputGradientKernel } from "../../src/compiler/targets/webgpu/kernels/input-gradient.ts";
import { elementwiseKernel } from "../../src/compiler/targets/webgpu/kernels/elementwise.ts";
import { matmulKernel } from "../../src/compiler/targets/webgpu/kernels/matmul.ts";
import { randomKernel } from "../../src/compiler/targets/webgpu/kernels/random.ts";
import type { ReduceKind } from "../../src/compiler/plan/reduction.ts";
import { reduceRecipe, softmaxKernel } from "../../src/compiler/targets/webgpu/kernels/reduce.ts";
import { weightGradientRecipe } from "../../src/compiler/targets/webgpu/kernels/weight-gradient.ts";
import { counterUniform } from "../../src/runtime/random.ts";
import {
  eachProduct,
  largestError,
  outputSize,
  plainForward,
  plainNorm,
  randomValues,
  size,
  type PlainConvolution,
} from "../wasm/support.ts";
import { openDevice, runRecipe, variantNames } from "./dawn.ts";

const device = await openDevice("webgpu", ["vulkan", "opengles"]);
afterAll(async () => {
  await device?.queue.onSubmittedWorkDone();
  device?.destroy();
});

async function check(
  recipe: GpuRecipe,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  wanted: Readonly<Record<string, ArrayLike<number>>>,
  tolerance = 2e-5,
  quick = false,
): Promise<void> {
  const lengths = Object.fromEntries(Object.entries(wanted).map(([name, values]) => [name, values.length]));
  for (const variant of variantNames(device!, recipe, quick)) {
    const results = await runRecipe(device!, recipe, inputs, lengths, [], variant);
    for (const [name, values] of Object.entries(wanted)) {
      const what = `${name} of ${recipe.steps[0]!.label}, ${variant}`;
      expect(largestError(results[name]!, values), what).toBeLessThan(tolerance);
    }
    const again = await runRecipe(device!, recipe, inputs, lengths, [], variant);
    for (const name of Object.keys(wanted)) {
      expect(Buffer.compare(bytesOf(again[name]!), bytesOf(results[name]!)), "the same bits again").toBe(0);
    }
  }
}

const bytesOf = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

const plain: PlainConvolution = {
  x: [2, 7, 9, 6],
  w: [10, 3, 3, 6],
  stride: [1, 1],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
};
/** All variants are run for the first two, whose channels can and cannot be taken four at a time. */
const CONVOLUTIONS: readonly (readonly [string, PlainConvolution])[] = [
  ["channels in fours", { ...plain, x: [2, 7, 9, 12], w: [20, 3, 3, 12] }],
  ["strides", { ...plain, stride: [2, 3], padding: [2, 0, 1, 2] }],
  ["3×3", plain],
  ["groups of channels in fours", { ...plain, x: [2, 7, 9, 16], w: [24, 3, 3, 8], groups: 2, stride: [2, 1] }],
  ["groups and dilation", { ...plain, w: [10, 3, 2, 3], groups: 2, dilation: [2, 1] }],
  ["1×1, no padding", { ...plain, w: [37, 1, 1, 6], padding: [0, 0, 0, 0] }],
  ["1×1, stride 2", { ...plain, w: [37, 1, 1, 6], stride: [2, 2], padding: [0, 0, 0, 0] }],
  ["many channels", { ...plain, x: [1, 6, 5, 35], w: [70, 3, 3, 35] }],
];

const pixels = (c: PlainConvolution): number => c.x[0] * size(outputSize(c));

describe.skipIf(device === undefined)("fused kernels", () => {
  describe.each(CONVOLUTIONS)("convolution: %s", (name, c) => {
    const quick = !CONVOLUTIONS.slice(0, 2).some(([title]) => title === name);
    const shape = forwardShape(c.x, c.w, c);
    const x = randomValues(size(c.x), 1);
    const w = randomValues(size(c.w), 2);
    const [channels, outputs] = [c.x[3], c.w[0]];
    const scale = randomValues(channels, 3);

    it("with a prologue, norms and the B-cos scale behind it", async () => {
      const bias = randomValues(outputs, 4);
      const prologue = {
        inputs: [{ kind: "channel" }] as const,
        value: ex.relu(ex.mul(ex.input(0), ex.input(1))),
      };
      const seen = x.map((value, i) => Math.max(0, value * scale[i % channels]!));
      const o = plainForward(c, seen, w);
      const n = plainNorm(c, seen, 0.01);
      const perGroup = outputs / c.groups;
      const y = o.map((value, i) => {
        const norm = n[Math.floor(i / outputs) * c.groups + Math.floor((i % outputs) / perGroup)]!;
        return (value * Math.abs(value)) / norm + bias[i % outputs]!;
      });
      const scaled = ex.add(ex.bcosScale(ex.input(0), ex.input(1), 2), ex.input(2));
      const epilogue = { inputs: [{ kind: "channel" }] as const, outputs: [scaled, ex.input(0)] };
      const kernel = convolutionKernel({ shape, prologue, epilogue, norm: { epsilon: 0.01 } });
      await check(recipeOf(kernel), { x, w, p1: scale, e1: bias }, { out: y, out2: o, norm: n }, 5e-5, quick);
    });

    it("with MaxOut", async () => {
      const twice = { ...c, w: [2 * outputs, ...c.w.slice(1)] as unknown as PlainConvolution["w"] };
      const weights = randomValues(size(twice.w), 5);
      const all = plainForward(twice, x, weights);
      const wanted = Float64Array.from({ length: all.length / 2 }, (_, i) => Math.max(all[2 * i]!, all[2 * i + 1]!));
      const norm = plainNorm(twice, x, 0.5);
      const kernel = convolutionKernel({ shape: forwardShape(c.x, twice.w, c, 2), norm: { epsilon: 0.5 } });
      await check(recipeOf(kernel), { x, w: weights }, { out: wanted, norm }, 2e-5, quick);
    });

    it("input gradient with a prologue and an epilogue", async () => {
      const g = randomValues(pixels(c) * outputs, 6);
      const factor = randomValues(pixels(c) * outputs, 7);
      const dx = new Float64Array(size(c.x));
      eachProduct(c, (out, i, k) => (dx[i]! += g[out]! * factor[out]! * w[k]!));
      const wanted = dx.map((value, i) => value + 2 * x[i]!);
      const prologue = { inputs: [{ kind: "same" }] as const, value: ex.mul(ex.input(0), ex.input(1)) };
      const epilogue = {
        inputs: [{ kind: "same" }] as const,
        outputs: [ex.add(ex.input(0), ex.mul(ex.input(1), 2))],
      };
      const kernel = inputGradientKernel(shape, { prologue, epilogue });
      await check(recipeOf(kernel), { x: g, w, p1: factor, e1: x }, { out: wanted }, 2e-5, quick);
    });

    it("weight gradient with prologues on both sides", async () => {
      const g = randomValues(pixels(c) * outputs, 8);
      const factor = randomValues(pixels(c), 9);
      const dw = new Float64Array(size(c.w));
      eachProduct(c, (out, i, k) => {
        dw[k]! += g[out]! * factor[Math.floor(out / outputs)]! * x[i]! * scale[i % channels]!;
      });
      const value = ex.mul(ex.input(0), ex.input(1));
      const prologue = { inputs: [{ kind: "row" }] as const, value };
      const inputPrologue = { inputs: [{ kind: "channel" }] as const, value };
      const recipe = weightGradientRecipe({ shape, prologue, inputPrologue });
      await check(recipe, { x, g, p1: factor, q1: scale }, { out: dw }, 1e-4, quick);
    });
  });

  it("sums weight gradients in parts", async () => {
    const c = { ...plain, x: [4, 24, 20, 3], w: [5, 3, 3, 3] } as const;
    const [x, g] = [randomValues(size(c.x), 1), randomValues(pixels(c) * 5, 2)];
    const dw = new Float64Array(size(c.w));
    eachProduct(c, (out, i, k) => (dw[k]! += g[out]! * x[i]!));
    const recipe = weightGradientRecipe({ shape: forwardShape(c.x, c.w, c) });
    expect(recipe.steps).toHaveLength(2);
    await check(recipe, { x, g }, { out: dw }, 1e-4);
  });

  it("multiplies large matrices", async () => {
    for (const [m, k, n] of [
      [16500, 5, 130],
      [16400, 12, 132],
      [300, 33, 20],
      [2, 200, 3],
    ] as const) {
      const [a, b] = [randomValues(m * k, 1), randomValues(k * n, 2)];
      const wanted = new Float64Array(m * n);
      for (let i = 0; i < m; i++)
        for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) wanted[i * n + j]! += a[i * k + l]! * b[l * n + j]!;
      const kernel = matmulKernel({ a: [m, k], b: [k, n], transposeA: false, transposeB: false }, {});
      await check(recipeOf(kernel), { a, b }, { out: wanted });
    }
  });

  it("multiplies rows with their norms and MaxOut", async () => {
    const [m, k, n] = [9, 13, 12];
    const [a, b] = [randomValues(m * k, 1), randomValues(n * k, 2)];
    const product = (i: number, j: number): number => {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * k + l]! * b[j * k + l]!;
      return sum;
    };
    const norm = Float64Array.from({ length: m }, (_, i) => Math.hypot(...a.slice(i * k, i * k + k)) + 0.25);
    const out = Float64Array.from({ length: (m * n) / 3 }, (_, i) => {
      const [row, column] = [Math.floor(i / 4), i % 4];
      return Math.max(...[0, 1, 2].map((u) => product(row, 3 * column + u))) / norm[row]!;
    });
    const kernel = matmulKernel(
      { a: [m, k], b: [n, k], transposeA: false, transposeB: true, maxOut: 3 },
      {
        norm: { epsilon: 0.25, outside: true },
        epilogue: { inputs: [], outputs: [ex.div(ex.input(0), ex.input(1))] },
      },
    );
    await check(recipeOf(kernel), { a, b }, { out, norm });
  });

  it.each(["sum", "mean", "max", "variance"] as const)("reduces long and short rows and columns: %s", async (kind) => {
    for (const [outer, reduced, inner] of [
      [3, 40000, 1],
      [1, 70001, 1],
      [50, 130, 1],
      [40, 7, 1],
      [1, 5000, 3],
      [2, 9, 40],
    ] as const) {
      const x = randomValues(outer * reduced * inner, 3).map((value) => value + 3);
      const factor = randomValues(inner === 1 ? reduced : inner, 4);
      const values = Float64Array.from(x, (value, i) => value * factor[i % factor.length]!);
      const wanted = Float64Array.from({ length: outer * inner }, (_, i) => {
        const first = Math.floor(i / inner) * reduced * inner + (i % inner);
        const set = Float64Array.from({ length: reduced }, (_, r) => values[first + r * inner]!);
        return 2 * reduceSet(kind, set);
      });
      const recipe = reduceRecipe(kind, {
        ...{ outer, reduced, inner, kind },
        inputs: [{ kind: "same" }, { kind: "channel" }],
        value: ex.mul(ex.input(0), ex.input(1)),
        finish: ex.mul(ex.input(0), 2),
      });
      await check(recipe, { x1: x, x2: factor }, { out: wanted });
    }
  });

  it("takes the softmax of long rows", async () => {
    const x = randomValues(3 * 500, 1).map((value) => 20 * value);
    const rows = [0, 1, 2].map((row) => Array.from(x.slice(row * 500, row * 500 + 500), Math.exp));
    const wanted = rows.flatMap((row) => row.map((e) => e / row.reduce((a, b) => a + b)));
    await check(recipeOf(softmaxKernel("softmax", 3, 500, false)), { x }, { out: wanted });
    await check(recipeOf(softmaxKernel("log_softmax", 3, 500, true)), { x }, { out: wanted.map(Math.log) });
  });
});

function reduceSet(kind: ReduceKind, set: Float64Array): number {
  const mean = set.reduce((a, b) => a + b) / set.length;
  if (kind === "sum") return mean * set.length;
  if (kind === "mean") return mean;
  if (kind === "max") return set.reduce((a, b) => Math.max(a, b));
  return set.reduce((a, b) => a + (b - mean) ** 2, 0) / set.length;
}

describe.skipIf(device === undefined)("on an adapter", () => {
  it("draws the random numbers of every other device, bit for bit", async () => {
    const key = 5 * 2 ** 40 + 123456789;
    for (const step of [undefined, 0, 77, 3 * 2 ** 33]) {
      const wanted = Float32Array.from({ length: 1003 }, (_, i) => counterUniform(key, step ?? 0, i));
      const recipe = recipeOf(randomKernel("random", key, 1003, step !== undefined));
      const { out } = await runRecipe(device!, recipe, step === undefined ? {} : { x1: [step] }, { out: 1003 });
      expect(out).toEqual(wanted);
    }
  });

  it("overwrites inputs element by element", async () => {
    const [w, m, g] = [1, 2, 3].map((seed) => randomValues(70, seed)) as [Float32Array, Float32Array, Float32Array];
    const moment = ex.add(ex.mul(ex.input(1), 0.5), ex.input(2));
    const kernel = elementwiseKernel("momentum", {
      ...{ rows: 70, channels: 1, inputs: [{ kind: "same" }, { kind: "same" }, { kind: "same" }] },
      outputs: [ex.sub(ex.input(0), moment), moment, ex.square(moment)],
      over: [0, 1, undefined],
    });
    expect(kernel.bindings.map(({ name, access }) => `${name} ${access}`)).toEqual([
      "x3 read",
      "x1 read_write",
      "x2 read_write",
      "out3 read_write",
    ]);
    const wanted = m.map((value, i) => value * 0.5 + g[i]!);
    const results = await runRecipe(device!, recipeOf(kernel), { x1: w, x2: m, x3: g }, { out3: 70 }, ["x1", "x2"]);
    expect(
      largestError(
        results["x1"]!,
        w.map((value, i) => value - wanted[i]!),
      ),
    ).toBeLessThan(1e-6);
    expect(largestError(results["x2"]!, wanted)).toBeLessThan(1e-6);
    expect(
      largestError(
        results["out3"]!,
        wanted.map((value) => value * value),
      ),
    ).toBeLessThan(1e-6);
  });

  it("reaches every element when the workgroups fill two dimensions", async () => {
    const rows = 64 * 65535 + 77;
    const kernel = elementwiseKernel("add", {
      ...{ rows, channels: 1, inputs: [{ kind: "same" }, { kind: "scalar" }] },
      outputs: [ex.add(ex.input(0), ex.input(1))],
    });
    const x = Float32Array.from({ length: rows }, (_, i) => i);
    const { out } = await runRecipe(device!, recipeOf(kernel), { x1: x, x2: [1] }, { out: rows });
    expect(out!.findIndex((value, i) => value !== i + 1)).toBe(-1);
  });
});
