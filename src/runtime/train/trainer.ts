/** The training loop: batches through the program's `train` graph, with a schedule, metrics, and a way to stop. */
import { fail } from "../../diagnostics/catalogue.ts";
import { argmax } from "../argmax.ts";
import type { Augmentation } from "../data/augment.ts";
import { trainingBatches, trainingSteps } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkFit } from "../data/fit.ts";
import type { Tensor } from "../device.ts";
import type { Session } from "../session.ts";
import { isFiniteByBits } from "../finite.ts";
import { checkSchedule, learningRateAt, type Schedule } from "./schedule.ts";

export interface TrainOptions {
  /** All epochs of the training, those before `start` included. */
  readonly epochs: number;
  readonly schedule: Schedule;
  /** Of shuffling and augmentation: a whole number from 0 on. Default 0. */
  readonly seed?: number;
  readonly augment?: Augmentation;
  /** Where to go on, as `TrainResult.next` of the interrupted training says. Default: the beginning. */
  readonly start?: TrainPosition;
  readonly onStep?: (metrics: StepMetrics) => void | Promise<void>;
  /** After each whole epoch. */
  readonly onEpoch?: (metrics: EpochMetrics) => void | Promise<void>;
  /** When it aborts, the current step is finished and the training returns. */
  readonly signal?: AbortSignal;
}

/** The next step to do. Both are counted from 0. */
export interface TrainPosition {
  readonly epoch: number;
  /** Within the epoch. */
  readonly step: number;
}

export interface StepMetrics {
  readonly epoch: number;
  /** Within the epoch, from 0. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Images of the batch. */
  readonly images: number;
  readonly loss: number;
  /** Images of the batch whose largest logit was the right one. */
  readonly correct: number;
  readonly learningRate: number;
}

export interface EpochMetrics {
  readonly epoch: number;
  /** Mean over the images of the epoch, each at the time of its step. */
  readonly loss: number;
  /** Share of images whose largest logit was the right one, at the time of their step. */
  readonly accuracy: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  readonly images: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

export interface TrainResult {
  /** The whole epochs that were done here. */
  readonly epochs: readonly EpochMetrics[];
  /** False where the signal ended it before the last step. */
  readonly finished: boolean;
  readonly next: TrainPosition;
}

/**
 * Trains the session's weights on a dataset. The batch size is the program's; each epoch leaves out the images that fill no
 * whole batch. The same session state, dataset and options give the same weights. Throws `run/not-finite` as soon as the
 * loss is not finite, `run/no-graph`, `run/input` and `data/does-not-fit`.
 */
export async function train(session: Session, dataset: Dataset, options: TrainOptions): Promise<TrainResult> {
  const { program } = session;
  const { epochs, schedule, seed = 0, start = { epoch: 0, step: 0 } } = options;
  checkFit(program, dataset);
  checkSchedule(schedule);
  checkWhole("epochs", epochs);
  checkWhole("seed", seed);
  checkWhole("start", start.epoch);
  checkWhole("start", start.step);
  const stepsPerEpoch = trainingSteps(dataset, program.batch);
  if (stepsPerEpoch === 0) {
    const found = `${dataset.count} images`;
    fail("run/input", { name: "dataset", expected: `at least one batch of ${program.batch} images`, found });
  }

  const done: EpochMetrics[] = [];
  const stopped = (): boolean => options.signal?.aborted === true;
  for (let epoch = start.epoch; epoch < epochs; epoch++) {
    const first = epoch === start.epoch ? start.step : 0;
    const tally = createTally(program.classes);
    const batches = trainingBatches(dataset, {
      size: program.batch,
      seed,
      epoch,
      skip: first,
      ...(options.augment === undefined ? {} : { augment: options.augment }),
    });
    let step = first;
    let learningRate = 0;
    for (const batch of batches) {
      if (stopped()) return { epochs: done, finished: false, next: { epoch, step } };
      const sofar = epoch * stepsPerEpoch + step;
      learningRate = learningRateAt(schedule, { epoch, step: sofar, epochs, stepsPerEpoch });
      const { loss, logits } = await session.run(
        "train",
        {
          [program.input.name]: batch.images,
          targets: batch.targets,
          learningRate: [learningRate],
          step: [sofar + 1],
        },
        ["loss", "logits"],
      );
      const value = loss![0]!;
      if (!isFiniteByBits(value)) fail("run/not-finite", { what: "the loss is", where: `at step ${sofar + 1}` });
      const correct = tally.add(value, logits!, batch.targets);
      const images = program.batch;
      await options.onStep?.({ epoch, step, stepsPerEpoch, images, loss: value, correct, learningRate });
      step++;
    }
    const metrics = { epoch, ...tally.metrics(), learningRate };
    // An epoch that was resumed at its end has nothing left to report.
    if (metrics.images > 0) {
      done.push(metrics);
      await options.onEpoch?.(metrics);
    }
  }
  return { epochs: done, finished: true, next: { epoch: Math.max(epochs, start.epoch), step: 0 } };
}

function createTally(classes: number): {
  /** Returns how many images of the batch were right. */
  add(loss: number, logits: Tensor, targets: Tensor): number;
  metrics(): Pick<EpochMetrics, "loss" | "accuracy" | "images" | "seconds" | "imagesPerSecond">;
} {
  const begin = performance.now();
  let images = 0;
  let lossSum = 0;
  let correct = 0;
  return {
    add(loss, logits, targets) {
      const count = targets.length / classes;
      let right = 0;
      for (let i = 0; i < count; i++) {
        if (argmax(logits, i * classes, classes) === argmax(targets, i * classes, classes)) right++;
      }
      images += count;
      lossSum += loss * count;
      correct += right;
      return right;
    },
    metrics() {
      const seconds = (performance.now() - begin) / 1000;
      return { loss: lossSum / images, accuracy: correct / images, images, seconds, imagesPerSecond: images / seconds };
    },
  };
}

function checkWhole(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    fail("run/input", { name, expected: "a whole number from 0 on", found: String(value) });
  }
}
