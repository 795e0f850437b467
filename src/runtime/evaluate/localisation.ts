/** Localisation of a method of attribution by the grid pointing game, on images that the network is sure about. */
import { fail } from "../../diagnostics/catalogue.ts";
import { argmax } from "../argmax.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Tensor } from "../device.ts";
import { percentile } from "../explain/percentile.ts";
import { attribute, type AttributeOptions, type Method } from "../posthoc/attribute.ts";
import type { ProgressOptions } from "../posthoc/progress.ts";
import { createRandom } from "../random.ts";
import type { Session } from "../session.ts";
import { gridScores, layOutGrid, type GridLayout } from "./grid-pointing.ts";

export interface ConfidentOptions {
  /** Classes of each grid. */
  readonly classes: number;
  /** The logit's sigmoid is greater than this. Default 0.5. */
  readonly threshold?: number;
  /** Of the order of the classes: a whole number from 0 on. Default 0. */
  readonly seed?: number;
}

/**
 * Images for grids, by their places in the dataset: those that are classified rightly and with confidence. As long as more
 * classes than a grid needs have one left, random ones are drawn, and each gives its most confident image that is left.
 * `logits` [n, classes] are those of the dataset's images.
 */
export function confidentImages(labels: ArrayLike<number>, logits: Tensor, options: ConfidentOptions): number[] {
  const { classes: wanted, threshold = 0.5, seed = 0 } = options;
  const classes = logits.length / labels.length;
  const logitOf = (image: number): number => logits[image * classes + labels[image]!]!;
  const byClass = new Map<number, number[]>();
  for (let image = 0; image < labels.length; image++) {
    if (argmax(logits, image * classes, classes) !== labels[image]!) continue;
    if (!(1 / (1 + Math.exp(-logitOf(image))) > threshold)) continue;
    const own = byClass.get(labels[image]!) ?? [];
    own.push(image);
    byClass.set(labels[image]!, own);
  }
  // The most confident one is taken from the end.
  for (const own of byClass.values()) own.sort((a, b) => logitOf(a) - logitOf(b) || b - a);
  const random = createRandom(seed, "grid");
  const order: number[] = [];
  for (;;) {
    const left = [...byClass].filter(([, own]) => own.length > 0).sort(([a], [b]) => a - b);
    if (left.length <= wanted) return order;
    for (const at of random.permutation(left.length).slice(0, wanted)) order.push(left[at]![1].pop()!);
  }
}

export interface LocalisationOptions extends ProgressOptions {
  readonly method: Method;
  /** Cells of a grid in each direction: 2 or 3 in published evaluations. */
  readonly side: number;
  /** At most so many grids. Default: as many as the images give. */
  readonly grids?: number;
  /** Places of images in the dataset, in the order in which they are used: see `confidentImages`. */
  readonly images: readonly number[];
  /** Side of the square that maps are averaged over: 15 in published evaluations on ImageNet, 1 on CIFAR. Default 1. */
  readonly smooth?: number;
  /** Options of the method. What is asked about is given by the grids. */
  readonly attribute?: Omit<AttributeOptions, "target" | "versus" | "cotangent" | "onProgress">;
}

export interface Localisation {
  readonly grids: number;
  /** One score for each cell of each grid. */
  readonly scores: Float64Array;
  readonly mean: number;
  /** Percentiles 25, 50, 75 and 100. */
  readonly quartiles: readonly [number, number, number, number];
}

/**
 * Plays the grid pointing game: for each cell of each grid the map of its class is scored. The session's network takes
 * images of the size of a grid, `side` times that of the dataset's images (give the model a parameter for its size), and its
 * program is built with `programFor(method)`. Throws `run/input`, and what the method throws.
 */
export async function localise(
  session: Session,
  dataset: Dataset,
  options: LocalisationOptions,
): Promise<Localisation> {
  const { input, batch } = session.program;
  const { side, method, smooth = 1, images, onProgress } = options;
  const [height, width, channels] = dataset.shape;
  const expected = [side * height, side * width, channels];
  const shape = input.imageShape ?? input.shape;
  if (shape.join() !== expected.join()) {
    const found = `one of [${shape.join(", ")}]`;
    fail("run/input", { name: "session", expected: `a network of images [${expected.join(", ")}]`, found });
  }
  const layouts = layOutGrids(dataset, images, side, options.grids ?? Infinity);
  if (layouts.length === 0) {
    const what = `images of at least ${side * side} classes`;
    fail("run/input", { name: "images", expected: what, found: `${images.length} images` });
  }
  const scores: number[] = [];
  for (let start = 0; start < layouts.length; start += batch) {
    const part = layouts.slice(start, start + batch);
    const grids = new Float32Array(part.length * height * width * channels * side * side);
    part.forEach(({ rows }, i) => drawGrid(dataset, rows, grids.subarray((i * grids.length) / part.length)));
    const all = await attribute(session, grids, method, {
      ...options.attribute,
      target: { classes: part.map(({ targets }) => targets) },
    });
    part.forEach((_, i) => {
      const maps = all.filter(({ image }) => image === i).map(({ map }) => map);
      scores.push(...gridScores(maps, side * height, side * width, { side, smooth }));
    });
    onProgress?.(start + part.length, layouts.length);
  }
  return {
    grids: layouts.length,
    scores: Float64Array.from(scores),
    mean: scores.reduce((a, b) => a + b, 0) / scores.length,
    quartiles: [percentile(scores, 25), percentile(scores, 50), percentile(scores, 75), percentile(scores, 100)],
  };
}

/** With places in the dataset instead of places in the list of images. */
function layOutGrids({ labels }: Dataset, images: readonly number[], side: number, most: number): GridLayout[] {
  const own = images.map((image) => labels[image]!);
  const layouts: GridLayout[] = [];
  for (let start = 0; layouts.length < most;) {
    const layout = layOutGrid(own, side, start);
    if (layout === undefined) break;
    layouts.push({ ...layout, rows: layout.rows.map((row) => row.map((at) => images[at]!)) });
    start = layout.next;
  }
  return layouts;
}

/** Writes the images of the rows side by side, with numbers from 0 to 1. */
function drawGrid({ images, shape }: Dataset, rows: GridLayout["rows"], out: Float32Array): void {
  const [height, width, channels] = shape;
  const line = width * channels;
  rows.forEach((row, r) => {
    row.forEach((image, c) => {
      for (let y = 0; y < height; y++) {
        const from = (image * height + y) * line;
        const to = ((r * height + y) * row.length + c) * line;
        for (let i = 0; i < line; i++) out[to + i] = images[from + i]! / 255;
      }
    });
  });
}
