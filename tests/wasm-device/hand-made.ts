/** Programs with plans made by hand over kernels assembled by hand, so that every part of the device is reached. */
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import {
  planVersion,
  type BufferRef,
  type KernelLaunch,
  type Launch,
  type Plan,
  type PlacedTensor,
} from "../../src/compiler/plan/plan.ts";
import { assembleModule, type FunctionSource } from "../../src/compiler/targets/wasm/assembler.ts";
import { f32x4, i32, v128 } from "../../src/compiler/targets/wasm/values.ts";

/** Numbers of the vectors here, and how many of them a unit is. */
export const LENGTH = 4096;
const UNIT = 4;

/** Every function works on units of four floats of `length` in all. */
const functions: readonly FunctionSource[] = [
  // out = x + y
  {
    name: "add",
    parameters: ["x", "y", "out", "scratch", "start", "end"],
    body: (f, [x, y, out, , start, end]) => {
      const at = f.local("i32", "at");
      f.for(at, start!, end!, 1, () => {
        const bytes = i32.mul(at, 16);
        const sum = f32x4.add(v128.load(i32.add(x!, bytes), 0), v128.load(i32.add(y!, bytes), 0));
        f.store(i32.add(out!, bytes), 0, sum);
      });
    },
  },
  // out = x reversed, unit by unit: a thread reads what the others wrote.
  {
    name: "reverse",
    parameters: ["x", "out", "scratch", "start", "end"],
    body: (f, [x, out, , start, end]) => {
      const at = f.local("i32", "at");
      f.for(at, start!, end!, 1, () => {
        const from = i32.mul(i32.sub(LENGTH / UNIT - 1, at), 16);
        f.store(i32.add(out!, i32.mul(at, 16)), 0, v128.load(i32.add(x!, from), 0));
      });
    },
  },
  // Goes through its scratch memory: out = x, where no two threads share scratch memory.
  {
    name: "through_scratch",
    parameters: ["x", "out", "scratch", "start", "end"],
    body: (f, [x, out, scratch, start, end]) => {
      const bytes = f.let("bytes", i32.mul(i32.sub(end!, start!), 16));
      const from = f.let("from", i32.mul(start!, 16));
      f.copyBytes(scratch!, i32.add(x!, from), bytes);
      f.copyBytes(i32.add(out!, from), scratch!, bytes);
    },
  },
  // Reads far outside of any memory in the last unit.
  {
    name: "trap",
    parameters: ["x", "out", "scratch", "start", "end"],
    body: (f, [, out, , , end]) => {
      f.if(i32.ltSigned(LENGTH / UNIT - 1, end!), () => f.store(out!, 0, v128.load(i32.of(-64), 0)));
    },
  },
  // Adds 1 to its first number; from the second unit on it works for hours.
  {
    name: "stall",
    parameters: ["x", "out", "scratch", "start", "end"],
    body: (f, [, out, , start]) => {
      const [outer, inner] = [f.local("i32", "outer"), f.local("i32", "inner")];
      f.if(i32.ltSigned(0, start!), () => {
        f.for(outer, i32.of(0), i32.of(100_000), 1, () => {
          f.for(inner, i32.of(0), i32.of(100_000_000), 1, () => f.store(out!, 16, v128.load(out!, 16)));
        });
      });
    },
  },
];

const slot = (index: number): BufferRef => ({ kind: "slot", index });
const state = (path: string): BufferRef => ({ kind: "state", path });

/** `large` launches are worth sharing between threads, the others are not. */
export function launch(
  kernel: string,
  reads: readonly BufferRef[],
  writes: readonly BufferRef[],
  more: { readonly large?: boolean; readonly prepare?: true; readonly units?: number } = {},
): KernelLaunch {
  const { large = true, prepare, units = LENGTH / UNIT } = more;
  return {
    kind: "kernel",
    kernel,
    path: "layer",
    ops: [kernel],
    buffers: [...reads, ...writes],
    reads: reads.length,
    units,
    flops: large ? 1e9 : 1,
    bytes: 12 * LENGTH,
    ...(prepare === undefined ? {} : { prepare }),
  };
}

export const buffers = { slot, state, constant: (index: number): BufferRef => ({ kind: "constant", index }) };

export interface HandMade {
  readonly slots: number;
  readonly constants?: readonly (readonly number[])[];
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, BufferRef>>;
  readonly launches: readonly Launch[];
}

const placed = (buffer: BufferRef): PlacedTensor => ({ shape: [LENGTH], buffer });

function planOf(graph: GraphName, { slots, constants = [], inputs, outputs, launches }: HandMade): Plan {
  const entries = <T>(record: Readonly<Record<string, T>>, place: (value: T) => PlacedTensor) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, place(value)]));
  return {
    version: planVersion,
    target: "wasm",
    graph,
    batch: 1,
    slots: Array.from({ length: slots }, () => 4 * LENGTH),
    constants,
    inputs: entries(inputs, (index) => placed(slot(index))),
    outputs: entries(outputs, placed),
    launches,
    scratchBytes: 4 * LENGTH,
    saved: {},
    hash: "",
  };
}

/** A program with one state vector `s` and the given plans. Its graphs have only what feeds are checked against. */
export function handMadeProgram(plans: Readonly<Partial<Record<GraphName, HandMade>>>): Program {
  const graphs = Object.entries(plans).map(([name, plan]) => {
    const b = createBuilder(name);
    const inputs = Object.keys(plan.inputs).map((input) => g.input(b, input, [LENGTH]));
    for (const output of Object.keys(plan.outputs))
      b.output(
        output,
        inputs.reduce((a, c) => g.add(b, a, c)),
      );
    return [name, b.finish()] as const;
  });
  const memory = { minimum: 1, maximum: 65536, shared: true };
  const module = assembleModule(functions, { memory, relaxed: false });
  const wasm = Object.entries(plans).map(([name, plan]) => [name, planOf(name as GraphName, plan)] as const);
  return {
    model: "HandMade",
    form: "bcos",
    batch: 1,
    input: { name: "x", shape: [LENGTH], encodedShape: [LENGTH] },
    classes: 1,
    state: [{ path: "s", shape: [LENGTH], role: "buffer", layout: "plain", initial: { kind: "constant", value: 0 } }],
    graphs: Object.fromEntries(graphs),
    wasm: { module, relaxedModule: module, plans: Object.fromEntries(wasm) },
  };
}

export const numbers = (seed: number): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, i) => ((i * seed) % 997) / 7);

/** y = reverse(x + s) + c, through scratch memory; large and small launches mixed; s becomes y. */
export const mixedProgram = handMadeProgram({
  predict: {
    slots: 5,
    constants: [Array.from({ length: LENGTH }, (_, i) => i)],
    inputs: { x: 0 },
    outputs: { y: slot(4), x: slot(0) },
    launches: [
      launch("add", [slot(0), state("s")], [slot(1)]),
      launch("reverse", [slot(1)], [slot(2)]),
      launch("add", [slot(2), buffers.constant(0)], [slot(3)], { large: false }),
      launch("through_scratch", [slot(3)], [slot(4)], { large: false }),
      launch("through_scratch", [slot(4)], [state("s")]),
    ],
  },
});

/** Its second launch traps. */
export const brokenProgram = handMadeProgram({
  predict: {
    slots: 3,
    inputs: { x: 0 },
    outputs: { y: slot(2) },
    launches: [
      launch("add", [slot(0), slot(0)], [slot(1)]),
      launch("trap", [slot(1)], [slot(2)]),
      launch("reverse", [slot(2)], [slot(1)]),
    ],
  },
});

/** Binaries as lists, for JSON. */
export function withLists(program: Program): Program {
  const list = (bytes: Uint8Array): never => Array.from(bytes) as never;
  const wasm = program.wasm!;
  return { ...program, wasm: { ...wasm, module: list(wasm.module), relaxedModule: list(wasm.relaxedModule) } };
}
