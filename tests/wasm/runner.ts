/** Runs recipes of WASM kernels in this thread, for tests: one memory, buffers by name. */
import { assembleModule, type FunctionSource } from "../../src/compiler/targets/wasm/assembler.ts";
import { kernelSource, type Kernel, type Recipe } from "../../src/compiler/targets/wasm/kernel.ts";

export interface LoadedRecipe {
  readonly recipe: Recipe;
  /** A view of a buffer, as long as it was asked for. */
  readonly view: (name: string) => Float32Array;
  /** Runs all steps, each split into `parts` ranges of units, in reverse order where `backwards`. */
  readonly run: (parts?: number, backwards?: boolean) => void;
  readonly runStep: (index: number) => void;
  readonly moduleBytes: number;
}

const ALIGN = 64;

/**
 * Puts the inputs and outputs (a number of floats) into a fresh memory and compiles the kernels. Everything that is not
 * an input is filled with NaN, so that what a kernel fails to write is seen.
 */
export function loadRecipe(
  recipe: Recipe,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  outputs: Readonly<Record<string, number>>,
  options: { readonly relaxed?: boolean; readonly shared?: boolean } = {},
): LoadedRecipe {
  const places = new Map<string, { offset: number; length: number }>();
  let end = 1024;
  const place = (name: string, length: number): void => {
    places.set(name, { offset: end, length });
    end = Math.ceil((end + length * 4) / ALIGN) * ALIGN + ALIGN;
  };
  for (const [name, values] of Object.entries(inputs)) place(name, values.length);
  for (const [name, length] of Object.entries(outputs)) place(name, length);
  for (const [name, bytes] of Object.entries(recipe.temporaries)) place(name, bytes / 4);
  const scratch = end;
  end += Math.max(0, ...recipe.steps.map((step) => step.scratchBytes));

  const pages = Math.ceil(end / 65536) + 1;
  const shared = options.shared ?? false;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  new Float32Array(memory.buffer).fill(NaN);
  const view = (name: string): Float32Array => {
    const at = places.get(name);
    if (at === undefined) throw new Error(`no buffer ${name}`);
    return new Float32Array(memory.buffer, at.offset, at.length);
  };
  for (const [name, values] of Object.entries(inputs)) view(name).set(values);

  const sources: FunctionSource[] = recipe.steps.map((step, i) => kernelSource(step, `k${i}`));
  const binary = assembleModule(sources, {
    memory: { minimum: pages, maximum: pages, shared },
    relaxed: options.relaxed ?? false,
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
  const call = (index: number, kernel: Kernel, start: number, stop: number): void => {
    const offsets = kernel.buffers.map((name) => {
      const at = places.get(name);
      if (at === undefined) throw new Error(`${kernel.label} needs a buffer ${name}`);
      return at.offset;
    });
    (instance.exports[`k${index}`] as (...values: number[]) => void)(...offsets, scratch, start, stop);
  };
  return {
    recipe,
    view,
    moduleBytes: binary.length,
    runStep: (index) => call(index, recipe.steps[index]!, 0, recipe.steps[index]!.units),
    run: (parts = 1, backwards = false) => {
      recipe.steps.forEach((kernel, index) => {
        const order = Array.from({ length: parts }, (_, part) => part);
        if (backwards) order.reverse();
        for (const part of order) {
          const from = Math.floor((kernel.units * part) / parts);
          call(index, kernel, from, Math.floor((kernel.units * (part + 1)) / parts));
        }
      });
    },
  };
}
