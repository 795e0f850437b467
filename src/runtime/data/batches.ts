/** Batches of images and targets as float32, in order or shuffled, in buffers that are used again. */
import { fail } from "../../diagnostics/catalogue.ts";
import { counterUniform, createRandom } from "../random.ts";
import { placeImage, placementOf, type Augmentation } from "./augment.ts";
import type { Dataset } from "./dataset.ts";

export interface Batch {
  /** Images in this batch: the batch size, or fewer in the last one. */
  readonly count: number;
  /** [count, H, W, C] from 0 to 1. Valid until the next batch is taken. */
  readonly images: Float32Array;
  /** [count, classes]: one-hot, or the dataset's soft targets. Valid until the next batch is taken. */
  readonly targets: Float32Array;
  /** Where the images are in the dataset. */
  readonly indexes: Uint32Array;
}

/** All images once, in the dataset's order; the last batch may be smaller. */
export function* orderedBatches(dataset: Dataset, size: number): Generator<Batch> {
  checkSize(size);
  const order = Uint32Array.from({ length: dataset.count }, (_, i) => i);
  const fill = createFiller(dataset, size, {});
  for (let start = 0; start < dataset.count; start += size) {
    yield fill(order.subarray(start, start + size), () => [0, 0, 0]);
  }
}

export interface TrainingBatchOptions {
  readonly size: number;
  readonly seed: number;
  /** Counted from 0. Each has its own order and its own augmentation. */
  readonly epoch: number;
  readonly augment?: Augmentation;
  /** Leave out this many batches at the start, to go on with an interrupted epoch. */
  readonly skip?: number;
}

/** Batches that an epoch has: only whole ones, since graphs have one batch size. */
export function trainingSteps(dataset: Dataset, size: number): number {
  return Math.floor(dataset.count / size);
}

/**
 * The images in the random order of the epoch, in whole batches: up to size − 1 images are left out, others in every
 * epoch. Order and augmentation depend on seed, epoch and place in the epoch only, so skipping changes nothing else.
 */
export function* trainingBatches(dataset: Dataset, options: TrainingBatchOptions): Generator<Batch> {
  const { size, seed, epoch, augment = {}, skip = 0 } = options;
  checkSize(size);
  checkAugmentation(augment);
  const order = createRandom(seed, `shuffle/${epoch}`).permutation(dataset.count);
  const fill = createFiller(dataset, size, augment);
  const key = createRandom(seed, "augment").integer(2 ** 32);
  for (let step = skip; step < trainingSteps(dataset, size); step++) {
    const start = step * size;
    yield fill(order.subarray(start, start + size), (i) => {
      const at = 3 * (start + i);
      return [0, 1, 2].map((k) => counterUniform(key, epoch, at + k)) as [number, number, number];
    });
  }
}

function createFiller(
  dataset: Dataset,
  size: number,
  augment: Augmentation,
): (indexes: Uint32Array, draws: (i: number) => readonly [number, number, number]) => Batch {
  const pixels = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
  const classes = dataset.classes.length;
  const images = new Float32Array(size * pixels);
  const targets = new Float32Array(size * classes);
  const changes = (augment.shift ?? 0) > 0 || augment.flip === true;
  return (indexes, draws) => {
    indexes.forEach((index, i) => {
      const from = index * pixels;
      if (changes) placeImage(dataset.images, from, dataset.shape, placementOf(augment, draws(i)), images, i * pixels);
      else copyScaled(dataset.images, from, pixels, images, i * pixels);
      const row = targets.subarray(i * classes, (i + 1) * classes);
      if (dataset.targets === undefined) row.fill(0)[dataset.labels[index]!] = 1;
      else row.set(dataset.targets.subarray(index * classes, (index + 1) * classes));
    });
    const count = indexes.length;
    return {
      count,
      images: images.subarray(0, count * pixels),
      targets: targets.subarray(0, count * classes),
      indexes,
    };
  };
}

function copyScaled(source: Uint8Array, from: number, length: number, target: Float32Array, to: number): void {
  for (let i = 0; i < length; i++) target[to + i] = source[from + i]! / 255;
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) {
    fail("run/input", { name: "batch size", expected: "a whole number from 1 on", found: String(size) });
  }
}

function checkAugmentation(augment: Augmentation): void {
  const shift = augment.shift ?? 0;
  if (!Number.isSafeInteger(shift) || shift < 0) {
    fail("run/input", { name: "shift", expected: "a whole number from 0 on", found: String(shift) });
  }
}
