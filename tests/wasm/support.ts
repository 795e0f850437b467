/** Plain float64 loops that the kernels are compared with, random data, and one way to run a recipe in all variants. */
import { setFlagsFromString } from "node:v8";
import { expect } from "vitest";
import { loadRecipe } from "./runner.ts";
import { supportsRelaxedSimd } from "../../src/compiler/targets/wasm/assembler.ts";
import type { Recipe } from "../../src/compiler/targets/wasm/kernel.ts";

// Node 20 has relaxed SIMD behind a flag, later versions have it without.
if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** Numbers in [−1, 1), the same for the same seed. */
export function randomValues(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Largest |actual − wanted| / (1 + |wanted|); NaN counts as infinite unless it is wanted. */
export function largestError(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let largest = actual.length === wanted.length ? 0 : Infinity;
  for (let i = 0; i < wanted.length; i++) {
    const [a, w] = [actual[i]!, wanted[i]!];
    if (Number.isNaN(w) ? Number.isNaN(a) : a === w) continue;
    const error = Math.abs(a - w) / (1 + Math.abs(w));
    largest = Math.max(largest, Number.isNaN(error) ? Infinity : error);
  }
  return largest;
}

/**
 * Runs a recipe whole, in two and in three parts and backwards: all must agree bit for bit. Then, where the engine has
 * it, with fused multiply-add. Every result must be within `tolerance` of `wanted`.
 */
export function checkRecipe(
  recipe: Recipe,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  wanted: Readonly<Record<string, ArrayLike<number>>>,
  tolerance = 2e-5,
): void {
  const lengths = Object.fromEntries(Object.entries(wanted).map(([name, values]) => [name, values.length]));
  for (const relaxed of supportsRelaxedSimd() ? [false, true] : [false]) {
    const loaded = loadRecipe(recipe, inputs, lengths, { relaxed });
    loaded.run();
    for (const [name, values] of Object.entries(inputs)) {
      expect(
        Buffer.compare(bytesOf(loaded.view(name)), bytesOf(Float32Array.from(values))),
        `${name} is only read`,
      ).toBe(0);
    }
    for (const step of recipe.steps) {
      for (const name of step.buffers.slice(step.reads))
        expect(inputs, `${step.label} writes ${name}`).not.toHaveProperty(name);
    }
    const first = new Map(Object.keys(wanted).map((name) => [name, loaded.view(name).slice()]));
    for (const [name, values] of Object.entries(wanted)) {
      expect(largestError(first.get(name)!, values), `${name} of ${recipe.steps.at(-1)!.label}`).toBeLessThan(
        tolerance,
      );
    }
    for (const parts of [2, 3]) {
      for (const name of Object.keys(wanted)) loaded.view(name).fill(NaN);
      loaded.run(parts, parts === 3);
      for (const name of Object.keys(wanted)) {
        expect(Buffer.compare(bytesOf(loaded.view(name)), bytesOf(first.get(name)!)), `${name} in ${parts} parts`).toBe(
          0,
        );
      }
    }
  }
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

export interface PlainConvolution {
  readonly x: readonly [number, number, number, number];
  readonly w: readonly [number, number, number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

export function outputSize(c: PlainConvolution): readonly [number, number] {
  const one = (axis: 0 | 1): number =>
    Math.floor(
      (c.x[1 + axis]! + c.padding[2 * axis]! + c.padding[2 * axis + 1]! - (c.w[1 + axis]! - 1) * c.dilation[axis] - 1) /
        c.stride[axis],
    ) + 1;
  return [one(0), one(1)];
}

/** Calls `visit(output, input, weight, group)` for every product of a convolution. */
export function eachProduct(
  c: PlainConvolution,
  visit: (output: number, input: number, weight: number, normIndex: number) => void,
): void {
  const [batch, height, width, channels] = c.x;
  const [columns, kh, kw, perGroup] = c.w;
  const [oh, ow] = outputSize(c);
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++)
        for (let o = 0; o < columns; o++) {
          const group = Math.floor(o / (columns / c.groups));
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const iy = y * c.stride[0] + ky * c.dilation[0] - c.padding[0];
              const ix = x * c.stride[1] + kx * c.dilation[1] - c.padding[2];
              if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
              for (let i = 0; i < perGroup; i++) {
                const pixel = (n * oh + y) * ow + x;
                visit(
                  pixel * columns + o,
                  ((n * height + iy) * width + ix) * channels + group * perGroup + i,
                  ((o * kh + ky) * kw + kx) * perGroup + i,
                  pixel * c.groups + group,
                );
              }
            }
        }
}

export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function plainForward(c: PlainConvolution, x: ArrayLike<number>, w: ArrayLike<number>): Float64Array {
  const [oh, ow] = outputSize(c);
  const out = new Float64Array(c.x[0] * oh * ow * c.w[0]);
  eachProduct(c, (o, i, k) => (out[o]! += x[i]! * w[k]!));
  return out;
}

export function plainNorm(c: PlainConvolution, x: ArrayLike<number>, epsilon: number): Float64Array {
  const [oh, ow] = outputSize(c);
  const sums = new Float64Array(c.x[0] * oh * ow * c.groups);
  const columns = c.w[0] / c.groups;
  eachProduct(c, (_o, i, _k, norm) => (sums[norm]! += x[i]! ** 2 / columns));
  return sums.map((sum) => Math.sqrt(sum + epsilon));
}
