/** How much each step of a B-cosification changes the logits: measured on images. */
import { argmax } from "../argmax.ts";
import type { Tensor } from "../device.ts";
import { isFiniteByBits, requireFiniteLogits } from "../finite.ts";
import { countSamples, openSession, type SessionOptions } from "../session.ts";
import { matchWeights, type Weights } from "../weights/weights.ts";
import { convertWeights, type BuiltStep } from "./convert.ts";

/**
 * `preserves`: the logits are those of the step before up to rounding. `shifts`: all logits changed by the same amount, so
 * that their order did not. `changes`: neither.
 */
export type StepEffect = "preserves" | "shifts" | "changes";

export interface MeasuredStep {
  readonly effect: StepEffect;
  /** The largest |difference| of a logit to the step before. Infinite where a logit is not finite. */
  readonly change: number;
  /** The same to the conventional network. */
  readonly fromConventional: number;
  /** Images whose class is the one that the conventional network gives. */
  readonly sameClass: number;
}

export interface StepMeasurement {
  readonly images: number;
  /** The largest |logit| of the conventional network: what differences have to be compared with. */
  readonly largestLogit: number;
  /** One for each step but the first, in their order. */
  readonly steps: readonly MeasuredStep[];
}

export interface MeasureOptions extends Omit<SessionOptions, "weights" | "seed"> {
  /** Where the weights come from, for messages. */
  readonly place?: string;
}

/** Differences up to so much of the largest |logit| are rounding. */
const rounding = { float32: 1e-4, float64: 1e-10 } as const;

/**
 * Runs the steps of `cosificationSteps`, built with the graph `predict`, on images [n, …input shape] with numbers from 0 to 1,
 * at least one. `weights` are those of the conventional network, the first step. Throws `run/not-finite` where its logits are
 * not finite.
 */
export async function measureSteps(
  built: readonly BuiltStep[],
  weights: Weights,
  images: ArrayLike<number>,
  options: MeasureOptions = {},
): Promise<StepMeasurement> {
  const { place, ...session } = options;
  const [first, ...others] = built;
  if (first === undefined) throw new Error("no steps to measure");
  const { classes } = first.program;
  const allowed = rounding[session.precision ?? "float32"];

  const conventional = await logitsOf(first, weights, images, session, place);
  requireFiniteLogits(conventional, classes);
  let largestLogit = 0;
  for (const logit of conventional) largestLogit = Math.max(largestLogit, Math.abs(logit));
  const steps: MeasuredStep[] = [];
  let before = conventional;
  for (const step of others) {
    const logits = await logitsOf(step, weights, images, session, place);
    const [least, most] = rangeOfDifferences(logits, before);
    const change = Math.max(Math.abs(least), Math.abs(most));
    const limit = allowed * largestLogit;
    const effect = change <= limit ? "preserves" : most - least <= limit ? "shifts" : "changes";
    const fromConventional = Math.max(...rangeOfDifferences(logits, conventional).map(Math.abs));
    steps.push({ effect, change, fromConventional, sameClass: sameClasses(logits, conventional, classes) });
    before = logits;
  }
  return { images: countSamples(first.program, images), largestLogit, steps };
}

async function logitsOf(
  step: BuiltStep,
  weights: Weights,
  images: ArrayLike<number>,
  options: SessionOptions,
  place: string | undefined,
): Promise<Tensor> {
  // The first step is the conventional network: weights that it does not know are found there.
  if (step.program.form === "standard") matchWeights(step.program, weights, place);
  const session = await openSession(step.program, { ...options, weights: convertWeights(step, weights, place) });
  try {
    return await session.predict(images);
  } finally {
    await session.dispose();
  }
}

/** The least and the largest difference; infinite where one is no number. */
function rangeOfDifferences(a: Tensor, b: Tensor): readonly [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    if (!isFiniteByBits(difference)) return [-Infinity, Infinity];
    least = Math.min(least, difference);
    most = Math.max(most, difference);
  }
  return [least, most];
}

function sameClasses(a: Tensor, b: Tensor, classes: number): number {
  let count = 0;
  for (let start = 0; start < a.length; start += classes) {
    const finite = a.subarray(start, start + classes).every(isFiniteByBits);
    if (finite && argmax(a, start, classes) === argmax(b, start, classes)) count++;
  }
  return count;
}
