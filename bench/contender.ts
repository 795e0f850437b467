/** What is compared: something that can do a workload, again and again, from the given numbers. */
import type { Profile } from "../src/runtime/device.ts";
import type { NetworkWorkload, Workload } from "./workloads.ts";

/** Row-major. Images are NHWC, convolution weights [O, I, kh, kw]. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type Tensors = ReadonlyMap<string, NamedTensor>;

export interface Contender {
  /** With its version. */
  readonly name: string;
  readonly threads: number;
  /** Computes with fewer digits: what is compared may differ by so many times more. What isn't named has 1. */
  readonly tolerance?: Tolerance;
  /** Gets ready for a workload, or says why it can't do it. */
  prepare(workload: Workload, given: Tensors): Promise<Prepared | Declined>;
  /** What a training step takes, where the contender can tell before or while it runs. */
  memory?(workload: NetworkWorkload, given: Tensors): Promise<StepMemory | undefined>;
  end(): Promise<void>;
}

export type Tolerance = number | Readonly<Partial<Record<Compared, number>>>;

/** What differences are of; `result` of a product or convolution. */
export type Compared = "result" | "logits" | "contributions" | "losses" | "updates";

export interface StepMemory {
  /** At the same time, without weights, their gradients' optimiser state and running statistics. */
  readonly bytes: number;
  /** What is counted. */
  readonly what: string;
  /** Of these, what the forward pass leaves for the backward pass. */
  readonly kept: number;
}

export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

export interface Declined {
  readonly declined: string;
}

export interface Prepared {
  /** What a run computes and moves by the contender's own count, where it keeps one. */
  readonly work?: Work;
  /**
   * What is compared with the others, from the given numbers: the one tensor of a product or convolution; `logits` of a
   * prediction; `contributions` [N,H,W] of an explanation; for training `losses` of the first three steps and every
   * weight behind them, by its path. Called once, before the first `run`.
   */
  results(): Promise<ReadonlyMap<string, Float32Array>>;
  /** Does the workload once, to the end; milliseconds. */
  run(): Promise<number>;
  /** Does it some more times and tells what each launch took, where the contender can. */
  profile?(runs: number): Promise<Profile>;
  dispose(): Promise<void>;
}

export function isDeclined(prepared: Prepared | Declined): prepared is Declined {
  return "declined" in prepared;
}

/** Steps behind which results of training are compared. */
export const comparedSteps = 3;
