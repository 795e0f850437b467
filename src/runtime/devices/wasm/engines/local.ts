/** Runs steps in this thread. Where the thread must not be busy for long, in slices. */
import { createBreather } from "../../../breathe.ts";
import { StepFailure, type Engine, type EngineSource, type RecordStep } from "../engine.ts";
import { allocateMemory, compile } from "../instance.ts";
import { bindSteps } from "../threads/worker-main.ts";

/** `sliced`: gives the thread back every few milliseconds, for a browser's main thread. */
export async function createLocalEngine(source: EngineSource, sliced: boolean): Promise<Engine> {
  const memory = allocateMemory(source.pages, false);
  const { exports } = await WebAssembly.instantiate(await compile(source.module, false), { env: { memory } });
  const steps = source.steps[0]!;
  const bound = bindSteps(steps, exports);
  const breathe = createBreather(8);
  let observer: RecordStep | undefined;
  let numbers = new Float32Array(memory.buffer);

  async function runSliced(index: number): Promise<void> {
    const { kernel, values } = bound[index]!;
    if (kernel === undefined) return;
    const { slices } = steps[index]!;
    const [start, end] = [values.at(-2)!, values.at(-1)!];
    for (let slice = 0; slice < slices; slice++) {
      const at = (part: number): number => start + Math.floor(((end - start) * part) / slices);
      const began = observer === undefined ? 0 : performance.now();
      kernel(...values.slice(0, -2), at(slice), at(slice + 1));
      observer?.(index, 0, began, performance.now());
      await breathe();
    }
  }

  function runWhole(index: number): void {
    const { kernel, values } = bound[index]!;
    if (observer === undefined) return void kernel?.(...values);
    const began = performance.now();
    kernel?.(...values);
    observer(index, 0, began, performance.now());
  }

  return {
    write: (offset, values) => numbers.set(values, offset / 4),
    read: (offset, length) => numbers.slice(offset / 4, offset / 4 + length),
    async run(first, end) {
      for (let i = first; i < end; i++) {
        try {
          if (sliced) await runSliced(i);
          else runWhole(i);
        } catch (error) {
          throw new StepFailure(i, error instanceof Error ? error.message : String(error));
        }
      }
    },
    observe: (record) => void (observer = record),
    async dispose() {
      numbers = new Float32Array(0);
      bound.length = 0;
    },
  };
}
