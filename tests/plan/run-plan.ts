/** Runs a plan in this thread: one memory that is full of NaN, the launches in order. Only for tests. */
import type { BufferRef, Plan, WasmCode } from "../../src/compiler/plan/plan.ts";
import { withMemoryShared } from "../../src/runtime/devices/wasm/module-binary.ts";
import { fillUniform } from "../../src/runtime/random.ts";

export interface PlanResult {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** All state after the run. */
  readonly state: Readonly<Record<string, Float32Array>>;
}

type Values = Readonly<Record<string, ArrayLike<number>>>;

export interface LoadedPlan {
  /**
   * `prepare: false`: the launches that prepare are left out, and what no launch but those writes is all that is left of
   * the run before.
   */
  readonly run: (feeds: Values, options?: { readonly prepare?: boolean }) => PlanResult;
}

export function loadPlan(code: WasmCode, plan: Plan, state: Values): LoadedPlan {
  let end = 64;
  const take = (bytes: number): number => {
    const offset = end;
    end = Math.ceil((end + bytes) / 64) * 64 + 64;
    return offset;
  };
  const slots = plan.slots.map(take);
  const constants = plan.constants.map((values) => take(values.length * 4));
  const states = new Map(Object.entries(state).map(([path, values]) => [path, take(values.length * 4)]));
  const scratch = take(plan.scratchBytes);
  const pages = Math.ceil(end / 65536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  new Float32Array(memory.buffer).fill(NaN);
  const module = new WebAssembly.Module(withMemoryShared(code.module, false));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });

  const offset = (ref: BufferRef): number => {
    const at =
      ref.kind === "slot" ? slots[ref.index] : ref.kind === "constant" ? constants[ref.index] : states.get(ref.path);
    if (at === undefined) throw new Error(`no buffer ${JSON.stringify(ref)}`);
    return at;
  };
  const view = (at: number, length: number): Float32Array => new Float32Array(memory.buffer, at, length);
  plan.constants.forEach((values, i) => view(constants[i]!, values.length).set(values));
  for (const [path, values] of Object.entries(state)) view(states.get(path)!, values.length).set(values);
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

  return {
    run(feeds, { prepare = true } = {}) {
      if (!prepare) {
        const kept = preparedSlots(plan);
        plan.slots.forEach((bytes, i) => {
          if (!kept.has(i)) view(slots[i]!, bytes / 4).fill(NaN);
        });
      }
      for (const [name, { shape, buffer }] of Object.entries(plan.inputs)) {
        view(offset(buffer), size(shape)).set(feeds[name]!);
      }
      for (const launch of plan.launches) {
        if (launch.kind === "random") {
          const step = launch.step === undefined ? 0 : view(offset(launch.step), 1)[0]!;
          fillUniform(launch.key, step, view(offset(launch.out), launch.count));
        } else if (prepare || launch.prepare !== true) {
          const kernel = exports[launch.kernel] as (...numbers: number[]) => void;
          kernel(...launch.buffers.map(offset), scratch, 0, launch.units);
        }
      }
      return {
        outputs: Object.fromEntries(
          Object.entries(plan.outputs).map(([name, { shape, buffer }]) => [
            name,
            view(offset(buffer), size(shape)).slice(),
          ]),
        ),
        state: Object.fromEntries(
          Object.entries(state).map(([path, values]) => [path, view(states.get(path)!, values.length).slice()]),
        ),
      };
    },
  };
}

function preparedSlots(plan: Plan): ReadonlySet<number> {
  const [prepared, others] = [new Set<number>(), new Set<number>()];
  for (const launch of plan.launches) {
    const written = launch.kind === "random" ? [launch.out] : launch.buffers.slice(launch.reads);
    const into = launch.kind === "kernel" && launch.prepare === true ? prepared : others;
    for (const ref of written) if (ref.kind === "slot") into.add(ref.index);
  }
  return new Set([...prepared].filter((slot) => !others.has(slot)));
}
