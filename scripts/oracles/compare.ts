/** Expected arrays, in full or as a digest, and how far a computed one is from them. */
import type { Shape } from "../../src/compiler/graph/graph.ts";
import { uniform } from "./generators.ts";

export interface Summary {
  readonly sum?: number;
  readonly sumabs: number;
  readonly dot: number;
}

/** An array in full, or what is kept of a long one. */
export type Expected =
  | { readonly shape: Shape; readonly data: readonly number[] }
  | (Summary & { readonly shape: Shape; readonly first16: readonly number[]; readonly last16: readonly number[] });

/** One measured deviation and the bound it has to stay within. */
export interface Deviation {
  readonly what: string;
  readonly value: number;
  readonly bound: number;
}

/** `dot` is taken with a fixed hashed vector: it notices permutations that sums miss. */
export function summarise(values: ArrayLike<number>): Required<Summary> {
  const d = uniform("dot", values.length);
  let sum = 0;
  let sumabs = 0;
  let dot = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    sumabs += Math.abs(values[i]!);
    dot += values[i]! * d[i]!;
  }
  return { sum, sumabs, dot };
}

function maxAbs(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!));
  return max;
}

/** Largest |a − b| over the largest |b| (or plain where b is all zero); NaN counts as infinite. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return worst / (maxAbs(expected) || 1);
}

/** Deviation of one number relative to a magnitude. */
export function relative(actual: number, expected: number, magnitude = Math.abs(expected)): number {
  const difference = Math.abs(actual - expected) / (magnitude || 1);
  return Number.isNaN(difference) ? Infinity : difference;
}

export function compareArray(actual: ArrayLike<number>, expected: Expected): number {
  if ("data" in expected) return relativeDifference(actual, expected.data);
  const list = Array.from(actual);
  const kept = [...expected.first16, ...expected.last16];
  const summary = summarise(actual);
  return Math.max(
    relativeDifference([...list.slice(0, 16), ...list.slice(-16)], kept),
    relative(summary.sumabs, expected.sumabs),
    relative(summary.dot, expected.dot, expected.sumabs),
  );
}
