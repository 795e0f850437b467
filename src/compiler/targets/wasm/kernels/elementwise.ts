/** Element-wise chains: one expression (or several) over [rows, channels]. */
import { costOf, type Access } from "../../../plan/expression.ts";
import type { ElementwiseSpec } from "../../../plan/kernel-specs.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { createReader } from "../elements.ts";
import { emitExpressions } from "../expression-wasm.ts";
import { storePartial, type Kernel } from "../kernel.ts";
import { i32, type I32, type Int } from "../values.ts";

const UNIT_FLOATS = 2048;

/** With one channel a row is an element. */
function withoutChannels(access: Access): Access {
  if (access.kind === "row" || access.kind === "group") return { kind: "same" };
  return access.kind === "channel" ? { kind: "scalar" } : access;
}

export function elementwiseKernel(label: string, given: ElementwiseSpec): Kernel {
  const spec = given.channels === 1 ? { ...given, inputs: given.inputs.map(withoutChannels) } : given;
  // Where nothing depends on the place in the row, all is one long row, cut into rows of a unit's length.
  const flat = spec.inputs.every((access) => access.kind === "same" || access.kind === "scalar");
  const count = spec.rows * spec.channels;
  const rowsOfUnit = flat ? 1 : Math.max(1, Math.ceil(UNIT_FLOATS / spec.channels));
  const outputs = spec.outputs.map((_, i) => (i === 0 ? "out" : `out${i + 1}`));
  const streams = spec.inputs.filter((access) => access.kind === "same").length + outputs.length;
  return {
    label,
    buffers: [...spec.inputs.map((_, i) => `x${i + 1}`), ...outputs],
    reads: spec.inputs.length,
    units: flat ? Math.ceil(count / UNIT_FLOATS) : Math.ceil(spec.rows / rowsOfUnit),
    flops: count * spec.outputs.reduce((sum, e) => sum + costOf(e), 0),
    bytes: 4 * count * streams,
    scratchBytes: 0,
    emit: (f, p) => {
      const channels = flat ? UNIT_FLOATS : spec.channels;
      const readers = spec.inputs.map((access, i) => createReader(f, access, p.buffer(`x${i + 1}`), channels));
      const pointers = outputs.map(() => f.local("i32", "outputPointer"));
      const atRow = (row: I32): void => {
        for (const reader of readers) reader.atRow(row);
        pointers.forEach((pointer, i) => {
          f.set(pointer, i32.add(p.buffer(outputs[i]!), i32.mul(row, channels * 4)));
        });
      };
      const step = (channelBytes: Int, lanes: number): void => {
        const results = emitExpressions(f, spec.outputs, (index) => readers[index]!.read(channelBytes, 0, lanes));
        results.forEach((result, i) => storePartial(f, i32.add(pointers[i]!, channelBytes), 0, result, lanes));
      };
      const row = f.local("i32", "row");
      const rows = flat ? Math.floor(count / UNIT_FLOATS) : spec.rows;
      const first = f.let("first", i32.mul(p.start, rowsOfUnit));
      const last = f.let("last", i32.mul(p.end, rowsOfUnit));
      f.set(last, i32.min(last, rows));
      f.for(row, first, last, 1, () => {
        atRow(row);
        forChannels(f, channels, step);
      });
      const rest = flat ? count - rows * UNIT_FLOATS : 0;
      if (rest > 0) {
        f.if(i32.and(i32.lt(rows, p.end), i32.ge(rows, p.start)), () => {
          atRow(i32.of(rows));
          forChannels(f, rest, step);
        });
      }
    },
  };
}

/** Runs `step(byte of the first channel, lanes)` over all channels, four at a time. */
export function forChannels(f: FunctionBuilder, channels: number, step: (bytes: Int, lanes: number) => void): void {
  const c = f.local("i32", "c");
  const whole = Math.floor(channels / 4) * 16;
  f.for(c, 0, whole, 16, () => step(c, 4));
  if (channels % 4 > 0) step(whole, channels % 4);
}
