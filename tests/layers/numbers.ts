/** Deterministic numbers for tests, and comparisons. */
import type { Program, StateSpec } from "../../src/compiler/graph/program.ts";
import { sizeOf, type Shape } from "../../src/compiler/graph/graph.ts";

/** amplitude · sin(1.3 i + s) */
export function gen(shape: Shape, s: number, amplitude = 1): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => amplitude * Math.sin(1.3 * i + s));
}

/** Spread over (−1, 1) without a pattern: fractions of i·golden ratio, hashed by the seed. */
export function noise(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    return ((h ^ (h >>> 15)) >>> 0) / 2 ** 31 - 1;
  });
}

/** Values for all state of a program: norm weights near 1, variances positive, the rest between −1 and 1. */
export function stateFor(specs: Program["state"], seed = 1): Record<string, Float64Array> {
  return Object.fromEntries(specs.map((spec, i) => [spec.path, valuesOf(spec, seed * 1000 + i)]));
}

function valuesOf(spec: StateSpec, seed: number): Float64Array {
  const values = noise(sizeOf(spec.shape), seed);
  if (spec.role === "optimizer") return values.fill(0);
  if (spec.path.endsWith("running_var")) return values.map((v) => 0.5 + 0.3 * Math.abs(v));
  if (spec.shape.length === 1 && spec.path.endsWith("weight")) return values.map((v) => 1 + 0.2 * v);
  return values;
}

export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** NCHW → NHWC */
export function channelsLast(values: ArrayLike<number>, [n, c, h, w]: readonly [number, number, number, number]) {
  const out = new Float64Array(values.length);
  for (let b = 0; b < n; b++)
    for (let k = 0; k < c; k++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) out[((b * h + y) * w + x) * c + k] = values[((b * c + k) * h + y) * w + x]!;
  return out;
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
