/**
 * What a kernel is: one function over a range of its own work units, with its costs.
 *
 * Every function has the `i32` parameters: byte offsets of its buffers, byte offset of this thread's scratch memory,
 * `start`, `end`. Calls for ranges that together cover 0 … `units` once, in any order and on any threads, give the same
 * bits as one call for all.
 */
import type { Recipe as PlanRecipe } from "../../plan/recipe.ts";
import type { KernelFacts } from "../../plan/target.ts";
import type { FunctionBuilder, FunctionSource } from "./assembler.ts";
import { i32, v128, type I32, type Int, type Local, type V128 } from "./values.ts";

/**
 * Its buffers are in the order of the parameters. An output may be the buffer of an epilogue's or an element-wise kernel's
 * input of access `same`; apart from that outputs must not overlap inputs. Scratch memory is 16-byte aligned.
 */
export interface Kernel extends KernelFacts {
  readonly emit: (f: FunctionBuilder, parameters: KernelParameters) => void;
}

export interface KernelParameters {
  readonly buffer: (name: string) => Local<"i32">;
  readonly scratch: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

export type Recipe = PlanRecipe<Kernel>;

export function kernelSource(kernel: Kernel, name: string): FunctionSource {
  return {
    name,
    parameters: [...kernel.buffers, "scratch", "start", "end"],
    body: (f, parameters) => {
      const [scratch, start, end] = parameters.slice(kernel.buffers.length) as [
        Local<"i32">,
        Local<"i32">,
        Local<"i32">,
      ];
      const buffer = (wanted: string): Local<"i32"> => {
        const index = kernel.buffers.indexOf(wanted);
        if (index < 0) throw new Error(`kernel ${kernel.label} has no buffer ${wanted}`);
        return parameters[index]!;
      };
      kernel.emit(f, { buffer, scratch, start, end });
    },
  };
}

/** The same kernel with other names for its buffers. */
export function renameBuffers(kernel: Kernel, names: Readonly<Record<string, string>>): Kernel {
  const renamed = kernel.buffers.map((name) => names[name] ?? name);
  return {
    ...kernel,
    buffers: renamed,
    emit: (f, p) => {
      kernel.emit(f, { ...p, buffer: (name) => p.buffer(renamed[kernel.buffers.indexOf(name)] ?? name) });
    },
  };
}

/** The first `count` (1 to 4) floats at an address, zeros above. */
export function loadPartial(pointer: Int, offset: number, count: number): V128 {
  if (count >= 4) return v128.load(pointer, offset);
  if (count === 1) return v128.loadOne(pointer, offset);
  const two = v128.loadTwo(pointer, offset);
  return count === 2 ? two : v128.loadLane(pointer, offset + 8, 2, two);
}

/** Stores the first `count` lanes. */
export function storePartial(f: FunctionBuilder, pointer: Int, offset: number, value: V128, count: number): void {
  if (count >= 4) return f.store(pointer, offset, value);
  const lanes = f.let("partial", value);
  for (let lane = 0; lane < count; lane++) f.storeLane(pointer, offset + 4 * lane, lane, lanes);
}

/** (((a·n₁ + b)·n₂ + c)…): the address of an index, `parts` from slow to fast as [index, length]. */
export function linear(...parts: readonly (readonly [Int, number])[]): I32 {
  return parts.reduce<I32>((sum, [index, length]) => i32.add(i32.mul(sum, length), index), i32.of(0));
}

/** Smallest multiple of `step` that is not below `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
