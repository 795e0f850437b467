/// <reference types="@webgpu/types" />
/**
 * A program on a GPU. When the device is lost another one is opened, the state is restored, what was done since is done
 * again, and the session goes on as if nothing had been.
 */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import { fail, type Params } from "../../../diagnostics/catalogue.ts";
import { graphNamesOf } from "../../../graph-signature.ts";
import { sizeOf } from "../../../shape.ts";
import type { DeviceSession, Profiler, ResidentRuns, Tensor } from "../../device.ts";
import type { Plan } from "../../../compiler/plan/plan.ts";
import type { Tuning } from "../../tuning.ts";
import { createContinuation, type NeededLaunches } from "../continuation.ts";
import { writesState } from "../plan-facts.ts";
import { checkRun, type PlanRun } from "../plan-run.ts";
import { createRecorder } from "../recorder.ts";
import { requireTraits } from "./adapter.ts";
import { delay, DeviceLoss, orLost } from "./device-loss.ts";
import type { Dispatch } from "./dispatches.ts";
import { createHistory, noHistory, type HistoryLimits } from "./history.ts";
import { createLateFaults } from "./late-faults.ts";
import { bufferOf } from "./memory.ts";
import type { GpuSource, OpenedGpu } from "./opened-gpu.ts";
import { movedSlotsOf, runOnBuffers, type MovedSlots, type ResidentResults, type ResidentRun } from "./resident-run.ts";
import { createResources, type Resources } from "./resources.ts";
import { createRunTimer, type RunTimer } from "./run-timer.ts";
import { runDispatches, type SliceClock } from "./runner.ts";
import { readState, writeState } from "./state-buffers.ts";
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
  const { given = false } = options.source;
  const history = given ? noHistory : createHistory(options.history);
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
        requireTraits(code, gpu.traits);
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

  /** Does something on a device, and where that is lost, again on another one, unless it is to be done `once`. */
  async function onDevice<T>(work: (resources: Resources) => Promise<T>, { once = false } = {}): Promise<T> {
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
        if (given || history.lost) giveUp({ tries: 1, reason, with: given ? "device" : "state" });
        if (once) fail("run/device-lost", { tries: 1, reason, with: "buffers" });
      }
    }
    return giveUp({ tries: TRIES, reason });
  }

  /** There is no device any more, and will be none. */
  function giveUp(loss: Params<"run/device-lost">): never {
    try {
      return fail("run/device-lost", loss);
    } catch (failure) {
      broken = failure;
      throw failure;
    }
  }

  function writeFeeds(resources: Resources, plan: Plan, feeds: ReadonlyMap<string, Float32Array>): void {
    for (const [feed, { buffer: ref }] of Object.entries(plan.inputs)) {
      const values = feeds.get(feed);
      if (values === undefined) continue;
      const buffer = resources.buffers[bufferOf(resources.layout, plan, ref)]!;
      resources.gpu.device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
    }
  }

  function dispatchesOf(resources: Resources, name: GraphName, { from, until }: NeededLaunches): readonly Dispatch[] {
    const prepared = resources.prepared.has(name);
    return resources.dispatches[name]!.filter(({ launch, index }) =>
      launch.prepare === true ? !prepared : index >= from && index < until,
    );
  }

  /** A run of the plan is submitted. */
  function notePrepared({ prepared }: Resources, plan: Plan): void {
    if (writesState(plan)) prepared.clear();
    else prepared.add(plan.graph);
  }

  async function runGraph(
    resources: Resources,
    name: GraphName,
    feeds: ReadonlyMap<string, Float32Array>,
    wanted: readonly string[],
    needed: NeededLaunches,
    startTimer?: () => RunTimer | undefined,
  ): Promise<{ readonly results: readonly Float32Array[]; readonly timer: RunTimer | undefined }> {
    const plan = code.plans[name]!;
    writeFeeds(resources, plan, feeds);
    const dispatches = dispatchesOf(resources, name, needed);
    const requests = wanted.map((output) => {
      const { shape, buffer } = plan.outputs[output]!;
      return { buffer: resources.buffers[bufferOf(resources.layout, plan, buffer)]!, length: sizeOf(shape) };
    });
    const timer = startTimer?.();
    const timed = timer === undefined ? {} : { timer };
    const results = await runDispatches(resources, { plan, dispatches, requests, ...slices, ...timed });
    notePrepared(resources, plan);
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

  const faults = createLateFaults();
  const moved = new Map<GraphName, MovedSlots>();
  const movedSlots = (plan: Plan): MovedSlots => {
    const found = moved.get(plan.graph) ?? movedSlotsOf(plan, code.kernels);
    moved.set(plan.graph, found);
    return found;
  };

  const resident: ResidentRuns = {
    get place() {
      return current?.gpu.device ?? place;
    },
    async run(name, feeds, only, { create, after } = {}) {
      await usable();
      return serially(async () => {
        faults.raise();
        const { numbers, held } = sorted(feeds);
        const first = after?.outputs ?? only;
        const asked = { feeds: numbers, only: first, resume: false, held: [...held.keys()] };
        const run = checkRun(program, "webgpu", name, asked, continuation);
        const { plan } = run;
        const changes = writesState(plan);
        // Twice the same step would be another one.
        if (after !== undefined && changes) fail("run/resume", { graph: name });
        continuation.forget();
        before = undefined;
        // What buffers hold is not kept: a run on them can't be done again.
        const keeps = changes && held.size === 0;
        if (keeps && history.full) await takeSnapshot();
        const part = async (
          resources: Resources,
          { feeds: fed, needed, wanted }: PlanRun,
          more: Pick<ResidentRun, "held" | "made">,
        ): Promise<ResidentResults> => {
          const timer = timerOf(resources, name, needed.from > 0);
          const timed = timer === undefined ? {} : { timer };
          writeFeeds(resources, plan, fed);
          const dispatches = dispatchesOf(resources, name, needed);
          const work = { plan, dispatches, wanted, create, ...more, ...slices, ...timed };
          const done = await runOnBuffers(resources, movedSlots(plan), work);
          notePrepared(resources, plan);
          timer?.tell();
          faults.watch(plan, done.fault, () => {
            resources.prepared.clear();
            done.destroy();
          });
          return done;
        };
        const work = async (resources: Resources): Promise<Record<string, object>> => {
          const done = await part(resources, run, { held });
          if (after === undefined) return Object.fromEntries(done.outputs);
          try {
            const more = sorted(after.feeds(Object.fromEntries(done.outputs)));
            continuation.done(name, [...run.feeds.keys(), ...held.keys()], false);
            const others = (only ?? Object.keys(plan.outputs)).filter((output) => !done.outputs.has(output));
            const rest = { feeds: more.numbers, only: others, resume: true, held: [...more.held.keys()] };
            const again = checkRun(program, "webgpu", name, rest, continuation);
            const all = new Map([...held, ...more.held]);
            const { outputs } = await part(resources, again, { held: all, made: done.outputs });
            return Object.fromEntries([...done.outputs, ...outputs]);
          } catch (error) {
            done.destroy();
            throw error;
          } finally {
            continuation.forget();
          }
        };
        const outputs = await onDevice(work, { once: held.size > 0 || after !== undefined });
        if (keeps) history.add({ kind: "run", graph: name, feeds: copies(run.feeds) });
        else if (changes) history.lose();
        return outputs;
      });
    },
  };

  const { bytes, timestamps, place } = await onDevice(({ bytes, gpu }) =>
    Promise.resolve({ bytes, timestamps: gpu.traits.timestamps, place: gpu.device }),
  );
  return {
    memoryBytes: bytes,
    resident,
    ...(timestamps ? { profiler } : {}),
    async run(name, feeds, only, { resume = false } = {}) {
      await usable();
      return serially(async () => {
        await faults.settle();
        const run = checkRun(program, "webgpu", name, { feeds, only, resume }, continuation);
        const { plan, wanted, needed } = run;
        const changes = writesState(plan);
        // Unless it succeeds there is nothing to go on from.
        continuation.forget();
        if (changes && history.full) await takeSnapshot();
        // What is kept must not change with the caller's arrays.
        const keeps = changes || plan.repeat !== undefined;
        const given = keeps ? copies(run.feeds) : run.feeds;
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
      return serially(async () => {
        await faults.settle();
        return (await onDevice((resources) => readState(resources, [path])))[0]!;
      });
    },
    async write(path, values) {
      await usable();
      const length = requireState(path);
      if (values.length !== length) {
        fail("run/input", { name: path, expected: `${length} numbers`, found: `${values.length}` });
      }
      const copy = Float32Array.from(values);
      return serially(async () => {
        await faults.settle();
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

/** What is given as numbers, and what lies on the device. */
function sorted(feeds: Readonly<Record<string, object>>): {
  readonly numbers: Record<string, Tensor>;
  readonly held: ReadonlyMap<string, object>;
} {
  const all = Object.entries(feeds);
  const isNumbers = (entry: [string, object]): entry is [string, Tensor] => ArrayBuffer.isView(entry[1]);
  return { numbers: Object.fromEntries(all.filter(isNumbers)), held: new Map(all.filter((e) => !isNumbers(e))) };
}

function copies(feeds: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array> {
  return new Map([...feeds].map(([feed, values]) => [feed, values.slice()]));
}
