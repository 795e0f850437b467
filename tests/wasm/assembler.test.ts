/** The assembler: numbers as bytes, control flow, memories shared or not, and the speed of a large module. */
import { describe, expect, it } from "vitest";
import {
  assembleModule,
  type FunctionBuilder,
  type FunctionSource,
} from "../../src/compiler/targets/wasm/assembler.ts";
import { createWriter } from "../../src/compiler/targets/wasm/encoder.ts";
import { i32, type Local } from "../../src/compiler/targets/wasm/values.ts";
import { i32x4, v128 } from "../../src/compiler/targets/wasm/values.ts";

const MEMORY = { minimum: 1, maximum: 1, shared: false } as const;

/** Calls a function that puts an integer with `put`. */
function run(
  body: (f: FunctionBuilder, put: (value: Local<"i32">) => void, parameters: readonly Local<"i32">[]) => void,
  ...values: number[]
): number {
  const source: FunctionSource = {
    name: "run",
    parameters: values.map((_, i) => `p${i}`),
    body: (f, parameters) => body(f, (value) => f.storeLane(64, 0, 0, i32x4.fill(value)), parameters),
  };
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(assembleModule([source], { memory: MEMORY, relaxed: false }));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports["run"] as (...numbers: number[]) => void)(...values);
  return new Int32Array(memory.buffer)[16]!;
}

describe("encoder", () => {
  it.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("writes %i unsigned", (value, bytes) => {
    const writer = createWriter();
    writer.u32(value);
    expect([...writer.finish()]).toEqual(bytes);
  });

  it.each([0, 1, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 0x80000000])("writes %i signed", (value) => {
    expect(run((f, put) => put(f.let("x", i32.of(value))))).toBe(value | 0);
  });

  it("grows", () => {
    const writer = createWriter(1);
    writer.bytes(new Uint8Array(1000));
    writer.name("ä");
    expect(writer.length).toBe(1003);
    expect([...writer.finish().slice(-3)]).toEqual([2, 0xc3, 0xa4]);
  });
});

describe("control flow", () => {
  const count = (from: number, to: number, step: number): number =>
    run(
      (f, put, [a, b]) => {
        const [index, turns] = [f.local("i32", "index"), f.let("turns", i32.of(0))];
        f.for(index, a!, b!, step, () => f.increment(turns, 1));
        put(turns);
      },
      from,
      to,
    );

  it.each([
    [0, 5, 1, 5],
    [0, 0, 1, 0],
    [3, 1, 1, 0],
    [-2, 5, 3, 3],
    [0, 6, 3, 2],
  ])("for from %i to %i by %i", (from, to, step, wanted) => {
    expect(count(from, to, step)).toBe(wanted);
    const known = run((f, put) => {
      const [index, turns] = [f.local("i32", "index"), f.let("turns", i32.of(0))];
      f.for(index, from, to, step, () => f.increment(turns, 1));
      put(turns);
    });
    expect(known).toBe(wanted);
  });

  it("takes one branch", () => {
    const choose = (value: number): number =>
      run((f, put, [a]) => {
        const result = f.local("i32", "result");
        f.if(
          i32.lt(a!, 10),
          () => f.set(result, i32.of(1)),
          () => f.set(result, i32.of(2)),
        );
        put(result);
      }, value);
    expect([choose(3), choose(10), choose(-1)]).toEqual([1, 2, 2]);
  });

  it("leaves a block", () => {
    const turns = run((f, put) => {
      const index = f.let("index", i32.of(0));
      f.block((leave) => {
        f.repeat(() => {
          f.increment(index, 1);
          leave(i32.eq(index, 7), 1);
          return i32.of(1);
        });
      });
      put(index);
    });
    expect(turns).toBe(7);
  });
});

describe("integers", () => {
  it("folds constants as the machine computes", () => {
    const pairs = [
      [i32.add(2, 3), 5],
      [i32.sub(2, 3), -1],
      [i32.mul(4, -3), -12],
      [i32.div(7, 2), 3],
      [i32.rem(7, 4), 3],
      [i32.min(3, -4), -4],
      [i32.max(3, -4), 3],
      [i32.select(i32.of(0), 1, 2), 2],
    ] as const;
    for (const [value, wanted] of pairs) {
      expect(value.constant).toBe(wanted);
      expect(run((f, put) => put(f.let("x", value)))).toBe(wanted);
    }
  });

  it("computes at run time what it would fold", () => {
    const at = (
      build: (a: Local<"i32">, b: Local<"i32">) => ReturnType<typeof i32.add>,
      a: number,
      b: number,
    ): number => run((f, put, [x, y]) => put(f.let("r", build(x!, y!))), a, b);
    expect(at(i32.add, 2, -3)).toBe(-1);
    expect(at(i32.div, -2, 2)).toBe(2 ** 31 - 1);
    expect(at(i32.min, 3, -4)).toBe(-4);
    expect(at(i32.max, 3, -4)).toBe(3);
    expect(at(i32.and, 6, 3)).toBe(2);
    expect(at((a, b) => i32.ge(a, b), -1, 1)).toBe(1);
  });
});

describe("modules", () => {
  const copy: FunctionSource = {
    name: "copy",
    parameters: ["from", "to"],
    body: (f, [from, to]) => f.store(to!, 0, v128.load(from!)),
  };

  it.each([true, false])("use a memory that is shared: %s", (shared) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared });
    const binary = assembleModule([copy], { memory: { minimum: 1, maximum: 2, shared }, relaxed: false });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
    new Float32Array(memory.buffer).set([1, 2, 3, 4]);
    (exports["copy"] as (from: number, to: number) => void)(0, 32);
    expect([...new Float32Array(memory.buffer, 32, 4)]).toEqual([1, 2, 3, 4]);
  });

  it("refuse a shared memory without a maximum", () => {
    expect(() => assembleModule([copy], { memory: { minimum: 1, shared: true }, relaxed: false })).toThrow("maximum");
  });
});
