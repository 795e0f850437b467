/// <reference types="@webgpu/types" />
/** Measures the variants of a program's kernels on an adapter. */
import type { Program } from "../../../compiler/graph/program.ts";
import type { GpuKernel, GpuVariant } from "../../../compiler/targets/webgpu/kernel.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { graphNamesOf } from "../../../graph-signature.ts";
import { createTuning } from "../../tuning.ts";
import { requireStorage } from "./adapter.ts";
import { chooseVariant, runsOn, tuningKey, type AdapterTraits } from "./choose-variant.ts";
import { usage } from "./gpu.ts";
import type { GpuSource, OpenedGpu } from "./opened-gpu.ts";
import { pending } from "./pending.ts";
import { createStamps, type Stamp } from "./stamps.ts";
import type { TunedKernel, TuneOptions, TuningResult } from "./tune-program.ts";

/** One that is faster by less is not worth another choice: it may be chance. */
const GAIN = 0.97;
/** A measurement runs a kernel so often that it takes about this long, within bounds. */
const MEASURED_MILLISECONDS = 4;
const MOST_RUNS = 32;

/** `tuneProgram` on a device of this source. */
export async function tuneOn(source: GpuSource, program: Program, options: TuneOptions = {}): Promise<TuningResult> {
  const code = program.webgpu ?? fail("run/no-plan", { device: "webgpu", graph: graphNamesOf(program) });
  const gpu = await source();
  const clock = createClock(gpu);
  try {
    requireStorage(code, gpu.traits);
    const tasks = tasksOf(Object.values(code.kernels), gpu.traits);
    const kernels: TunedKernel[] = [];
    const variants: Record<string, string> = {};
    for (const [key, { kernel, candidates }] of tasks) {
      if (options.signal?.aborted === true) break;
      options.onProgress?.(kernels.length, tasks.size, kernel.label);
      const untuned = chooseVariant(kernel, gpu.traits).name;
      const milliseconds = await measureKernel(gpu, clock, { kernel, candidates }, options.repetitions ?? 5);
      const fastest = Object.keys(milliseconds).reduce((a, b) => (milliseconds[b]! < milliseconds[a]! ? b : a));
      const chosen = milliseconds[fastest]! < GAIN * milliseconds[untuned]! ? fastest : untuned;
      variants[key] = chosen;
      kernels.push({ label: kernel.label, untuned, chosen, milliseconds });
    }
    return { adapter: gpu.traits.name, kernels, tuning: createTuning(gpu.traits.name, variants) };
  } finally {
    clock.destroy();
    await gpu.release();
  }
}

interface Task {
  readonly kernel: GpuKernel;
  readonly candidates: readonly GpuVariant[];
}

/** The different kernels that have a choice. Drivers that run on the processor compile workgroup memory for seconds, for nothing. */
function tasksOf(kernels: readonly GpuKernel[], traits: AdapterTraits): ReadonlyMap<string, Task> {
  const tasks = new Map<string, Task>();
  for (const kernel of kernels) {
    const possible = kernel.variants.filter((variant) => runsOn(variant, traits));
    const candidates = traits.software ? possible.filter(({ workgroupBytes }) => workgroupBytes === 0) : possible;
    if (candidates.length > 1) tasks.set(tuningKey(kernel), { kernel, candidates });
  }
  return tasks;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** The variants take turns, so that what disturbs the machine disturbs all of them. */
async function measureKernel(
  gpu: OpenedGpu,
  clock: Clock,
  { kernel, candidates }: Task,
  repetitions: number,
): Promise<Record<string, number>> {
  const buffers = kernel.bindings.map(({ bytes }) =>
    gpu.device.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage: usage.storage }),
  );
  try {
    const runs: ((count: number) => Promise<number>)[] = [];
    for (const { wgsl, name, workgroups } of candidates) {
      const shader = { wgsl, label: `${kernel.label} (${name})`, bindings: kernel.bindings, sliced: false };
      const { pipeline, layout } = await gpu.pipelines.compile(shader);
      const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
      const group = gpu.device.createBindGroup({ layout, entries });
      runs.push(async (count) => {
        const milliseconds = await clock.time((pass) => {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          for (let i = 0; i < count; i++) pass.dispatchWorkgroups(...workgroups);
        });
        return milliseconds / count;
      });
    }
    // The first run compiles on some drivers; the second one says how often a measurement can run it.
    const counts: number[] = [];
    for (const run of runs) {
      await run(1);
      const once = Math.max(await run(1), MEASURED_MILLISECONDS / MOST_RUNS);
      counts.push(Math.max(1, Math.floor(MEASURED_MILLISECONDS / once)));
    }
    const times = runs.map((): number[] => []);
    for (let turn = 0; turn < repetitions; turn++) {
      for (const [i, run] of runs.entries()) times[i]!.push(await run(counts[i]!));
    }
    return Object.fromEntries(candidates.map(({ name }, i) => [name, median(times[i]!)]));
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}

interface Clock {
  /** Milliseconds of a pass. */
  time(encode: (pass: GPUComputePassEncoder) => void): Promise<number>;
  destroy(): void;
}

/** By timestamps where there are any, else from the submission until the work is done. */
function createClock({ device, traits }: OpenedGpu): Clock {
  const submit = async (
    encode: (pass: GPUComputePassEncoder) => void,
    descriptor: GPUComputePassDescriptor,
  ): Promise<number> => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(descriptor);
    encode(pass);
    pass.end();
    const commands = encoder.finish();
    const began = performance.now();
    device.queue.submit([commands]);
    await pending(device, device.queue.onSubmittedWorkDone());
    return performance.now() - began;
  };
  if (!traits.timestamps) return { time: (encode) => submit(encode, {}), destroy: () => undefined };
  const stamps = createStamps(device);
  return {
    async time(encode) {
      const waited = await submit(encode, { timestampWrites: stamps.next(0) });
      const [{ begin, end }] = (await stamps.read()) as [Stamp];
      const milliseconds = Number(end - begin) / 1e6;
      // Some drivers round so much, or reset their clock.
      return milliseconds > 0 && milliseconds <= waited ? milliseconds : waited;
    },
    destroy: () => stamps.destroy(),
  };
}
