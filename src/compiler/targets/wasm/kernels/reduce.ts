/**
 * Reductions of [outer, reduced, inner] over the middle. Long ones are cut into parts whose number depends on the shape
 * alone, so the bits do not depend on the number of threads; a second kernel joins the parts.
 */
import { costOf } from "../../../plan/expression.ts";
import type { ReduceSpec } from "../../../plan/reduction.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { createReader, type ElementReader } from "../elements.ts";
import { emitExpressions } from "../expression-wasm.ts";
import { loadPartial, storePartial, type Kernel, type KernelParameters, type Recipe } from "../kernel.ts";
import { f32x4, i32, i32x4, v128, type I32, type Int, type Local, type V128 } from "../values.ts";
import { horizontalSum } from "./patch-norm.ts";
import { forBlocks } from "./window.ts";

/** Elements that are worth a work unit of their own, and parts at most. */
const PART_FLOATS = 8192;
const PARTS = 32;
/** Terms that are added up before the sum goes to the sum of sums: bounds the rounding error. */
const RUN = 128;

export interface Parts {
  readonly count: number;
  /** Elements of the reduced axis in a part; the last one may have fewer. */
  readonly length: number;
}

function partsOf(s: ReduceSpec): Parts {
  const wanted = Math.floor((s.reduced * s.inner) / PART_FLOATS);
  const count = Math.max(1, Math.min(wanted, Math.ceil(PARTS / s.outer)));
  const length = Math.ceil(s.reduced / count / 16) * 16;
  return { count: Math.ceil(s.reduced / length), length };
}

/** Buffers: `x1`, …, `out`; temporaries `parts` and, for variances, `means`. */
export function reduceRecipe(label: string, spec: ReduceSpec): Recipe {
  const parts = partsOf(spec);
  const floats = spec.outer * parts.count * spec.inner;
  const single = parts.count === 1;
  const steps = [partKernel(label, spec, parts)];
  if (!single) steps.push(joinKernel(`${label}, parts`, spec, parts));
  const variance = spec.kind === "variance";
  return {
    steps,
    temporaries: single ? {} : { parts: 4 * floats, ...(variance ? { means: 4 * floats } : {}) },
  };
}

function partKernel(label: string, spec: ReduceSpec, parts: Parts): Kernel {
  const inputs = spec.inputs ?? [{ kind: "same" }];
  const count = spec.outer * spec.reduced * spec.inner;
  const single = parts.count === 1;
  const outputs = single ? resultNames(spec) : partNames(spec);
  // Several short reductions make a unit.
  const perUnit = Math.max(1, Math.floor(2048 / (parts.length * spec.inner)));
  const total = spec.outer * parts.count;
  return {
    label,
    buffers: [...inputs.map((_, i) => `x${i + 1}`), ...outputs],
    reads: inputs.length,
    units: Math.ceil(total / perUnit),
    flops: count * ((spec.kind === "variance" ? 4 : 1) + (spec.value === undefined ? 0 : costOf(spec.value))),
    bytes: 4 * count * inputs.filter((access) => access.kind === "same").length,
    scratchBytes: 0,
    emit: (f, p) => {
      const channels = spec.inner === 1 ? spec.reduced : spec.inner;
      const readers = inputs.map((access, i) => createReader(f, access, p.buffer(`x${i + 1}`), channels));
      const [task, first, last] = [f.local("i32", "task"), f.local("i32", "first"), f.local("i32", "last")];
      f.set(first, i32.mul(p.start, perUnit));
      f.set(last, i32.mul(p.end, perUnit));
      f.set(last, i32.min(last, total));
      f.for(task, first, last, 1, () => {
        const context = { spec, parts, readers, task };
        if (spec.inner === 1) reduceRow(f, p, context);
        else {
          const base = f.let("base", i32.mul(i32.div(task, parts.count), spec.reduced));
          reduceColumns(f, p, context, { ...bounds(f, context), base });
        }
      });
    },
  };
}

/** What a reduction leaves, and what its parts leave for joining. */
function resultNames(spec: ReduceSpec): string[] {
  return spec.withMean === true ? ["out", "mean"] : ["out"];
}

export function partNames({ kind }: Pick<ReduceSpec, "kind">): string[] {
  return kind === "variance" ? ["parts", "means"] : ["parts"];
}

interface PartContext {
  readonly spec: ReduceSpec;
  /** One part, or several that are joined later. */
  readonly parts: Pick<Parts, "count">;
  readonly readers: readonly ElementReader[];
  /** outer · parts + part. */
  readonly task: Local<"i32">;
}

function valueOf(f: FunctionBuilder, c: PartContext, channelBytes: Int, offset: number, lanes: number): V128 {
  const read = (index: number): V128 => c.readers[index]!.read(channelBytes, offset, lanes);
  if (c.spec.value === undefined) return read(0);
  return emitExpressions(f, [c.spec.value], read)[0]!;
}

const isMax = (spec: ReduceSpec): boolean => spec.kind === "max";
const neutral = (spec: ReduceSpec): V128 => f32x4.splat(isMax(spec) ? -Infinity : 0);
const combine = (spec: ReduceSpec, a: V128, b: V128): V128 => (isMax(spec) ? f32x4.max(a, b) : f32x4.add(a, b));

/** A part along the reduced axis. */
interface Range {
  readonly from: Local<"i32">;
  readonly to: Local<"i32">;
  readonly size: V128;
}

function rangeOf(from: Local<"i32">, to: Local<"i32">): Range {
  return { from, to, size: f32x4.fromInt(i32x4.fill(i32.sub(to, from))) };
}

function bounds(f: FunctionBuilder, c: PartContext & { readonly parts: Parts }): Range {
  const from = f.let("from", i32.mul(i32.rem(c.task, c.parts.count), c.parts.length));
  const to = f.let("to", i32.add(from, c.parts.length));
  f.set(to, i32.min(to, c.spec.reduced));
  return rangeOf(from, to);
}

/** Stores a part's results: the finished value where there is one part, else partial values. */
function storePart(
  f: FunctionBuilder,
  p: KernelParameters,
  c: PartContext,
  target: { readonly at: I32; readonly lanes: number; readonly size: V128 },
  result: V128,
  mean: V128 | undefined,
): void {
  if (c.parts.count > 1) {
    storePartial(f, i32.add(p.buffer("parts"), target.at), 0, result, target.lanes);
    if (mean !== undefined) storePartial(f, i32.add(p.buffer("means"), target.at), 0, mean, target.lanes);
    return;
  }
  const averaged = c.spec.kind === "mean" || c.spec.kind === "variance" ? f32x4.div(result, target.size) : result;
  storePartial(f, i32.add(p.buffer("out"), target.at), 0, finished(f, c.spec, averaged), target.lanes);
  if (c.spec.withMean === true) storePartial(f, i32.add(p.buffer("mean"), target.at), 0, mean!, target.lanes);
}

function finished(f: FunctionBuilder, spec: ReduceSpec, value: V128): V128 {
  return spec.finish === undefined ? value : emitExpressions(f, [spec.finish], () => value)[0]!;
}

/**
 * A part of a reduction of all rows, gathered by another kernel: part `task`, the rows `from` up to `to`. Writes to the
 * buffers of `partNames`; `joinKernel` joins them.
 */
export function emitGatheredPart(
  f: FunctionBuilder,
  p: KernelParameters,
  spec: ReduceSpec,
  v: {
    readonly readers: readonly ElementReader[];
    readonly task: Local<"i32">;
    readonly from: Local<"i32">;
    readonly to: Local<"i32">;
  },
): void {
  const context = { spec, parts: { count: Infinity }, readers: v.readers, task: v.task };
  reduceColumns(f, p, context, { ...rangeOf(v.from, v.to), base: i32.of(0) });
}

/** Lanes over channels: `inner` > 1. `base` is the first row of the outer index. */
function reduceColumns(f: FunctionBuilder, p: KernelParameters, c: PartContext, range: Range & { base: I32 }): void {
  const { spec } = c;
  const { from, to, size, base } = range;
  const [begin, stop, row] = [f.local("i32", "begin"), f.local("i32", "stop"), f.local("i32", "row")];
  forBlocks(f, spec.inner, (channelBytes, vectors, lanes) => {
    const pass = (term: (value: V128, v: number) => V128): Local<"v128">[] => {
      const totals = Array.from({ length: vectors }, () => f.let("total", neutral(spec)));
      const runs = totals.map(() => f.local("v128", "run"));
      f.for(begin, from, to, RUN, () => {
        f.set(stop, i32.add(begin, RUN));
        f.set(stop, i32.min(stop, to));
        for (const run of runs) f.set(run, neutral(spec));
        f.for(row, begin, stop, 1, () => {
          const at = f.let("at", i32.add(base, row));
          for (const reader of c.readers) reader.atRow(at);
          runs.forEach((run, v) => {
            f.set(run, combine(spec, run, term(valueOf(f, c, channelBytes, v * 16, lanes), v)));
          });
        });
        totals.forEach((total, v) => f.set(total, combine(spec, total, runs[v]!)));
      });
      return totals;
    };
    let results = pass((value) => value);
    let means: readonly Local<"v128">[] | undefined;
    if (spec.kind === "variance") {
      means = results.map((sum) => f.let("mean", f32x4.div(sum, size)));
      results = pass((value, v) => {
        const difference = f.let("difference", f32x4.sub(value, means![v]!));
        return f32x4.mul(difference, difference);
      });
    }
    results.forEach((result, v) => {
      const at = i32.add(i32.add(i32.mul(c.task, spec.inner * 4), channelBytes), v * 16);
      storePart(f, p, c, { at, lanes, size }, result, means?.[v]);
    });
  });
}

/** Lanes over the reduced axis: `inner` = 1. */
function reduceRow(f: FunctionBuilder, p: KernelParameters, c: PartContext & { readonly parts: Parts }): void {
  const { spec } = c;
  const { from, to, size } = bounds(f, c);
  const row = f.let("row", i32.div(c.task, c.parts.count));
  for (const reader of c.readers) reader.atRow(row);
  const rest = spec.reduced % 4;
  const first = f.let("first", i32.mul(from, 4));
  const whole = f.let("whole", i32.mul(i32.div(to, 4), 16));
  const large = f.let("large", i32.add(first, i32.mul(i32.div(i32.sub(whole, first), 64), 64)));
  const at = f.local("i32", "at");
  const pass = (term: (value: V128) => V128): Local<"v128"> => {
    const totals = Array.from({ length: 4 }, () => f.let("total", neutral(spec)));
    const take = (total: Local<"v128">, offset: number): void => {
      f.set(total, combine(spec, total, term(valueOf(f, c, at, offset, 4))));
    };
    f.for(at, first, large, 64, () => totals.forEach((total, v) => take(total, v * 16)));
    f.for(at, large, whole, 16, () => take(totals[0]!, 0));
    if (rest > 0) {
      f.if(i32.eq(to, spec.reduced), () => {
        const value = f.let("value", term(valueOf(f, c, whole, 0, rest)));
        const kept = v128.bitselect(value, neutral(spec), lanesMask(rest));
        f.set(totals[1]!, combine(spec, totals[1]!, kept));
      });
    }
    const [a, b, d, e] = totals as [Local<"v128">, Local<"v128">, Local<"v128">, Local<"v128">];
    const all = f.let("all", combine(spec, combine(spec, a, b), combine(spec, d, e)));
    return f.let("result", isMax(spec) ? horizontalMax(f, all) : horizontalSum(f, all));
  };
  let result = pass((value) => value);
  let mean: Local<"v128"> | undefined;
  if (spec.kind === "variance") {
    const center = f.let("center", f32x4.div(v128.shuffle(result, result, [0, 0, 0, 0]), size));
    mean = center;
    result = pass((value) => {
      const difference = f.let("difference", f32x4.sub(value, center));
      return f32x4.mul(difference, difference);
    });
  }
  storePart(f, p, c, { at: i32.mul(c.task, 4), lanes: 1, size }, result, mean);
}

/** All bits set in the first `lanes` lanes. */
export function lanesMask(lanes: number): V128 {
  const all = i32x4.splat(-1);
  const none = i32x4.splat(0);
  const pick = [0, 1, 2, 3].map((lane) => (lane < lanes ? lane : 4 + lane)) as [number, number, number, number];
  return v128.shuffle(all, none, pick);
}

export function horizontalMax(f: FunctionBuilder, value: V128): V128 {
  const all = f.let("all", value);
  const two = f.let("two", f32x4.max(all, v128.shuffle(all, all, [2, 3, 2, 3])));
  return f32x4.max(two, v128.shuffle(two, two, [1, 1, 1, 1]));
}

/** Joins the parts of each outer index; variances by the sizes and means of their parts (Chan, Golub, LeVeque 1983). */
export function joinKernel(label: string, spec: ReduceSpec, parts: Parts): Kernel {
  const variance = spec.kind === "variance";
  return {
    label,
    buffers: [...partNames(spec), ...resultNames(spec)],
    reads: variance ? 2 : 1,
    units: spec.outer,
    flops: spec.outer * spec.inner * parts.count * (variance ? 6 : 1),
    bytes: 4 * spec.outer * spec.inner * (parts.count * (variance ? 2 : 1) + 1),
    scratchBytes: 0,
    emit: (f, p) => {
      const [outer, part] = [f.local("i32", "outer"), f.local("i32", "part")];
      f.for(outer, p.start, p.end, 1, () => {
        forBlocks(f, spec.inner, (channelBytes, vectors, lanes) => {
          for (let v = 0; v < vectors; v++) {
            const over = (term: (offset: I32, size: V128) => V128): Local<"v128"> => {
              const total = f.let("total", neutral(spec));
              f.for(part, 0, parts.count, 1, () => {
                const row = i32.add(i32.mul(outer, parts.count), part);
                const offset = f.let("offset", i32.add(i32.mul(row, spec.inner * 4), channelBytes));
                const left = f.let("left", i32.sub(spec.reduced, i32.mul(part, parts.length)));
                const size = f32x4.fromInt(i32x4.fill(i32.min(left, parts.length)));
                f.set(total, combine(spec, total, term(offset, size)));
              });
              return total;
            };
            const load = (name: string, offset: I32): V128 =>
              loadPartial(i32.add(p.buffer(name), offset), v * 16, lanes);
            const scale = f32x4.splat(1 / spec.reduced);
            let result: V128;
            if (variance) {
              const sum = over((offset, size) => f32x4.mul(load("means", offset), size));
              const mean = f.let("mean", f32x4.mul(sum, scale));
              if (spec.withMean === true) {
                const at = i32.add(i32.mul(outer, spec.inner * 4), channelBytes);
                storePartial(f, i32.add(p.buffer("mean"), at), v * 16, mean, lanes);
              }
              const squares = over((offset, size) => {
                const difference = f.let("difference", f32x4.sub(load("means", offset), mean));
                return f32x4.add(load("parts", offset), f32x4.mul(f32x4.mul(difference, difference), size));
              });
              result = f32x4.mul(squares, scale);
            } else {
              const total = over((offset) => load("parts", offset));
              result = spec.kind === "mean" ? f32x4.mul(total, scale) : total;
            }
            const target = i32.add(p.buffer("out"), i32.add(i32.mul(outer, spec.inner * 4), channelBytes));
            storePartial(f, target, v * 16, finished(f, spec, f.let("joined", result)), lanes);
          }
        });
      });
    },
  };
}

/**
 * route_max: (g, x, y = maxima of x) over [outer, reduced, inner] → g at the first maximum, 0 elsewhere.
 * Buffers: `g`, `x`, `y`, `out`.
 */
export function routeMaxKernel(label: string, s: Pick<ReduceSpec, "outer" | "reduced" | "inner">): Kernel {
  const count = s.outer * s.reduced * s.inner;
  return {
    label,
    buffers: ["g", "x", "y", "out"],
    reads: 3,
    units: s.outer,
    flops: count,
    bytes: 8 * count,
    scratchBytes: 0,
    emit: (f, p) => {
      const [outer, r] = [f.local("i32", "outer"), f.local("i32", "r")];
      f.for(outer, p.start, p.end, 1, () => {
        forBlocks(f, s.inner, (channelBytes, vectors, lanes) => {
          for (let v = 0; v < vectors; v++) {
            const result = i32.add(i32.mul(outer, s.inner * 4), channelBytes);
            const g = f.let("g", loadPartial(i32.add(p.buffer("g"), result), v * 16, lanes));
            const largest = f.let("largest", loadPartial(i32.add(p.buffer("y"), result), v * 16, lanes));
            const waiting = f.let("waiting", f32x4.eq(largest, largest));
            const first = i32.add(i32.mul(outer, s.reduced * s.inner * 4), channelBytes);
            const at = f.let("at", first);
            f.for(r, 0, s.reduced, 1, () => {
              const value = loadPartial(i32.add(p.buffer("x"), at), v * 16, lanes);
              const hit = f.let("hit", v128.and(f32x4.eq(value, largest), waiting));
              storePartial(f, i32.add(p.buffer("out"), at), v * 16, v128.and(g, hit), lanes);
              f.set(waiting, v128.andNot(waiting, hit));
              f.increment(at, s.inner * 4);
            });
          }
        });
      });
    },
  };
}
