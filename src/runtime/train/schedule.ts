/** Learning rates over the time of a training: constant, steps, cosines, each with a linear warm-up. */
import { fail } from "../../diagnostics/catalogue.ts";

/** Epochs (the default) or single steps: what a schedule counts in, and how often the rate changes. */
export type ScheduleUnit = "epoch" | "step";

export interface Warmup {
  /** Units that the rate rises for. The first has `factor` times the rate, the first one after them all of it. */
  readonly length: number;
  /** Default 0.01. */
  readonly factor?: number;
}

interface Common {
  /** The base rate. */
  readonly rate: number;
  readonly per?: ScheduleUnit;
  /** Per epoch: change at every step, by parts of an epoch, instead of from epoch to epoch. */
  readonly smooth?: boolean;
  readonly warmup?: Warmup;
}

export type Schedule =
  | (Common & { readonly kind: "constant" })
  /** The rate is multiplied by `factor` at each milestone, counted in units from the start. */
  | (Common & { readonly kind: "step"; readonly milestones: readonly number[]; readonly factor?: number })
  /**
   * From the rate to `final` (default 0, reached at the end of the last unit) along half a cosine over the units that the
   * warm-up leaves: Loshchilov and Hutter 2017, eq. 5, without restarts.
   */
  | (Common & { readonly kind: "cosine"; readonly final?: number })
  /** rate · cos(π/2 · progress) + `offset`: the CIFAR-10 recipe of Böhle et al. 2022. */
  | (Common & { readonly kind: "quarter_cosine"; readonly offset?: number });

/** A moment of a training. Everything is counted from 0. */
export interface ScheduleTime {
  readonly epoch: number;
  /** Steps since the start of the training. */
  readonly step: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** The learning rate of a step. */
export function learningRateAt(schedule: Schedule, time: ScheduleTime): number {
  const steps = schedule.per === "step";
  const at = steps ? time.step : schedule.smooth === true ? time.step / time.stepsPerEpoch : time.epoch;
  const total = steps ? time.epochs * time.stepsPerEpoch : time.epochs;
  const warmup = schedule.warmup?.length ?? 0;
  if (at < warmup) {
    const factor = schedule.warmup?.factor ?? 0.01;
    return schedule.rate * (factor + ((1 - factor) * at) / warmup);
  }
  const progress = total > warmup ? Math.min(1, (at - warmup) / (total - warmup)) : 1;
  return rateAfterWarmup(schedule, at, progress);
}

function rateAfterWarmup(schedule: Schedule, at: number, progress: number): number {
  const { rate } = schedule;
  switch (schedule.kind) {
    case "constant":
      return rate;
    case "step": {
      const passed = schedule.milestones.filter((milestone) => at >= milestone).length;
      return rate * (schedule.factor ?? 0.1) ** passed;
    }
    case "cosine": {
      const final = schedule.final ?? 0;
      return final + ((rate - final) * (1 + Math.cos(Math.PI * progress))) / 2;
    }
    case "quarter_cosine":
      return rate * Math.cos((Math.PI / 2) * progress) + (schedule.offset ?? 0);
    default:
      return schedule satisfies never;
  }
}

/** Refuses numbers that no training can use, with `run/input`. */
export function checkSchedule(schedule: Schedule): void {
  const positive = (name: string, value: number | undefined, least: number): void => {
    if (value !== undefined && !(Number.isFinite(value) && value >= least)) {
      fail("run/input", { name: `schedule ${name}`, expected: `a number from ${least} on`, found: String(value) });
    }
  };
  positive("rate", schedule.rate, 0);
  positive("warm-up length", schedule.warmup?.length, 0);
  positive("warm-up factor", schedule.warmup?.factor, 0);
  if (schedule.kind === "step") {
    positive("factor", schedule.factor, 0);
    for (const milestone of schedule.milestones) positive("milestone", milestone, 0);
  }
  if (schedule.kind === "cosine") positive("final rate", schedule.final, 0);
  if (schedule.kind === "quarter_cosine") positive("offset", schedule.offset, 0);
}
