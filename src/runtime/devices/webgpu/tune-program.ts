/** Tuning for users: without the types of WebGPU, which not every program has, and loaded when it is asked for. */
import type { Program } from "../../../compiler/graph/program.ts";
import type { Tuning } from "../../tuning.ts";

export interface TuneOptions {
  /** Measurements of each variant, of which the median counts. Default 5. */
  readonly repetitions?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

export interface TunedKernel {
  readonly label: string;
  /** The one that is taken without a tuning, and the fastest. */
  readonly untuned: string;
  readonly chosen: string;
  /** By variant. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface TuningResult {
  readonly adapter: string;
  readonly kernels: readonly TunedKernel[];
  readonly tuning: Tuning;
}

/**
 * Runs every kernel of the program's plans that has several variants on buffers of zeros, each variant in turn. Needs a
 * program with code for `webgpu` (`run/no-plan`) and an adapter (`run/no-webgpu`) that has the program's storage type
 * (`run/no-half-precision`). Where `signal` is aborted, gives what was measured until then.
 */
export async function tuneProgram(program: Program, options: TuneOptions = {}): Promise<TuningResult> {
  const [{ tuneOn }, { sharedGpu }] = await Promise.all([import("./tune.ts"), import("./opened-gpu.ts")]);
  return tuneOn(sharedGpu, program, options);
}
