/** Copies between layouts: transpose, pad, slice, concat, broadcast, upsample are one kernel over strides. */
import { sizeOf, stridesOf, type Shape } from "../../../../shape.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { loadPartial, renameBuffers, storePartial, type Kernel, type Recipe } from "../kernel.ts";
import { f32x4, i32, v128, type I32, type Int, type Local, type V128 } from "../values.ts";

export interface CopySpec {
  /** The box of elements that are copied. */
  readonly shape: Shape;
  /** Floats from one element to the next along each axis, and of the first one. */
  readonly from: { readonly strides: readonly number[]; readonly offset: number };
  readonly to: { readonly strides: readonly number[]; readonly offset: number };
}

interface Axis {
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/** Axes of length 1 go, neighbours that are one run on both sides become one. */
function coalesce(spec: CopySpec): Axis[] {
  const axes: Axis[] = [];
  spec.shape.forEach((length, i) => {
    if (length === 1) return;
    const axis = { length, from: spec.from.strides[i]!, to: spec.to.strides[i]! };
    const last = axes.at(-1);
    if (last !== undefined && last.from === axis.from * length && last.to === axis.to * length) {
      axes[axes.length - 1] = { ...axis, length: last.length * length };
    } else axes.push(axis);
  });
  return axes.length === 0 ? [{ length: 1, from: 1, to: 1 }] : axes;
}

/** Floats that a work unit moves at least, where there are as many. */
const UNIT_FLOATS = 2048;

/** Buffers `x`, `out`. */
export function copyKernel(label: string, spec: CopySpec): Kernel {
  const axes = coalesce(spec);
  const inner = axes.at(-1)!;
  const row = axes.at(-2) ?? { length: 1, from: 0, to: 0 };
  const outer = axes.slice(0, -2);
  // A unit: some rows of the last two axes; where there is but one axis, a run of it.
  const run = axes.length === 1 ? Math.min(inner.length, UNIT_FLOATS) : inner.length;
  const rows = Math.min(row.length, Math.max(1, Math.ceil(UNIT_FLOATS / inner.length)));
  const runs = Math.ceil(inner.length / run);
  const rowBlocks = Math.ceil(row.length / rows);
  const count = sizeOf(spec.shape);
  return {
    label,
    buffers: ["x", "out"],
    reads: 1,
    units: count === 0 ? 0 : outer.reduce((product, axis) => product * axis.length, 1) * rowBlocks * runs,
    flops: 0,
    bytes: 8 * count,
    scratchBytes: 0,
    emit: (f, { buffer, start, end }) => {
      const unit = f.local("i32", "unit");
      const [from, to] = [f.local("i32", "from"), f.local("i32", "to")];
      const rest = f.local("i32", "rest");
      const [index, last] = [f.local("i32", "index"), f.local("i32", "last")];
      f.for(unit, start, end, 1, () => {
        f.set(from, i32.add(buffer("x"), spec.from.offset * 4));
        f.set(to, i32.add(buffer("out"), spec.to.offset * 4));
        const move = (position: Int, axis: Axis, scale = 1): void => {
          f.set(from, i32.add(from, i32.mul(position, axis.from * scale * 4)));
          f.set(to, i32.add(to, i32.mul(position, axis.to * scale * 4)));
        };
        f.set(rest, i32.div(unit, rowBlocks * runs));
        for (const axis of outer.toReversed()) {
          move(i32.rem(rest, axis.length), axis);
          f.set(rest, i32.div(rest, axis.length));
        }
        const first = f.let("first", i32.mul(i32.rem(i32.div(unit, runs), rowBlocks), rows));
        move(first, row);
        if (runs > 1) {
          const begin = f.let("begin", i32.mul(i32.rem(unit, runs), run));
          move(begin, inner);
          const length = f.let("length", i32.sub(inner.length, begin));
          f.set(length, i32.min(length, run));
          emitRun(f, from, to, inner, length, run);
          return;
        }
        f.set(last, i32.sub(row.length, first));
        f.set(last, i32.min(last, rows));
        f.for(index, 0, last, 1, () => {
          emitRun(f, from, to, inner, i32.of(run), run);
          f.increment(from, row.from * 4);
          f.increment(to, row.to * 4);
        });
      });
    },
  };
}

/** Runs at least this long are left to the engine's own copy. */
const BULK = 64;

function emitRun(
  f: FunctionBuilder,
  from: Local<"i32">,
  to: Local<"i32">,
  axis: Axis,
  length: I32,
  longest: number,
): void {
  if (axis.from === 1 && axis.to === 1 && longest >= BULK) return f.copyBytes(to, from, i32.mul(length, 4));
  const i = f.local("i32", "i");
  const [source, target] = [f.let("source", i32.of(from)), f.let("target", i32.of(to))];
  const gather = (count: number): V128 => {
    if (axis.from === 1) return loadPartial(source, 0, count);
    if (axis.from === 0) return v128.loadSplat(source);
    let value: V128 = v128.loadOne(source);
    for (let lane = 1; lane < count; lane++) {
      value = v128.loadLane(i32.add(source, lane * axis.from * 4), 0, lane, value);
    }
    return value;
  };
  const put = (count: number): void => {
    const value = f.let("value", gather(count));
    if (axis.to === 1) storePartial(f, target, 0, value, count);
    else for (let lane = 0; lane < count; lane++) f.storeLane(i32.add(target, lane * axis.to * 4), 0, lane, value);
    f.increment(source, count * axis.from * 4);
    f.increment(target, count * axis.to * 4);
  };
  const whole = f.let("whole", i32.mul(i32.div(length, 4), 4));
  f.for(i, 0, whole, 4, () => put(4));
  const end = f.let("end", length);
  f.for(i, whole, end, 1, () => put(1));
}

/** Fills `count` floats of `out` with one number. */
export function fillKernel(label: string, count: number, value: number): Kernel {
  return {
    label,
    buffers: ["out"],
    reads: 0,
    units: Math.ceil(count / UNIT_FLOATS),
    flops: 0,
    bytes: 4 * count,
    scratchBytes: 0,
    emit: (f, { buffer, start, end }) => {
      const first = f.let("first", i32.mul(start, UNIT_FLOATS));
      const last = f.let("last", i32.mul(end, UNIT_FLOATS));
      f.set(last, i32.min(last, count));
      const i = f.local("i32", "i");
      const at = f.let("at", i32.add(buffer("out"), i32.mul(first, 4)));
      f.for(i, first, last, 1, () => {
        f.storeLane(at, 0, 0, f32x4.splat(value));
        f.increment(at, 4);
      });
    },
  };
}

const single = (kernel: Kernel): Recipe => ({ steps: kernel.units === 0 ? [] : [kernel], temporaries: {} });

/** Buffers `x`, `out` in the following recipes. */
export function transposeRecipe(shape: Shape, permutation: readonly number[]): Recipe {
  const strides = stridesOf(shape);
  const out = permutation.map((axis) => shape[axis]!);
  const from = { strides: permutation.map((axis) => strides[axis]!), offset: 0 };
  const label = `transpose ${shape.join("×")} by ${permutation.join(",")}`;
  return single(copyKernel(label, { shape: out, from, to: { strides: stridesOf(out), offset: 0 } }));
}

export function broadcastRecipe(shape: Shape, out: Shape): Recipe {
  const missing = out.length - shape.length;
  const strides = stridesOf(shape);
  const from = out.map((length, axis) => {
    const own = shape[axis - missing];
    return own === undefined || (own === 1 && length !== 1) ? 0 : strides[axis - missing]!;
  });
  const spec = { shape: out, from: { strides: from, offset: 0 }, to: { strides: stridesOf(out), offset: 0 } };
  return single(copyKernel(`broadcast ${shape.join("×")} to ${out.join("×")}`, spec));
}

function offsetOf(strides: readonly number[], position: Shape): number {
  return position.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
}

export function sliceRecipe(shape: Shape, start: Shape, size: Shape): Recipe {
  const strides = stridesOf(shape);
  const spec = {
    shape: size,
    from: { strides, offset: offsetOf(strides, start) },
    to: { strides: stridesOf(size), offset: 0 },
  };
  return single(copyKernel(`slice ${size.join("×")} of ${shape.join("×")}`, spec));
}

export function padRecipe(shape: Shape, before: Shape, after: Shape): Recipe {
  const out = shape.map((length, axis) => before[axis]! + length + after[axis]!);
  const strides = stridesOf(out);
  const spec = {
    shape,
    from: { strides: stridesOf(shape), offset: 0 },
    to: { strides, offset: offsetOf(strides, before) },
  };
  const label = `pad ${shape.join("×")} to ${out.join("×")}`;
  return { steps: [fillKernel(`zero ${out.join("×")}`, sizeOf(out), 0), copyKernel(label, spec)], temporaries: {} };
}

/** Buffers `x1`, `x2`, …, `out`. */
export function concatRecipe(shapes: readonly Shape[], axis: number): Recipe {
  const total = shapes.reduce((sum, shape) => sum + shape[axis]!, 0);
  const out = shapes[0]!.map((length, i) => (i === axis ? total : length));
  const strides = stridesOf(out);
  let before = 0;
  const steps = shapes.map((shape, i) => {
    const spec = {
      shape,
      from: { strides: stridesOf(shape), offset: 0 },
      to: { strides, offset: before * strides[axis]! },
    };
    before += shape[axis]!;
    return renameBuffers(copyKernel(`concat part ${i + 1} of ${out.join("×")}`, spec), { x: `x${i + 1}` });
  });
  return { steps, temporaries: {} };
}

/** x [N,H,W,C] → [N,H·fh,W·fw,C], nearest neighbour. */
export function upsampleRecipe(shape: Shape, factor: readonly [number, number]): Recipe {
  const [n, h, w, c] = shape as readonly [number, number, number, number];
  const box = [n, h, factor[0], w, factor[1], c];
  const spec = {
    shape: box,
    from: { strides: [h * w * c, w * c, 0, c, 0, 1], offset: 0 },
    to: { strides: stridesOf(box), offset: 0 },
  };
  return single(copyKernel(`upsample ${shape.join("×")} by ${factor.join("×")}`, spec));
}
