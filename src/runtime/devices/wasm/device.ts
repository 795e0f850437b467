/**
 * The WASM device: runs a program's plans with its SIMD kernels, on several threads where memory can be shared. Results
 * do not depend on the number of threads.
 */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import type { Plan, RandomLaunch, WasmCode } from "../../../compiler/plan/plan.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { graphNamesOf } from "../../../graph-signature.ts";
import { layerName } from "../../../layer-name.ts";
import { sizeOf } from "../../../shape.ts";
import type { Device, DeviceOptions, DeviceSession, Tensor } from "../../device.ts";
import { fillUniform } from "../../random.ts";
import { createContinuation, type NeededLaunches } from "../continuation.ts";
import { checkRun } from "../plan-run.ts";
import { createRecorder, type Recording } from "../recorder.ts";
import { SpawnFailure, StepFailure, ThreadLoss, type Engine, type EngineSource } from "./engine.ts";
import { createIsolatedEngine } from "./engines/isolated.ts";
import { createLocalEngine } from "./engines/local.ts";
import { createSharedEngine } from "./engines/shared.ts";
import { defaultThreads, wasmFeatures } from "./features.ts";
import { offsetOf, type Region } from "./memory-layout.ts";
import { schedule, type Schedule } from "./steps.ts";
import { hasWorkers } from "./threads/spawn.ts";

const MOST_THREADS = 256;

export const wasmDevice: Device = {
  name: "wasm",
  async open(program, options) {
    if ((options.precision ?? "float32") !== "float32") fail("run/precision", { device: "wasm", precision: "float64" });
    const features = wasmFeatures();
    if (!features.simd) fail("run/no-simd", {});
    const code = program.wasm ?? fail("run/no-plan", { device: "wasm", graph: graphNamesOf(program) });
    const wanted = options.threads ?? defaultThreads(features);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST_THREADS) {
      fail("run/input", {
        name: "threads",
        expected: `a whole number from 1 to ${MOST_THREADS}`,
        found: String(options.threads),
      });
    }
    const module = features.relaxedSimd ? code.relaxedModule : code.module;
    const opened = await openEngine(program, module, wanted, options);
    for (const { graph, constants } of Object.values(code.plans)) {
      const { constants: offsets } = opened.scheduled.layout.plans[graph]!;
      constants.forEach((values, i) => opened.engine.write(offsets[i]!, Float32Array.from(values)));
    }
    return createWasmSession(program, code, opened.scheduled, opened.engine);
  },
};

/** The best engine that this place has. */
async function openEngine(
  program: Program,
  module: Uint8Array<ArrayBuffer>,
  wanted: number,
  options: DeviceOptions,
): Promise<{ scheduled: Schedule; engine: Engine }> {
  const { sharedMemory, mayWait } = wasmFeatures();
  const sourceOf = ({ layout, steps }: Schedule): EngineSource => ({ module, pages: layout.pages, steps });
  const workers = hasWorkers();
  const shared = schedule(program, sharedMemory && workers ? wanted : 1);
  try {
    if (shared.threads > 1 || (sharedMemory && !mayWait && workers)) {
      return { scheduled: shared, engine: await createSharedEngine(sourceOf(shared), mayWait) };
    }
    if (isMainThreadOfBrowser() && workers) {
      return { scheduled: shared, engine: await createIsolatedEngine(sourceOf(shared)) };
    }
  } catch (error) {
    if (!(error instanceof SpawnFailure)) throw error;
    // Pages may forbid workers. Who asks for a number of threads is told, others get the one thread that there is.
    if (options.threads !== undefined) fail("run/threads", { threads: wanted, reason: error.message });
  }
  const alone = schedule(program, 1);
  return { scheduled: alone, engine: await createLocalEngine(sourceOf(alone), isMainThreadOfBrowser()) };
}

function isMainThreadOfBrowser(): boolean {
  return typeof document !== "undefined";
}

function createWasmSession(program: Program, code: WasmCode, scheduled: Schedule, engine: Engine): DeviceSession {
  const { layout, launches, segments, writers } = scheduled;
  /** Plans whose prepared weights are those of the present state. */
  const prepared = new Set<GraphName>();
  const recorder = createRecorder(code.plans);
  const continuation = createContinuation();
  let disposed = false;
  let broken: unknown;

  function usable(): void {
    if (disposed) fail("run/disposed", {});
    if (broken !== undefined) throw broken;
  }

  function stateOf(path: string): Region {
    return layout.state.get(path) ?? fail("run/state", { path });
  }

  async function launch(
    name: GraphName,
    plan: Plan,
    { from, until }: NeededLaunches,
    recording: Recording | undefined,
  ): Promise<void> {
    for (const segment of segments[name]!) {
      const preparing = segment.kind === "steps" && segment.prepare;
      if (!preparing && (segment.launch < from || segment.launch >= until)) continue;
      if (segment.kind === "random") {
        const began = performance.now();
        await fillRandom(plan, segment.random);
        recording?.launch(segment.launch, 0, began, performance.now());
      } else if (!preparing || !prepared.has(name)) {
        const { launch: place, first, end } = segment;
        engine.observe(recording && ((step, ...busy) => recording.launch(place + step - first, ...busy)));
        await engine.run(first, end);
      }
    }
    if (writers.has(name)) prepared.clear();
    else prepared.add(name);
  }

  async function fillRandom(plan: Plan, { key, step, out, count }: RandomLaunch): Promise<void> {
    const [at = 0] = step === undefined ? [] : await engine.read(offsetOf(layout, plan, step), 1);
    const values = new Float32Array(count);
    fillUniform(key, at, values);
    engine.write(offsetOf(layout, plan, out), values);
  }

  async function readOutputs(plan: Plan, wanted: readonly string[]): Promise<Record<string, Tensor>> {
    const results: Record<string, Tensor> = {};
    for (const output of wanted) {
      const { shape, buffer } = plan.outputs[output]!;
      results[output] = await engine.read(offsetOf(layout, plan, buffer), sizeOf(shape));
    }
    return results;
  }

  /** A kernel that traps and a thread that ends have left their work half done: nothing of it may be used any more. */
  function broke(error: unknown): never {
    try {
      if (error instanceof ThreadLoss) return fail("run/thread-lost", { reason: error.message });
      if (!(error instanceof StepFailure)) throw error;
      const launch = launches[error.step]!;
      return fail("run/kernel", { kernel: launch.kernel, path: layerName(launch), reason: error.message });
    } catch (failure) {
      broken = failure;
      throw failure;
    }
  }

  return {
    memoryBytes: layout.bytes,
    threads: scheduled.threads,
    profiler: recorder.profiler,
    async run(name, feeds, only, { resume = false } = {}) {
      usable();
      const {
        plan,
        wanted,
        feeds: given,
        needed,
      } = checkRun(program, "wasm", name, { feeds, only, resume }, continuation);
      if (!resume) continuation.forget();
      for (const [feed, { buffer }] of Object.entries(plan.inputs)) {
        const values = given.get(feed);
        if (values !== undefined) engine.write(offsetOf(layout, plan, buffer), values);
      }
      const recording = recorder.begin(name, resume);
      await launch(name, plan, needed, recording).catch(broke);
      recording?.end();
      if (writers.has(name)) continuation.forget();
      else continuation.done(name, given.keys(), resume);
      return readOutputs(plan, wanted).catch(broke);
    },
    async read(path) {
      usable();
      const { offset, length } = stateOf(path);
      return await Promise.resolve(engine.read(offset, length)).catch(broke);
    },
    async write(path, values) {
      usable();
      const { offset, length } = stateOf(path);
      if (values.length !== length) {
        fail("run/input", { name: path, expected: `${length} numbers`, found: `${values.length}` });
      }
      prepared.clear();
      continuation.forget();
      engine.write(offset, values instanceof Float32Array ? values : Float32Array.from(values));
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await engine.dispose();
    },
  };
}
