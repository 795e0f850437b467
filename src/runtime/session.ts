/** A session: one program on one device, with its state. Everything else in the runtime works on sessions. */
import { sizeOf } from "../shape.ts";
import type { GraphName, Program, StateSpec } from "../compiler/graph/program.ts";
import { fail } from "../diagnostics/catalogue.ts";
import { graphNamesOf, signatureOf } from "../graph-signature.ts";
import { createBreather } from "./breathe.ts";
import type {
  Device,
  DeviceOptions,
  DeviceSession,
  Profile,
  Profiler,
  ResidentOptions,
  ResidentRuns,
  Tensor,
} from "./device.ts";
import { findDevice, type DeviceChoice } from "./devices/registry.ts";
import { initialValues } from "./initialise.ts";
import { fileShape, fromFileLayout, toFileLayout } from "./weights/layout.ts";
import type { Tuning } from "./tuning.ts";
import { matchWeights, type Weights, type WeightTensor } from "./weights/weights.ts";

export type Precision = NonNullable<DeviceOptions["precision"]>;

export interface SessionOptions {
  /** Default `auto`. */
  readonly device?: DeviceChoice;
  /** Default float32. float64 is for tests and verification; only the reference device has it. */
  readonly precision?: Precision;
  /** How many threads may compute, for devices that have several. Results do not depend on it. */
  readonly threads?: number;
  /** Made by `tuneProgram` or `bcosc tune`, for the device `webgpu`. Results are the same within rounding. */
  readonly tuning?: Tuning;
  /**
   * Work on the device `webgpu` is cut into slices of about so many milliseconds, and the page gets its turn between them.
   * Default: not cut, which is faster.
   */
  readonly sliceMilliseconds?: number;
  /** Of the initial weights: a whole number from 0 on. Default 0. */
  readonly seed?: number;
  /** Instead of random initial weights. */
  readonly weights?: Weights;
}

/** Row-major numbers by the name of the graph's input. */
export type Feeds = Readonly<Record<string, ArrayLike<number>>>;

/** Row-major numbers by the name of the graph's output. */
export type Outputs = Record<string, Tensor>;

export interface Repetition {
  /** How often. */
  readonly times: number;
  /** Outputs that do not depend on the feeds that are made: all that `next` is given. */
  readonly first: readonly string[];
  /**
   * The other feeds of a time, counted from 0, for the samples `start` … `start + count` (not including the last): as long
   * as these samples need.
   */
  readonly next: (time: number, first: Readonly<Outputs>, start: number, count: number) => Feeds;
  /** The wanted outputs of each time; all without it. */
  readonly only?: readonly string[];
}

/** Calls are done one after the other, in the order they were made. After `dispose` every call fails with `run/disposed`. */
export interface Session {
  readonly program: Program;
  /** The device's name. */
  readonly device: string;
  readonly precision: Precision;
  /** Threads that compute, and bytes held, where the device tells. */
  readonly threads?: number;
  readonly memoryBytes?: number;
  /**
   * Where values live that stay on the device: the `GPUDevice` on `webgpu` (another one after a loss), the backend of
   * TensorFlow.js on `tfjs:NAME`. Undefined where the device has no memory of its own.
   */
  readonly place?: object | undefined;
  /** Runs a graph once on exactly one batch. `only` names the wanted outputs; all without it. */
  run(graph: GraphName, feeds: Feeds, only?: readonly string[]): Promise<Outputs>;
  /**
   * As `run`, with values that stay on the device: `GPUBuffer`s on `webgpu`, row by row in float32, tensors on `tfjs:NAME`. A
   * feed may be one of them (not changed, and not copied where the plan allows it) or numbers; results are the caller's to
   * free. Resolves when the work is submitted: what the device has against it is an error of the next call. Fails with
   * `run/no-resident` where the device has no memory of its own, and with `run/gpu-buffer` for a buffer that can't be read.
   */
  runResident<V extends object = object>(
    graph: GraphName,
    feeds: Readonly<Record<string, V | ArrayLike<number>>>,
    only?: readonly string[],
    options?: ResidentOptions<V>,
  ): Promise<Record<string, V>>;
  /**
   * Runs a graph on any number of samples: feeds [count, …] are cut into batches, the last one filled up with zeros, and
   * the outputs [count, …] put together. For graphs whose samples do not depend on each other: all but `train`.
   */
  runSamples(
    graph: Exclude<GraphName, "train">,
    count: number,
    feeds: Feeds,
    only?: readonly string[],
  ): Promise<Outputs>;
  /**
   * As `runSamples`, but runs the graph several times on the same samples: what does not depend on the feeds that `next`
   * makes is computed once. Gives the outputs of each time.
   */
  runRepeated(graph: Exclude<GraphName, "train">, count: number, feeds: Feeds, repeat: Repetition): Promise<Outputs[]>;
  /** Logits [n, classes] of images [n, …input shape] with numbers from 0 to 1. */
  predict(images: ArrayLike<number>): Promise<Tensor>;
  /** Weights and buffers, as weight files have them; with `optimizer` the optimiser's state too (a checkpoint). */
  exportWeights(options?: { readonly optimizer?: boolean }): Promise<Map<string, WeightTensor>>;
  /**
   * Replaces weights and buffers, and the optimiser's state where it is given; else the optimiser starts anew. Nothing is
   * changed unless everything fits: `weights/missing`, `weights/unexpected`, `weights/shape`, all in one error. `place`
   * names where they come from, for the message.
   */
  importWeights(weights: Weights, place?: string): Promise<void>;
  /**
   * From now on takes times of every launch, in the first `runs` runs of each graph (default 30). Fails with
   * `run/no-profile` where the device has no times of launches.
   */
  startProfile(options?: { readonly runs?: number }): Promise<void>;
  /** Ends it and tells what was timed: see `profileReport` and `chromeTrace`. */
  stopProfile(): Promise<Profile>;
  /** Frees everything on the device, after the calls made before. A second time it does nothing. */
  dispose(): Promise<void>;
}

/** Opens a program on a device, with initial weights from the seed or with the given ones. */
export async function openSession(program: Program, options: SessionOptions = {}): Promise<Session> {
  const device = await findDevice(options.device ?? autoDevice(options.precision ?? "float32"), program);
  return openSessionOn(device, program, options);
}

/** The same on a device that is chosen already: a bundle then has no others. */
export async function openSessionOn(
  device: Device,
  program: Program,
  options: Omit<SessionOptions, "device"> = {},
): Promise<Session> {
  const { seed = 0, precision = "float32" } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) {
    fail("run/input", { name: "seed", expected: "a whole number from 0 to 2^53", found: String(seed) });
  }
  if (options.weights !== undefined) matchWeights(program, options.weights);
  const { threads, tuning, sliceMilliseconds } = options;
  const opened = await device.open(program, {
    precision,
    ...(threads === undefined ? {} : { threads }),
    ...(tuning === undefined ? {} : { tuning }),
    ...(sliceMilliseconds === undefined ? {} : { sliceMilliseconds }),
  });
  try {
    const session = createSession(program, device.name, precision, opened, seed);
    // An import writes all state.
    if (options.weights !== undefined) await session.importWeights(options.weights);
    else for (const spec of program.state) await opened.write(spec.path, initialValues(spec, seed));
    return session;
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

/** Only the reference device has float64. */
function autoDevice(precision: Precision): DeviceChoice {
  return precision === "float64" ? "reference" : "auto";
}

function createSession(
  program: Program,
  device: string,
  precision: Precision,
  opened: DeviceSession,
  seed: number,
): Session {
  const enqueue = createQueue();
  let disposed: Promise<void> | undefined;

  function serially<T>(task: () => Promise<T>): Promise<T> {
    if (disposed !== undefined) return Promise.reject(failure(() => fail("run/disposed", {})));
    return enqueue(task);
  }

  function run(graph: GraphName, feeds: Feeds, only?: readonly string[]): Promise<Outputs> {
    return serially(async () => {
      requireGraph(program, graph);
      const tensors = Object.entries(feeds).map(([name, values]) => [name, toTensor(values, precision)] as const);
      return opened.run(graph, Object.fromEntries(tensors), only);
    });
  }

  function runResident<V extends object>(
    graph: GraphName,
    feeds: Readonly<Record<string, V | ArrayLike<number>>>,
    only?: readonly string[],
    options?: ResidentOptions<V>,
  ): Promise<Record<string, V>> {
    return serially(async () => {
      requireGraph(program, graph);
      const resident = (opened.resident ?? fail("run/no-resident", { device })) as unknown as ResidentRuns<V>;
      const typed = (given: typeof feeds): Record<string, V | Tensor> =>
        Object.fromEntries(
          Object.entries(given).map(([name, value]) => [name, "length" in value ? toTensor(value, precision) : value]),
        );
      if (options?.after === undefined) return resident.run(graph, typed(feeds), only, options);
      const { outputs, feeds: next } = options.after;
      const after = { outputs, feeds: (first: Readonly<Record<string, V>>) => typed(next(first)) };
      return resident.run(graph, typed(feeds), only, { ...options, after });
    });
  }

  const { batch } = program;

  /** The feeds of whole batches, the last one filled up with zeros. */
  function* batches(count: number, feeds: Feeds): Generator<{ start: number; part: number; fed: Outputs }> {
    const whole = Object.entries(feeds).map(([name, values]) => ({
      name,
      values: toTensor(values, precision),
      width: sampleWidth(name, values, count),
    }));
    for (let start = 0; start < count; start += batch) {
      const part = Math.min(batch, count - start);
      const cut = whole.map(({ name, values, width }) => {
        const samples = values.subarray(start * width, (start + part) * width);
        return [name, padded(samples, batch * width)] as const;
      });
      yield { start, part, fed: Object.fromEntries(cut) };
    }
  }

  /** Puts the outputs of the batch at `start` to those of the batches before. */
  function collect(
    results: Outputs,
    outputs: Outputs,
    { start, part, count }: Record<"start" | "part" | "count", number>,
  ) {
    for (const [name, values] of Object.entries(outputs)) {
      const width = values.length / batch;
      results[name] ??= newTensor(precision, count * width);
      results[name].set(values.subarray(0, part * width), start * width);
    }
  }

  async function runSamples(
    graph: Exclude<GraphName, "train">,
    count: number,
    feeds: Feeds,
    only?: readonly string[],
  ): Promise<Outputs> {
    const results: Outputs = {};
    for (const { start, part, fed } of batches(count, feeds)) {
      collect(results, await run(graph, fed, only), { start, part, count });
    }
    return results;
  }

  async function runRepeated(
    graph: Exclude<GraphName, "train">,
    count: number,
    feeds: Feeds,
    { times, first, next, only }: Repetition,
  ): Promise<Outputs[]> {
    const results = Array.from({ length: times }, (): Outputs => ({}));
    for (const { start, part, fed } of batches(count, feeds)) {
      // In one task: nothing else may run between.
      await serially(async () => {
        requireGraph(program, graph);
        const early: Outputs = {};
        collect(early, await opened.run(graph, fed, first), { start: 0, part, count: part });
        for (const [time, result] of results.entries()) {
          for (const other of batches(part, next(time, early, start, part))) {
            const outputs = await opened.run(graph, other.fed, only, { resume: true });
            collect(result, outputs, { start, part, count });
          }
        }
      });
    }
    return results;
  }

  return {
    program,
    device,
    precision,
    ...(opened.threads === undefined ? {} : { threads: opened.threads }),
    ...(opened.memoryBytes === undefined ? {} : { memoryBytes: opened.memoryBytes }),
    get place() {
      return opened.resident?.place;
    },
    run,
    runResident,
    runSamples,
    runRepeated,
    async predict(images) {
      const count = countSamples(program, images);
      const { logits } = await runSamples("predict", count, { [program.input.name]: images }, ["logits"]);
      return logits ?? newTensor(precision, 0);
    },
    exportWeights: ({ optimizer = false } = {}) =>
      serially(async () => {
        const weights = new Map<string, WeightTensor>();
        for (const spec of program.state) {
          if (spec.role === "optimizer" && !optimizer) continue;
          weights.set(spec.path, {
            shape: fileShape(spec),
            data: toFileLayout(spec, await opened.read(spec.path)),
          });
        }
        return weights;
      }),
    importWeights: (weights, place) =>
      serially(async () => {
        const given = new Set<StateSpec>(matchWeights(program, weights, place));
        for (const spec of program.state) {
          const values = given.has(spec)
            ? fromFileLayout(spec, weights.get(spec.path)!.data)
            : initialValues(spec, seed);
          await opened.write(spec.path, values);
        }
      }),
    startProfile: ({ runs = PROFILED_RUNS } = {}) =>
      serially(async () => {
        if (!Number.isSafeInteger(runs) || runs < 1) {
          fail("run/input", { name: "runs", expected: "a whole number from 1 on", found: String(runs) });
        }
        profilerOf(opened, device).start({ runs });
      }),
    stopProfile: () => serially(() => profilerOf(opened, device).stop()),
    dispose: () => (disposed ??= enqueue(() => opened.dispose())),
  };
}

/** Enough for medians, few enough to keep and to draw. */
const PROFILED_RUNS = 30;

function profilerOf({ profiler }: DeviceSession, device: string): Profiler {
  return profiler ?? fail("run/no-profile", { device });
}

/** Runs tasks one after the other. A task that fails does not stop the ones behind it. */
function createQueue(): <T>(task: () => Promise<T>) => Promise<T> {
  const breathe = createBreather();
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(breathe).then(task);
    last = result.catch(() => undefined);
    return result;
  };
}

/** What `body` throws. */
function failure(body: () => never): unknown {
  try {
    return body();
  } catch (error) {
    return error;
  }
}

/** Images in [n, …input shape]; `run/input` where the length is no multiple. */
export function countSamples(program: Program, images: ArrayLike<number>): number {
  const size = sizeOf(program.input.shape);
  const count = images.length / size;
  if (!Number.isInteger(count)) {
    fail("run/input", {
      name: program.input.name,
      expected: `images of [${program.input.shape.join(", ")}], ${size} numbers each`,
      found: `${images.length} numbers`,
    });
  }
  return count;
}

/** Throws `run/no-graph` where the program has no such graph. */
export function requireGraph(program: Program, graph: GraphName): void {
  if (signatureOf(program, graph) !== undefined) return;
  fail("run/no-graph", { graph, available: graphNamesOf(program) });
}

/** Numbers a sample. */
function sampleWidth(name: string, values: ArrayLike<number>, count: number): number {
  const width = count === 0 ? 0 : values.length / count;
  if (Number.isInteger(width)) return width;
  return fail("run/input", {
    name,
    expected: `the same amount of numbers for each of ${count} samples`,
    found: `${values.length} numbers`,
  });
}

/** `values` themselves where they have the session's type already. */
function toTensor(values: ArrayLike<number>, precision: Precision): Tensor {
  if (precision === "float64") return values instanceof Float64Array ? values : Float64Array.from(values);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

function newTensor(precision: Precision, length: number): Tensor {
  return precision === "float64" ? new Float64Array(length) : new Float32Array(length);
}

function padded(values: Tensor, length: number): Tensor {
  if (values.length === length) return values;
  const result = values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  result.set(values);
  return result;
}
