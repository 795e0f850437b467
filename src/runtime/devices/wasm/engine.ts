/** What runs steps: memory somewhere, and one or more threads that work on it. The implementations are in `engines/`. */
import type { Step } from "./steps.ts";

export interface Engine {
  /** Numbers to a byte offset. Done before any later call, and `values` may be changed at once. */
  write(offset: number, values: Float32Array): void;
  /** A copy. */
  read(offset: number, length: number): Promise<Float32Array<ArrayBuffer>> | Float32Array<ArrayBuffer>;
  /** Runs the steps from `first` up to, not including, `end`. Throws a `StepFailure` or a `ThreadLoss`. */
  run(first: number, end: number): Promise<void>;
  /** From now on tells when threads were busy with steps, until it is called with nothing. */
  observe(record: RecordStep | undefined): void;
  /** Ends the threads and lets go of the memory. */
  dispose(): Promise<void>;
}

/** Start and end in milliseconds, on this thread's `performance.now()`. A step in slices is told slice by slice. */
export type RecordStep = (step: number, thread: number, start: number, end: number) => void;

export interface EngineSource {
  readonly module: Uint8Array<ArrayBuffer>;
  readonly pages: number;
  /** For each thread. */
  readonly steps: readonly (readonly Step[])[];
}

/** A kernel trapped. */
export class StepFailure extends Error {
  readonly step: number;

  constructor(step: number, reason: string) {
    super(reason);
    this.name = "StepFailure";
    this.step = step;
  }
}

/** A thread has ended that nobody ended here: terminated from outside, or out of memory. Its part of the work is missing. */
export class ThreadLoss extends Error {}

/** The thread could not be started. */
export class SpawnFailure extends Error {}
