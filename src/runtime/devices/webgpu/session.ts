/// <reference types="@webgpu/types" />
/**
 * A program on a GPU. When the device is lost another one is opened, the state is restored, what was done since is done
 * again, and the session goes on as if nothing had been.
 */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { graphNamesOf } from "../../../graph-signature.ts";
import { sizeOf } from "../../../shape.ts";
import type { DeviceSession, Profiler, Tensor } from "../../device.ts";
import type { Tuning } from "../../tuning.ts";
import { createContinuation, type NeededLaunches } from "../continuation.ts";
import { writesState } from "../plan-facts.ts";
import { checkRun } from "../plan-run.ts";
import { createRecorder } from "../recorder.ts";
import { requireStorage } from "./adapter.ts";
import { delay, DeviceLoss, orLost } from "./device-loss.ts";
import { createHistory, type HistoryLimits } from "./history.ts";
import { bufferOf } from "./memory.ts";
import type { GpuSource, OpenedGpu } from "./opened-gpu.ts";
import { createResources, type Resources } from "./resources.ts";
import { createRunTimer, type RunTimer } from "./run-timer.ts";
import { runDispatches, type SliceClock } from "./runner.ts";
import { createStamps, type Stamps } from "./stamps.ts";

export interface GpuSessionOptions {
  readonly source: GpuSource;
  readonly history: HistoryLimits;
  /** Milliseconds of work after which the page gets its turn. */
  readonly sliceMilliseconds?: number;
  readonly tuning?: Tuning;
  /** Done with each device that is opened, before anything else; throws for one that is not to be used. */
  readonly check: (gpu: OpenedGpu) => Promise<void>;
}

/** Devices that are opened for one call before it fails. */
const TRIES = 3;
/** Milliseconds before a device is opened again: a driver that was reset takes its time. */
const PAUSE = 200;

export async function openGpuSession(program: Program, options: GpuSessionOptions): Promise<DeviceSession> {
  const code = program.webgpu ?? fail("run/no-plan", { device: "webgpu", graph: graphNamesOf(program) });
  const history = createHistory(options.history);
  const clock: SliceClock | undefined =
    options.sliceMilliseconds === undefined ? undefined : { seconds: options.sliceMilliseconds / 1000, scale: 1 };
  const slices = clock === undefined ? {} : { slices: clock };
  let current: Resources | undefined;
  let disposed: Promise<void> | undefined;
  let broken: unknown;
  const recorder = createRecorder(code.plans);
  /** Only while a profile is taken. */
  let profiling = false;
  let stamps: Stamps | undefined;
  const continuation = createContinuation();
  /** What the last run was fed with, those that it went on from included, and where. */
  let before: { readonly on: Resources; readonly feeds: ReadonlyMap<string, Float32Array> } | undefined;

  /** Opens a device and brings it to the present state. */
  async function begin(): Promise<Resources> {
    const gpu = await options.source();
    try {
      return await orLost(gpu.device, async () => {
        requireStorage(code, gpu.traits);
        await options.check(gpu);
        const resources = await createResources(gpu, program, code, {
          allSliced: clock !== undefined,
          tuning: options.tuning,
        });
        for (const [path, values] of history.state) writeState(resources, path, values);
        for (const change of history.changes) {
          if (change.kind === "write") writeState(resources, change.path, change.values);
          else await runGraph(resources, change.graph, change.feeds, [], { from: 0, until: Infinity });
        }
        return resources;
      });
    } catch (error) {
      await gpu.release().catch(() => undefined);
      throw error;
    }
  }

  async function letGo(): Promise<void> {
    const resources = current;
    current = undefined;
    dropStamps();
    resources?.destroy();
    await resources?.gpu.release().catch(() => undefined);
  }

  function dropStamps(): void {
    stamps?.destroy();
    stamps = undefined;
  }

  /** Those of the device, which is another one after a loss; none where it has no timestamps. */
  function stampsOn({ gpu: { device, traits } }: Resources): Stamps | undefined {
    if (stamps?.device !== device) {
      dropStamps();
      if (traits.timestamps) stamps = createStamps(device);
    }
    return stamps;
  }

  /** For a run that begins now. Nothing where it is not to be timed. */
  function timerOf(resources: Resources, name: GraphName, resumed: boolean): RunTimer | undefined {
    const own = profiling ? stampsOn(resources) : undefined;
    const recording = own && recorder.begin(name, resumed);
    return recording && createRunTimer(own, recording);
  }

  /** Does something on a device, and where that is lost, again on another one. */
  async function onDevice<T>(work: (resources: Resources) => Promise<T>): Promise<T> {
    let reason = "";
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await delay(PAUSE * tries);
      try {
        const resources = (current ??= await begin());
        return await orLost(resources.gpu.device, () => work(resources));
      } catch (error) {
        // A driver that was just reset may have no adapter for a moment.
        if (!(error instanceof DeviceLoss) && (tries === 0 || current !== undefined)) throw error;
        reason = error instanceof Error ? error.message : String(error);
        await letGo();
      }
    }
    try {
      return fail("run/device-lost", { tries: TRIES, reason });
    } catch (failure) {
      broken = failure;
      throw failure;
    }
  }

  function stateOf(resources: Resources, path: string): readonly { buffer: GPUBuffer; length: number }[] {
    const parts = resources.layout.state.get(path)!;
    return parts.map(({ buffer, length }) => ({ buffer: resources.buffers[buffer]!, length }));
  }

  async function readState(resources: Resources, paths: readonly string[]): Promise<readonly Float32Array[]> {
    const all = paths.map((path) => stateOf(resources, path));
    const values = await runDispatches(resources, { dispatches: [], requests: all.flat() });
    let at = 0;
    return all.map((parts) => joined(values.slice(at, (at += parts.length))));
  }

  function writeState(resources: Resources, path: string, values: Float32Array): void {
    resources.prepared.clear();
    let at = 0;
    for (const { buffer, length } of stateOf(resources, path)) {
      const part = values.subarray(at, (at += length)) as Float32Array<ArrayBuffer>;
      resources.gpu.device.queue.writeBuffer(buffer, 0, part);
    }
  }

  async function runGraph(
    resources: Resources,
    name: GraphName,
    feeds: ReadonlyMap<string, Float32Array>,
    wanted: readonly string[],
    { from, until }: NeededLaunches,
    startTimer?: () => RunTimer | undefined,
  ): Promise<{ readonly results: readonly Float32Array[]; readonly timer: RunTimer | undefined }> {
    const plan = code.plans[name]!;
    const bufferFor = (ref: Parameters<typeof bufferOf>[2]): GPUBuffer =>
      resources.buffers[bufferOf(resources.layout, plan, ref)]!;
    for (const [feed, { buffer }] of Object.entries(plan.inputs)) {
      const values = feeds.get(feed);
      if (values !== undefined) {
        resources.gpu.device.queue.writeBuffer(bufferFor(buffer), 0, values as Float32Array<ArrayBuffer>);
      }
    }
    const prepared = resources.prepared.has(name);
    const dispatches = resources.dispatches[name]!.filter(({ launch, index }) =>
      launch.prepare === true ? !prepared : index >= from && index < until,
    );
    const requests = wanted.map((output) => {
      const { shape, buffer } = plan.outputs[output]!;
      return { buffer: bufferFor(buffer), length: sizeOf(shape) };
    });
    const timer = startTimer?.();
    const timed = timer === undefined ? {} : { timer };
    const results = await runDispatches(resources, { plan, dispatches, requests, ...slices, ...timed });
    if (writesState(plan)) resources.prepared.clear();
    else resources.prepared.add(name);
    return { results, timer };
  }

  /** The state as it is now becomes what a new device would begin with. */
  async function takeSnapshot(): Promise<void> {
    const paths = program.state.map((spec) => spec.path);
    const values = await onDevice((resources) => readState(resources, paths));
    history.restart(new Map(paths.map((path, i) => [path, values[i]!])));
  }

  let last: Promise<unknown> = Promise.resolve();
  /** Calls are done one after the other. */
  function serially<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(() => {
      if (broken !== undefined) throw broken;
      return task();
    });
    last = result.catch(() => undefined);
    return result;
  }

  async function usable(): Promise<void> {
    if (disposed !== undefined) fail("run/disposed", {});
  }

  function requireState(path: string): number {
    const spec = program.state.find((s) => s.path === path) ?? fail("run/state", { path });
    return sizeOf(spec.shape);
  }

  const profiler: Profiler = {
    start(limits) {
      profiling = true;
      recorder.profiler.start(limits);
      if (current !== undefined) stampsOn(current);
    },
    async stop() {
      await last;
      profiling = false;
      dropStamps();
      return recorder.profiler.stop();
    },
  };

  const { bytes, timestamps } = await onDevice(({ bytes, gpu }) =>
    Promise.resolve({ bytes, timestamps: gpu.traits.timestamps }),
  );
  return {
    memoryBytes: bytes,
    ...(timestamps ? { profiler } : {}),
    async run(name, feeds, only, { resume = false } = {}) {
      await usable();
      return serially(async () => {
        const run = checkRun(program, "webgpu", name, { feeds, only, resume }, continuation);
        const { plan, wanted, needed } = run;
        const changes = writesState(plan);
        // Unless it succeeds there is nothing to go on from.
        continuation.forget();
        if (changes && history.full) await takeSnapshot();
        // What is kept must not change with the caller's arrays.
        const keeps = changes || plan.repeat !== undefined;
        const given = keeps ? new Map([...run.feeds].map(([feed, v]) => [feed, v.slice()])) : run.feeds;
        const all = resume && before !== undefined ? new Map([...before.feeds, ...given]) : given;
        const { results, timer } = await onDevice(async (resources) => {
          // A device that was opened since has nothing to go on from.
          const again = !resume || before?.on === resources ? needed : { ...needed, from: 0 };
          const goesOn = again === needed;
          const start = (): RunTimer | undefined => timerOf(resources, name, resume && goesOn);
          const done = await runGraph(resources, name, goesOn ? given : all, wanted, again, start);
          before = { on: resources, feeds: all };
          return done;
        });
        timer?.tell();
        if (changes) history.add({ kind: "run", graph: name, feeds: given });
        else continuation.done(name, all.keys(), false);
        return Object.fromEntries(wanted.map((output, i): [string, Tensor] => [output, results[i]!]));
      });
    },
    async read(path) {
      await usable();
      requireState(path);
      return serially(async () => (await onDevice((resources) => readState(resources, [path])))[0]!);
    },
    async write(path, values) {
      await usable();
      const length = requireState(path);
      if (values.length !== length) {
        fail("run/input", { name: path, expected: `${length} numbers`, found: `${values.length}` });
      }
      const copy = Float32Array.from(values);
      return serially(async () => {
        if (history.full) await takeSnapshot();
        continuation.forget();
        await onDevice((resources) => Promise.resolve(writeState(resources, path, copy)));
        history.add({ kind: "write", path, values: copy });
      });
    },
    dispose() {
      return (disposed ??= last.then(letGo));
    },
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
