/** Reductions along any axes, maxima's routes, and softmax. */
import { sizeOf, type Shape } from "../../../shape.ts";
import { elementwise, reduce, transpose as transposed } from "./axes.ts";
import { type CallBuilder, type CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";

const reducedShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((length, axis) => (axes.includes(axis) ? 1 : length));

const countOf = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));

/** Whether the axes are the first ones, and others are left. */
function areFirst(shape: Shape, axes: readonly number[]): boolean {
  const kept = shape.flatMap((length, axis) => (length === 1 || axes.includes(axis) ? [] : [axis]));
  return kept.length > 0 && axes.every((axis) => shape[axis] === 1 || axis < kept[0]!);
}

export function sumOver(b: CallBuilder, x: CallValue, shape: Shape, axes: readonly number[]): CallValue {
  if (b.capabilities.choices.outerSums === "kernel" || !areFirst(shape, axes)) return middleSum(b, x, shape, axes);
  const rows = countOf(shape, axes);
  return rows === 1 ? x : sumOfRows(b, x, [rows, sizeOf(shape) / rows]);
}

/**
 * Rows of a pool. A pool keeps one running sum, which rounds each time: with few rows, and pools of pools, sums are as exact as in
 * a tree. That decides on which side of 0 a number is that should be 0: a ReLU behind a norm has a gradient or none.
 */
const MOST_POOLED = 32;
/** With fewer, what is left to sum is hardly less. */
const LEAST_POOLED = 16;

/** [1, columns]. */
function sumOfRows(b: CallBuilder, x: CallValue, [rows, columns]: readonly [number, number]): CallValue {
  const pooled = b.capabilities.choices.outerSums === "pools" ? largestDivisor(rows, MOST_POOLED) : 1;
  if (pooled < LEAST_POOLED) return c.matMul(b, c.filled(b, 1, [1, rows]), c.reshape(b, x, [rows, columns]));
  const blocks = rows / pooled;
  const ofBlocks = c.reshape(b, meansOfColumns(b, x, [blocks, pooled, columns]), [blocks, columns]);
  return c.times(b, blocks === 1 ? ofBlocks : sumOfRows(b, ofBlocks, [blocks, columns]), pooled);
}

type Three = readonly [before: number, reduced: number, after: number];

/** Means over the second of three axes. */
function meansOfColumns(b: CallBuilder, x: CallValue, [before, length, after]: Three): CallValue {
  return c.avgPool(b, c.reshape(b, x, [before, length, 1, after]), { window: [length, 1], strides: [1, 1] });
}

/** At most `limit`. */
function largestDivisor(count: number, limit: number): number {
  let divisor = Math.min(count, limit);
  while (count % divisor !== 0) divisor--;
  return divisor;
}

/** [before, reduced, after] where the axes are one run in the middle. */
function middle(shape: Shape, axes: readonly number[]): Three | undefined {
  const within = shape.flatMap((length, axis) => (length > 1 && axes.includes(axis) ? [axis] : []));
  const [first, last] = [within[0], within.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const broken = shape.some((length, axis) => axis > first && axis < last && length > 1 && !axes.includes(axis));
  const three = [sizeOf(shape.slice(0, first)), countOf(shape, axes), sizeOf(shape.slice(last + 1))] as const;
  return broken || three[0] === 1 || three[2] === 1 ? undefined : three;
}

/** Whether the axes are the last ones, and enough others are left to keep a card busy. */
function areLast(shape: Shape, axes: readonly number[]): boolean {
  const kept = shape.flatMap((length, axis) => (length === 1 || axes.includes(axis) ? [] : [axis]));
  return countOf(shape, kept) >= LEAST_POOLED && axes.every((axis) => shape[axis] === 1 || axis > kept.at(-1)!);
}

function middleSum(b: CallBuilder, x: CallValue, shape: Shape, axes: readonly number[]): CallValue {
  const count = countOf(shape, axes);
  if (b.capabilities.choices.poolsOfSingles && count > 1 && count <= MOST_POOLED && areLast(shape, axes)) {
    const rows = c.reshape(b, x, [1, sizeOf(shape) / count, count, 1]);
    return c.times(b, c.avgPool(b, rows, { window: [1, count], strides: [1, count] }), count);
  }
  const three = b.capabilities.choices.meansByPools ? middle(shape, axes) : undefined;
  if (three === undefined) return reduce(b, "sum", x, shape, axes);
  return c.times(b, meansOfColumns(b, x, three), three[1]);
}

export function meanOver(b: CallBuilder, x: CallValue, shape: Shape, axes: readonly number[]): CallValue {
  const { outerSums, meansByPools } = b.capabilities.choices;
  const byOther =
    (outerSums !== "kernel" && areFirst(shape, axes)) || (meansByPools && middle(shape, axes) !== undefined);
  if (!byOther) return reduce(b, "mean", x, shape, axes);
  return c.times(b, sumOver(b, x, shape, axes), 1 / countOf(shape, axes));
}

/** Σ (x − mean)² / count. */
export function varianceOver(b: CallBuilder, x: CallValue, shape: Shape, axes: readonly number[]): CallValue {
  const mean = meanOver(b, x, shape, axes);
  const apart = elementwise(b, "sub", [x, mean], [shape, reducedShape(shape, axes)], shape);
  return meanOver(b, c.square(b, apart), shape, axes);
}

/**
 * (g, x, y = maximum): g at the first maximum of each reduced set. Of the places that equal the maximum, the first is the one
 * with none before it: they are counted by a product with a triangle of ones, which is exact and the same on every backend.
 */
export function routeMax(
  b: CallBuilder,
  [g, x, y]: readonly [CallValue, CallValue, CallValue],
  shape: Shape,
  axes: readonly number[],
): CallValue {
  const reduced = reducedShape(shape, axes);
  const hits = elementwise(b, "equal", [x, y], [shape, reduced], shape);
  const count = countOf(shape, axes);
  const first = count === 1 ? hits : firstHits(b, hits, shape, axes);
  return elementwise(b, "mul", [g, first], [reduced, shape], shape);
}

function firstHits(b: CallBuilder, hits: CallValue, shape: Shape, axes: readonly number[]): CallValue {
  const count = countOf(shape, axes);
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const inOrder = axes.toSorted((p, q) => p - q);
  const permutation = [...kept, ...inOrder];
  const rows = c.reshape(b, transposed(b, hits, shape, permutation), [sizeOf(shape) / count, count]);
  const before = c.matMul(b, rows, c.constant(b, strictlyUpper(count), [count, count]));
  const first = c.greater(b, rows, before);
  const back = permutation.map((_, axis) => permutation.indexOf(axis));
  return transposed(b, first, permutation.map((axis) => shape[axis]!), back); // prettier-ignore
}

/** 1 at [i, j] where i < j. */
function strictlyUpper(size: number): readonly number[] {
  return Array.from({ length: size * size }, (_, at) => (Math.floor(at / size) < at % size ? 1 : 0));
}

/** e^(x − max), and its sum. */
function exponentials(b: CallBuilder, x: CallValue, shape: Shape, axis: number) {
  const reduced = reducedShape(shape, [axis]);
  const apart = elementwise(b, "sub", [x, reduce(b, "max", x, shape, [axis])], [shape, reduced], shape);
  const powers = c.exp(b, apart);
  return { apart, powers, reduced, sum: reduce(b, "sum", powers, shape, [axis]) };
}

export function softmaxAlong(b: CallBuilder, x: CallValue, shape: Shape, axis: number): CallValue {
  const length = shape[axis]!;
  if (sizeOf(shape.slice(axis + 1)) === 1) return c.softmax(b, c.reshape(b, x, [sizeOf(shape) / length, length]));
  const { powers, sum, reduced } = exponentials(b, x, shape, axis);
  return elementwise(b, "div", [powers, sum], [shape, reduced], shape);
}

export function logSoftmaxAlong(b: CallBuilder, x: CallValue, shape: Shape, axis: number): CallValue {
  const { apart, sum, reduced } = exponentials(b, x, shape, axis);
  return elementwise(b, "sub", [apart, c.log(b, sum)], [shape, reduced], shape);
}
