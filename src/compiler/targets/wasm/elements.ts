/** Inputs of an expression over [rows, channels]: addresses and loads for each kind of access. */
import type { Access } from "../../plan/expression.ts";
import type { FunctionBuilder } from "./assembler.ts";
import { loadPartial } from "./kernel.ts";
import { i32, v128, type I32, type Int, type Local, type V128 } from "./values.ts";

export interface ElementReader {
  /** Moves to a row. Must be called before `read`. */
  readonly atRow: (row: I32) => void;
  /** `count` elements from channel (channelBytes + offset) / 4 on; lanes beyond are not defined. */
  readonly read: (channelBytes: Int, offset: number, count: number) => V128;
}

/** @param aligned the channel given to `read` is always a multiple of 4 */
export function createReader(
  f: FunctionBuilder,
  access: Access,
  base: Local<"i32">,
  channels: number,
  aligned = true,
): ElementReader {
  switch (access.kind) {
    case "same":
    case "sample": {
      const pointer = f.local("i32", "rowPointer");
      const rows = access.kind === "sample" ? access.rows : 1;
      return {
        atRow: (row) => f.set(pointer, i32.add(base, i32.mul(i32.div(row, rows), channels * 4))),
        read: (channelBytes, offset, count) => loadPartial(i32.add(pointer, channelBytes), offset, count),
      };
    }
    case "channel":
      return {
        atRow: () => undefined,
        read: (channelBytes, offset, count) => loadPartial(i32.add(base, channelBytes), offset, count),
      };
    case "row": {
      const value = f.local("v128", "rowValue");
      return {
        atRow: (row) => f.set(value, v128.loadSplat(i32.add(base, i32.mul(row, 4)))),
        read: () => value,
      };
    }
    case "scalar": {
      const value = f.let("scalar", v128.loadSplat(base));
      return { atRow: () => undefined, read: () => value };
    }
    case "group":
      return access.groups === 1
        ? createReader(f, { kind: "row" }, base, channels)
        : createGroupReader(f, access.groups, base, channels, aligned);
    default:
      throw new Error(`no such access: ${String(access satisfies never)}`);
  }
}

function createGroupReader(
  f: FunctionBuilder,
  groups: number,
  base: Local<"i32">,
  channels: number,
  aligned: boolean,
): ElementReader {
  const run = channels / groups;
  const pointer = f.local("i32", "groupPointer");
  const groupBytes = (channelBytes: Int, offset: number): I32 =>
    i32.mul(i32.div(i32.add(channelBytes, offset), run * 4), 4);
  return {
    atRow: (row) => f.set(pointer, i32.add(base, i32.mul(row, groups * 4))),
    read(channelBytes, offset, count) {
      const at = (lane: number): I32 => i32.add(pointer, groupBytes(channelBytes, offset + 4 * lane));
      if (aligned && run % 4 === 0) return v128.loadSplat(at(0));
      let value = v128.loadOne(at(0));
      for (let lane = 1; lane < count; lane++) value = v128.loadLane(at(lane), 0, lane, value);
      return value;
    },
  };
}
