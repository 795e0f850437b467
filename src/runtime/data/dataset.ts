/** Image classification data in memory: 8-bit images, channels last, and one label an image. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { IdxArray } from "./idx.ts";

export interface Dataset {
  readonly count: number;
  /** [H, W, C] of every image. */
  readonly shape: readonly [number, number, number];
  /** [count, H, W, C], 0 to 255. */
  readonly images: Uint8Array;
  /** Class of each image, 0 to classes − 1. */
  readonly labels: Uint32Array;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** [count, classes]: soft targets to train with instead of one-hot rows. */
  readonly targets?: Float32Array;
}

/** Checks that the parts fit each other; `data/dataset` where not. */
export function createDataset(parts: Omit<Dataset, "count">, name = "dataset"): Dataset {
  const refuse = (reason: string): never => fail("data/dataset", { reason }, { place: name });
  const { shape, images, labels, classes, targets } = parts;
  const count = labels.length;
  const size = shape[0] * shape[1] * shape[2];
  if (!shape.every((length) => Number.isSafeInteger(length) && length > 0)) {
    refuse(`an image of ${shape.join(" × ")} is empty or no image`);
  }
  if (images.length !== count * size) {
    refuse(`${count} labels want ${count * size} bytes of images (${shape.join(" × ")} each), not ${images.length}`);
  }
  const wrong = labels.findIndex((label) => label >= classes.length);
  if (wrong >= 0) refuse(`label ${labels[wrong]} of image ${wrong} is not one of the ${classes.length} classes`);
  if (targets !== undefined && targets.length !== count * classes.length) {
    refuse(
      `${count} images of ${classes.length} classes want ${count * classes.length} targets, not ${targets.length}`,
    );
  }
  return { count, ...parts };
}

/** A dataset of grey images from an idx pair: images [n, H, W] and labels [n]. */
export function datasetFromIdx(
  images: IdxArray,
  labels: IdxArray,
  classes: readonly string[],
  name = "dataset",
): Dataset {
  const refuse = (reason: string): never => fail("data/dataset", { reason }, { place: name });
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3) refuse(`the images have ${images.shape.length} dimensions, not 3`);
  if (labels.shape.length !== 1) refuse(`the labels have ${labels.shape.length} dimensions, not 1`);
  if (n === 0) refuse("there are no images");
  if (labels.shape[0] !== n) refuse(`there are ${n} images but ${labels.shape[0]} labels`);
  const shape = [height!, width!, 1] as const;
  return createDataset({ shape, images: images.data, labels: Uint32Array.from(labels.data), classes }, name);
}

/** The chosen images as a dataset of their own. */
export function subset(dataset: Dataset, indexes: ArrayLike<number>): Dataset {
  const size = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
  const classes = dataset.classes.length;
  const images = new Uint8Array(indexes.length * size);
  const labels = new Uint32Array(indexes.length);
  const targets = dataset.targets === undefined ? undefined : new Float32Array(indexes.length * classes);
  for (let i = 0; i < indexes.length; i++) {
    const from = indexes[i]!;
    if (!Number.isInteger(from) || from < 0 || from >= dataset.count) {
      fail("data/dataset", { reason: `there is no image ${from} among ${dataset.count}` });
    }
    images.set(dataset.images.subarray(from * size, (from + 1) * size), i * size);
    labels[i] = dataset.labels[from]!;
    targets?.set(dataset.targets!.subarray(from * classes, (from + 1) * classes), i * classes);
  }
  return { ...dataset, count: indexes.length, images, labels, ...(targets === undefined ? {} : { targets }) };
}

/** `length` images from `start` on, fewer at the end. */
export function range(dataset: Dataset, start: number, length: number): Dataset {
  const end = Math.min(start + length, dataset.count);
  return subset(
    dataset,
    Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i),
  );
}
