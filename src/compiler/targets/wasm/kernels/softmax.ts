/** softmax and log_softmax over the last axis. */
import type { FunctionBuilder } from "../assembler.ts";
import { loadPartial, storePartial, type Kernel } from "../kernel.ts";
import * as math from "../math.ts";
import { f32x4, i32, v128, type Int, type V128 } from "../values.ts";
import { forChannels } from "./elementwise.ts";
import { horizontalSum } from "./patch-norm.ts";
import { horizontalMax, lanesMask } from "./reduce.ts";

/** x [rows, length]. Buffers: `x`, `out`. */
export function softmaxKernel(label: string, rows: number, length: number, logarithm: boolean): Kernel {
  const perUnit = Math.max(1, Math.floor(1024 / length));
  return {
    label,
    buffers: ["x", "out"],
    reads: 1,
    units: Math.ceil(rows / perUnit),
    flops: rows * length * 18,
    bytes: 8 * rows * length,
    scratchBytes: 0,
    emit: (f, p) => {
      const row = f.local("i32", "row");
      const last = f.let("last", i32.mul(p.end, perUnit));
      f.set(last, i32.min(last, rows));
      const first = f.let("first", i32.mul(p.start, perUnit));
      f.for(row, first, last, 1, () => {
        const x = f.let("x", i32.add(p.buffer("x"), i32.mul(row, length * 4)));
        const out = f.let("out", i32.add(p.buffer("out"), i32.mul(row, length * 4)));
        emitRow(f, length, logarithm, {
          read: (bytes, lanes) => loadPartial(i32.add(x, bytes), 0, lanes),
          written: (bytes, lanes) => loadPartial(i32.add(out, bytes), 0, lanes),
          write: (bytes, lanes, value) => storePartial(f, i32.add(out, bytes), 0, value, lanes),
        });
      });
    },
  };
}

interface RowAccess {
  readonly read: (bytes: Int, lanes: number) => V128;
  readonly written: (bytes: Int, lanes: number) => V128;
  readonly write: (bytes: Int, lanes: number, value: V128) => void;
}

function emitRow(f: FunctionBuilder, length: number, logarithm: boolean, row: RowAccess): void {
  const all = (value: V128): V128 => v128.shuffle(value, value, [0, 0, 0, 0]);
  const masked = (value: V128, fill: number, lanes: number): V128 =>
    lanes === 4 ? value : v128.bitselect(value, f32x4.splat(fill), lanesMask(lanes));

  const largest = f.let("largest", f32x4.splat(-Infinity));
  forChannels(f, length, (bytes, lanes) => {
    f.set(largest, f32x4.max(largest, masked(row.read(bytes, lanes), -Infinity, lanes)));
  });
  f.set(largest, all(f.let("whole", horizontalMax(f, largest))));

  const sum = f.let("sum", f32x4.splat(0));
  forChannels(f, length, (bytes, lanes) => {
    const e = f.let("e", math.exp(f, f32x4.sub(row.read(bytes, lanes), largest)));
    if (!logarithm) row.write(bytes, lanes, e);
    f.set(sum, f32x4.add(sum, masked(e, 0, lanes)));
  });
  f.set(sum, all(f.let("whole", horizontalSum(f, sum))));

  if (logarithm) f.set(sum, math.log(f, sum));
  forChannels(f, length, (bytes, lanes) => {
    const value = logarithm
      ? f32x4.sub(f32x4.sub(row.read(bytes, lanes), largest), sum)
      : f32x4.div(row.written(bytes, lanes), sum);
    row.write(bytes, lanes, value);
  });
}
