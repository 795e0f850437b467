/** Functions and modules: locals by name, structured loops and branches, one imported memory, exported kernels. */
import { createWriter, SECTION, writeSection, type ByteWriter } from "./encoder.ts";
import {
  constantOf,
  f32x4,
  i32,
  type I32,
  type Int,
  type Local,
  type V128,
  type Value,
  type ValueType,
} from "./values.ts";

export interface FunctionBuilder {
  /** Fused multiply-add is allowed. */
  readonly relaxed: boolean;
  local<T extends ValueType>(type: T, name: string): Local<T>;
  set<T extends ValueType>(local: Local<T>, value: Value<T>): void;
  /** `local` += amount. */
  increment(local: Local<"i32">, amount: Int): void;
  /** A new local that holds `value`. */
  let<T extends ValueType>(name: string, value: Value<T>): Local<T>;
  store(pointer: Int, offset: number, value: V128): void;
  /** Stores one 32-bit lane. */
  storeLane(pointer: Int, offset: number, lane: number, value: V128): void;
  copyBytes(to: Int, from: Int, count: Int): void;
  zeroBytes(to: Int, count: Int): void;
  if(condition: I32, then: () => void, otherwise?: () => void): void;
  /**
   * for (index = from; index < to; index += step), compared as signed numbers. The bounds may be read at every turn,
   * so `to` must be a local or a constant that the body does not change.
   */
  for(index: Local<"i32">, from: Int, to: Int, step: number, body: () => void): void;
  /** Runs `body` at least once, and again while the condition that it returns is not 0. */
  repeat(body: () => I32): void;
  /** Runs `body` once; `leave(condition)` jumps behind it. Only for use directly inside or inside one `repeat`. */
  block(body: (leave: (condition: I32, depth: number) => void) => void): void;
  /** Calls another function of the module, by its name. */
  call(name: string, values: readonly I32[]): void;
  /** a·b + c: fused where `relaxed`, two roundings otherwise. */
  madd(a: V128, b: V128, c: V128): V128;
}

/** A function of a module: `i32` parameters, no result. */
export interface FunctionSource {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: (f: FunctionBuilder, parameters: readonly Local<"i32">[]) => void;
}

export interface ModuleOptions {
  /** Sizes in pages of 64 KiB. A shared memory needs a maximum. The import is `env.memory`. */
  readonly memory: { readonly minimum: number; readonly maximum?: number; readonly shared: boolean };
  /** Use relaxed SIMD (fused multiply-add). The engine must have it: `supportsRelaxedSimd`. */
  readonly relaxed: boolean;
}

const TYPE_BYTE = { i32: 0x7f, v128: 0x7b } as const satisfies Record<ValueType, number>;
const VOID = 0x40;

function localOf<T extends ValueType>(type: T, name: string, index: number): Local<T> {
  return {
    type,
    name,
    index,
    emit: (out) => {
      out.byte(0x20);
      out.u32(index);
    },
  };
}

function createFunction(parameterCount: number, relaxed: boolean, indexOf: (name: string) => number) {
  const code = createWriter(4096);
  const types: ValueType[] = [];

  const local = <T extends ValueType>(type: T, name: string): Local<T> => {
    types.push(type);
    return localOf(type, name, parameterCount + types.length - 1);
  };
  const set = <T extends ValueType>(target: Local<T>, value: Value<T>): void => {
    value.emit(code);
    code.byte(0x21);
    code.u32(target.index);
  };
  const memoryOperand = (align: number, offset: number): void => {
    code.u32(align);
    code.u32(offset);
  };
  const repeat = (body: () => I32): void => {
    code.byte(0x03);
    code.byte(VOID);
    body().emit(code);
    code.byte(0x0d);
    code.u32(0);
    code.byte(0x0b);
  };
  const branch = (condition: I32, then: () => void, otherwise?: () => void): void => {
    if (condition.constant !== undefined) return condition.constant !== 0 ? then() : otherwise?.();
    condition.emit(code);
    code.byte(0x04);
    code.byte(VOID);
    then();
    if (otherwise !== undefined) {
      code.byte(0x05);
      otherwise();
    }
    code.byte(0x0b);
  };
  const builder: FunctionBuilder = {
    relaxed,
    local,
    set,
    increment: (target, amount) => {
      if (constantOf(amount) !== 0) set(target, i32.add(target, amount));
    },
    let: (name, value) => {
      const target = local(value.type, name);
      set(target, value);
      return target;
    },
    store(pointer, offset, value) {
      i32.of(pointer).emit(code);
      value.emit(code);
      code.bytes([0xfd, 0x0b]);
      memoryOperand(2, offset);
    },
    storeLane(pointer, offset, lane, value) {
      i32.of(pointer).emit(code);
      value.emit(code);
      code.bytes([0xfd, 0x5a]);
      memoryOperand(2, offset);
      code.byte(lane);
    },
    copyBytes(to, from, count) {
      for (const operand of [to, from, count]) i32.of(operand).emit(code);
      code.bytes([0xfc, 0x0a, 0, 0]);
    },
    zeroBytes(to, count) {
      if (constantOf(count) === 0) return;
      for (const operand of [to, 0, count]) i32.of(operand).emit(code);
      code.bytes([0xfc, 0x0b, 0]);
    },
    if: branch,
    for(index, from, to, step, body) {
      set(index, i32.of(from));
      const turn = (): I32 => {
        body();
        builder.increment(index, step);
        return i32.ltSigned(index, to);
      };
      const [first, last] = [constantOf(from), constantOf(to)];
      if (first === undefined || last === undefined) return branch(i32.ltSigned(index, to), () => repeat(turn));
      if (first + step >= last) {
        if (first < last) body();
        return;
      }
      repeat(turn);
    },
    repeat,
    block(body) {
      code.byte(0x02);
      code.byte(VOID);
      body((condition, depth) => {
        condition.emit(code);
        code.byte(0x0d);
        code.u32(depth);
      });
      code.byte(0x0b);
    },
    call(name, values) {
      for (const value of values) value.emit(code);
      code.byte(0x10);
      code.u32(indexOf(name));
    },
    madd: (a, b, c) => (relaxed ? f32x4.relaxedMadd(a, b, c) : f32x4.add(c, f32x4.mul(a, b))),
  };
  const write = (out: ByteWriter): void => {
    const body = createWriter(code.length + 64);
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    body.u32(runs.length);
    for (const run of runs) {
      body.u32(run.count);
      body.byte(TYPE_BYTE[run.type]);
    }
    body.bytes(code.finish());
    body.byte(0x0b);
    out.u32(body.length);
    out.bytes(body.finish());
  };
  return { builder, write };
}

/** The binary of a module that imports `env.memory` and exports every function by its name. */
export function assembleModule(functions: readonly FunctionSource[], options: ModuleOptions): Uint8Array<ArrayBuffer> {
  const out = createWriter(1 << 16);
  out.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

  const arities = [...new Set(functions.map((f) => f.parameters.length))];
  writeSection(out, SECTION.type, (section) => {
    section.u32(arities.length);
    for (const arity of arities) {
      section.byte(0x60);
      section.u32(arity);
      for (let i = 0; i < arity; i++) section.byte(TYPE_BYTE.i32);
      section.u32(0);
    }
  });
  writeSection(out, SECTION.import, (section) => {
    const { minimum, maximum, shared } = options.memory;
    if (shared && maximum === undefined) throw new Error("a shared memory needs a maximum");
    section.u32(1);
    section.name("env");
    section.name("memory");
    section.byte(0x02);
    section.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
    section.u32(minimum);
    if (maximum !== undefined) section.u32(maximum);
  });
  writeSection(out, SECTION.function, (section) => {
    section.u32(functions.length);
    for (const f of functions) section.u32(arities.indexOf(f.parameters.length));
  });
  writeSection(out, SECTION.export, (section) => {
    section.u32(functions.length);
    functions.forEach((f, index) => {
      section.name(f.name);
      section.byte(0);
      section.u32(index);
    });
  });
  const indices = new Map(functions.map((f, index) => [f.name, index]));
  const indexOf = (name: string): number => {
    const index = indices.get(name);
    if (index === undefined) throw new Error(`the module has no function ${name}`);
    return index;
  };
  writeSection(out, SECTION.code, (section) => {
    section.u32(functions.length);
    for (const source of functions) {
      const { builder, write } = createFunction(source.parameters.length, options.relaxed, indexOf);
      source.body(
        builder,
        source.parameters.map((name, index) => localOf("i32", name, index)),
      );
      write(section);
    }
  });
  return out.finish();
}

let relaxedSimd: boolean | undefined;

/** Whether this engine has fused multiply-add on vectors: relaxed SIMD, behind a flag in some versions. */
export function supportsRelaxedSimd(): boolean {
  relaxedSimd ??= WebAssembly.validate(
    assembleModule(
      [
        {
          name: "probe",
          parameters: [],
          body: (f) => f.store(0, 0, f.madd(f32x4.splat(1), f32x4.splat(1), f32x4.splat(1))),
        },
      ],
      { memory: { minimum: 1, shared: false }, relaxed: true },
    ),
  );
  return relaxedSimd;
}
