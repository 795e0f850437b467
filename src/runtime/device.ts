/** What a device is to the runtime. Implementations are in `devices/`. */
import type { GraphName, Program } from "../compiler/graph/program.ts";
import type { Plan } from "../compiler/plan/plan.ts";
import type { Tuning } from "./tuning.ts";

/** Float64Array only where a session was opened with `precision: "float64"`. */
export type Tensor = Float32Array | Float64Array;

export interface DeviceOptions {
  /** float64 is for tests and verification; only the reference device has it. */
  readonly precision?: "float32" | "float64";
  /** How many threads may compute, for devices that have several. Results do not depend on it. Default: the device's. */
  readonly threads?: number;
  /**
   * Work of a graphics card is cut into slices of about so many milliseconds, and the page is given its turn between them.
   * Default: not cut, which is faster.
   */
  readonly sliceMilliseconds?: number;
  /** Which variants of kernels a graphics card runs, where it was measured. Results are the same within rounding. */
  readonly tuning?: Tuning;
}

export interface Device {
  readonly name: string;
  /** Allocates the program's state (zero-filled) and prepares its graphs. */
  open(program: Program, options: DeviceOptions): Promise<DeviceSession>;
}

/**
 * Runs whose values stay on the device: `GPUBuffer`s on `webgpu` (row-major float32, with the usage `STORAGE`), tensors of
 * TensorFlow.js on `tfjs:NAME`. What is given stays the caller's, unchanged; what is returned is the caller's to free.
 */
export interface ResidentRuns<V extends object = object> {
  /** Where such values live now: the `GPUDevice`, or the backend of TensorFlow.js. */
  readonly place: object;
  /** As `DeviceSession.run`, without waiting for the device and without a run to go on from. Feeds may be numbers too. */
  run(
    graph: GraphName,
    feeds: Readonly<Record<string, Tensor | V>>,
    only?: readonly string[],
    options?: ResidentOptions<V>,
  ): Promise<Record<string, V>>;
}

export interface ResidentOptions<V extends object = object> {
  /**
   * Makes what a result of so many bytes is written to, in place of the device's own way: what it makes is the maker's, and
   * a device that failed leaves it alone. Devices whose values are not made before they are computed do not call it.
   */
  readonly create?: (bytes: number) => V;
  /** More feeds, made of outputs that do not depend on them: what comes before is computed once. */
  readonly after?: {
    /** They are results too. */
    readonly outputs: readonly string[];
    /** Must not wait for anything. What it is given and what it makes stays as it is until the run resolves. */
    readonly feeds: (outputs: Readonly<Record<string, V>>) => Readonly<Record<string, V | ArrayLike<number>>>;
  };
}

export interface DeviceSession {
  /** Absent where the device has no memory of its own. */
  readonly resident?: ResidentRuns;
  /** Bytes that it holds, all of them, where the device knows. */
  readonly memoryBytes?: number;
  /** Threads that compute. */
  readonly threads?: number;
  /**
   * Runs one graph: feeds are row-major with the shapes of the graph's inputs, results are copies. State updates are
   * applied before it resolves. `only` names the outputs wanted, all without it; feeds and launches that only other
   * outputs need may be left out (`Plan.repeat`: without outputs of the repeated part, a device does not run it).
   *
   * With `resume` it goes on from the run before: feeds that are not given keep their numbers, and where only those of
   * `Plan.repeat` are given, only its part runs. Results are the same bits as those of a whole run. Throws `run/resume`
   * where the last call of `run` was for another graph or failed, or state was written since (by `write` or by a graph):
   * then nothing is left to go on from. `createContinuation` and `neededLaunches` keep that in mind for a device.
   */
  run(
    graph: GraphName,
    feeds: Readonly<Record<string, Tensor>>,
    only?: readonly string[],
    options?: { readonly resume?: boolean },
  ): Promise<Record<string, Tensor>>;
  /** A copy of a state tensor, in the program's own layout. */
  read(path: string): Promise<Tensor>;
  write(path: string, values: ArrayLike<number>): Promise<void>;
  dispose(): Promise<void>;
  /** Takes times of launches. Absent where the device can't: it runs no plans, or has no clock for its launches. */
  readonly profiler?: Profiler;
}

/** Costs something only between `start` and `stop`. Called between runs. */
export interface Profiler {
  /** From now on the first `runs` runs of each graph are timed; what was timed before and not fetched is forgotten. */
  start(options: { readonly runs: number }): void;
  /** Ends the timing and hands over what was timed, once the device has all of it. */
  stop(): Promise<Profile>;
}

/** What was timed. All times are milliseconds on the clock of `performance.now()` of the thread that owns the session. */
export interface Profile {
  /** The plans that were run: what `LaunchTiming.launch` refers to. */
  readonly plans: Readonly<Partial<Record<GraphName, Plan>>>;
  readonly runs: readonly RunTiming[];
  readonly launches: readonly LaunchTiming[];
}

/** One run of a graph, from before its first launch until behind its last one. */
export interface RunTiming {
  readonly graph: GraphName;
  /** It went on from the run before, which it belongs to. */
  readonly resumed: boolean;
  readonly start: number;
  readonly end: number;
}

/** That a thread was busy with a launch. A launch has several in a run where several threads, or slices, share it. */
export interface LaunchTiming {
  /** Index in `Profile.runs`. */
  readonly run: number;
  /** Index in the plan's launches. */
  readonly launch: number;
  /** From 0 on; a device that has no threads of its own, as a GPU, has only thread 0. */
  readonly thread: number;
  readonly start: number;
  readonly end: number;
}
