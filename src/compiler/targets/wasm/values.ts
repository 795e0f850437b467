/**
 * Typed values of the assembler: an expression tree whose leaves are locals and constants and that writes itself in
 * stack order. Integer operations on constants are folded, so that addresses can be written plainly.
 */
import type { ByteWriter } from "./encoder.ts";

export type ValueType = "i32" | "v128";

export interface Value<T extends ValueType> {
  readonly type: T;
  readonly emit: (out: ByteWriter) => void;
  /** The number, where it is known (i32 only). */
  readonly constant?: number;
}

export type I32 = Value<"i32">;
export type V128 = Value<"v128">;

/** An integer operand: a value or a plain number. */
export type Int = I32 | number;

export interface Local<T extends ValueType> extends Value<T> {
  readonly index: number;
  readonly name: string;
}

export function constantOf(value: Int): number | undefined {
  return typeof value === "number" ? value : value.constant;
}

function int(value: Int): I32 {
  if (typeof value !== "number") return value;
  return {
    type: "i32",
    constant: value,
    emit: (out) => {
      out.byte(0x41);
      out.s32(value);
    },
  };
}

function binary(opcode: number, a: Int, b: Int): I32 {
  const left = int(a);
  const right = int(b);
  return {
    type: "i32",
    emit: (out) => {
      left.emit(out);
      right.emit(out);
      out.byte(opcode);
    },
  };
}

function folded(opcode: number, a: Int, b: Int, fold: (a: number, b: number) => number): I32 {
  const left = constantOf(a);
  const right = constantOf(b);
  return left !== undefined && right !== undefined ? int(fold(left, right)) : binary(opcode, a, b);
}

/** 32-bit integers: addresses, indices, conditions. Division, remainder and order are unsigned unless named signed. */
export const i32 = {
  of: int,
  add(a: Int, b: Int): I32 {
    if (constantOf(a) === 0) return int(b);
    if (constantOf(b) === 0) return int(a);
    return folded(0x6a, a, b, (x, y) => x + y);
  },
  sub(a: Int, b: Int): I32 {
    return constantOf(b) === 0 ? int(a) : folded(0x6b, a, b, (x, y) => x - y);
  },
  mul(a: Int, b: Int): I32 {
    if (constantOf(a) === 1) return int(b);
    if (constantOf(b) === 1) return int(a);
    if (constantOf(a) === 0 || constantOf(b) === 0) return int(0);
    return folded(0x6c, a, b, (x, y) => x * y);
  },
  div(a: Int, b: Int): I32 {
    return constantOf(b) === 1 ? int(a) : folded(0x6e, a, b, (x, y) => Math.floor(x / y));
  },
  rem(a: Int, b: Int): I32 {
    return constantOf(b) === 1 ? int(0) : folded(0x70, a, b, (x, y) => x % y);
  },
  and: (a: Int, b: Int) => folded(0x71, a, b, (x, y) => x & y),
  eq: (a: Int, b: Int) => folded(0x46, a, b, (x, y) => (x === y ? 1 : 0)),
  lt: (a: Int, b: Int) => folded(0x49, a, b, (x, y) => (x < y ? 1 : 0)),
  ge: (a: Int, b: Int) => folded(0x4f, a, b, (x, y) => (x >= y ? 1 : 0)),
  ltSigned: (a: Int, b: Int) => folded(0x48, a, b, (x, y) => (x < y ? 1 : 0)),
  /** a where the condition is not 0. */
  select(condition: I32, a: Int, b: Int): I32 {
    const [left, right] = [int(a), int(b)];
    if (condition.constant !== undefined) return condition.constant === 0 ? right : left;
    return {
      type: "i32",
      emit: (out) => {
        left.emit(out);
        right.emit(out);
        condition.emit(out);
        out.byte(0x1b);
      },
    };
  },
  /** Signed minimum; both operands are written twice, so they should be locals or constants. */
  min: (a: Int, b: Int): I32 => i32.select(i32.ltSigned(a, b), a, b),
  max: (a: Int, b: Int): I32 => i32.select(i32.ltSigned(a, b), b, a),
} as const;

/** Writes a SIMD opcode behind its prefix. */
function simd(out: ByteWriter, opcode: number): void {
  out.byte(0xfd);
  out.u32(opcode);
}

function vector(opcode: number, ...operands: readonly V128[]): V128 {
  return {
    type: "v128",
    emit: (out) => {
      for (const operand of operands) operand.emit(out);
      simd(out, opcode);
    },
  };
}

/** A load: `opcode`, then alignment (as a power of two; a hint) and a constant byte offset. */
function load(opcode: number, align: number, pointer: Int, offset: number): V128 {
  const address = int(pointer);
  return {
    type: "v128",
    emit: (out) => {
      address.emit(out);
      simd(out, opcode);
      out.u32(align);
      out.u32(offset);
    },
  };
}

function shift(opcode: number, a: V128, count: number): V128 {
  return {
    type: "v128",
    emit: (out) => {
      a.emit(out);
      int(count).emit(out);
      simd(out, opcode);
    },
  };
}

const floatBits = new DataView(new ArrayBuffer(4));

function splatBits(bits: number): V128 {
  return {
    type: "v128",
    emit: (out) => {
      simd(out, 0x0c);
      for (let lane = 0; lane < 4; lane++) for (let i = 0; i < 4; i++) out.byte((bits >>> (8 * i)) & 0xff);
    },
  };
}

/** Whole 128-bit registers. */
export const v128 = {
  load: (pointer: Int, offset = 0) => load(0x00, 2, pointer, offset),
  /** One float into all lanes. */
  loadSplat: (pointer: Int, offset = 0) => load(0x09, 2, pointer, offset),
  /** One float into lane 0, zeros above. */
  loadOne: (pointer: Int, offset = 0) => load(0x5c, 2, pointer, offset),
  /** Two floats into lanes 0 and 1, zeros above. */
  loadTwo: (pointer: Int, offset = 0) => load(0x5d, 2, pointer, offset),
  /** `onto` with lane `lane` replaced from memory. */
  loadLane(pointer: Int, offset: number, lane: number, onto: V128): V128 {
    const address = int(pointer);
    return {
      type: "v128",
      emit: (out) => {
        address.emit(out);
        onto.emit(out);
        simd(out, 0x56);
        out.u32(2);
        out.u32(offset);
        out.byte(lane);
      },
    };
  },
  /** 32-bit lanes by number: 0..3 of a, 4..7 of b. */
  shuffle(a: V128, b: V128, lanes: readonly [number, number, number, number]): V128 {
    return {
      type: "v128",
      emit: (out) => {
        a.emit(out);
        b.emit(out);
        simd(out, 0x0d);
        for (const lane of lanes) for (let i = 0; i < 4; i++) out.byte(lane * 4 + i);
      },
    };
  },
  and: (a: V128, b: V128) => vector(0x4e, a, b),
  /** a where the bits of b are not set. */
  andNot: (a: V128, b: V128) => vector(0x4f, a, b),
  or: (a: V128, b: V128) => vector(0x50, a, b),
  xor: (a: V128, b: V128) => vector(0x51, a, b),
  /** a where the mask is set, b elsewhere. */
  bitselect: (a: V128, b: V128, mask: V128) => vector(0x52, a, b, mask),
} as const;

/** Four floats. */
export const f32x4 = {
  splat(value: number): V128 {
    floatBits.setFloat32(0, value);
    return splatBits(floatBits.getUint32(0));
  },
  add: (a: V128, b: V128) => vector(0xe4, a, b),
  sub: (a: V128, b: V128) => vector(0xe5, a, b),
  mul: (a: V128, b: V128) => vector(0xe6, a, b),
  div: (a: V128, b: V128) => vector(0xe7, a, b),
  /** NaN where either is NaN. */
  min: (a: V128, b: V128) => vector(0xe8, a, b),
  max: (a: V128, b: V128) => vector(0xe9, a, b),
  /** b < a ? b : a, one machine instruction; keeps a NaN of a. */
  pmin: (a: V128, b: V128) => vector(0xea, a, b),
  /** a < b ? b : a; keeps a NaN of a. */
  pmax: (a: V128, b: V128) => vector(0xeb, a, b),
  abs: (a: V128) => vector(0xe0, a),
  neg: (a: V128) => vector(0xe1, a),
  sqrt: (a: V128) => vector(0xe3, a),
  nearest: (a: V128) => vector(0x6a, a),
  eq: (a: V128, b: V128) => vector(0x41, a, b),
  ne: (a: V128, b: V128) => vector(0x42, a, b),
  lt: (a: V128, b: V128) => vector(0x43, a, b),
  gt: (a: V128, b: V128) => vector(0x44, a, b),
  fromInt: (a: V128) => vector(0xfa, a),
  /** a·b + c, fused or not as the machine likes best. Needs relaxed SIMD. */
  relaxedMadd: (a: V128, b: V128, c: V128) => vector(0x105, a, b, c),
} as const;

/** Four 32-bit integers. */
export const i32x4 = {
  splat: (value: number) => splatBits(value),
  /** One integer into all lanes. */
  fill(value: I32): V128 {
    return {
      type: "v128",
      emit: (out) => {
        value.emit(out);
        simd(out, 0x11);
      },
    };
  },
  add: (a: V128, b: V128) => vector(0xae, a, b),
  sub: (a: V128, b: V128) => vector(0xb1, a, b),
  shl: (a: V128, count: number) => shift(0xab, a, count),
  shrSigned: (a: V128, count: number) => shift(0xac, a, count),
  shr: (a: V128, count: number) => shift(0xad, a, count),
  /** Truncates, NaN becomes 0. */
  fromFloat: (a: V128) => vector(0xf8, a),
} as const;
