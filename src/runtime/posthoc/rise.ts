/** RISE: randomized input sampling for explanation (Petsiuk et al. 2018). */
import { fail } from "../../diagnostics/catalogue.ts";
import { sigmoids, softmax } from "../probabilities.ts";
import { createRandom } from "../random.ts";
import type { Session } from "../session.ts";
import type { Attribution } from "./attribution.ts";
import { encodeBaseline, zeros } from "./encoded-images.ts";
import type { BaselineOptions } from "./gradients.ts";
import { runMasked, type Masks } from "./masked.ts";
import type { ProgressOptions } from "./progress.ts";
import { amount, askAbout, attributionOf, requireImages } from "./question.ts";

export interface RiseOptions extends BaselineOptions, ProgressOptions {
  /** Default 500. Each is a run forward, for all classes together. */
  readonly masks?: number;
  /** Masks [m, H, W] instead of random ones. */
  readonly givenMasks?: ArrayLike<number>;
  /** Cells of a random mask in each direction. Default 8. */
  readonly cells?: number;
  /** Probability that a cell is kept, and the divisor of the sum. Default 0.1. */
  readonly keep?: number;
  /** Of the masks: a whole number from 0 on. Default 0. */
  readonly seed?: number;
  /** What of the logits is weighed: each one's sigmoid (default), or their softmax. */
  readonly score?: "sigmoid" | "softmax";
}

/**
 * Σ over masks of v·p(masked image)·mask, divided by the number of masks and by `keep`, where p are probabilities: a pixel
 * counts by how sure the network is while the pixel can be seen. Needs the graph `predict` of a program with `encodedInput`.
 */
export async function rise(
  session: Session,
  images: ArrayLike<number>,
  options: RiseOptions = {},
): Promise<Attribution[]> {
  const { keep = 0.1, score = "sigmoid" } = options;
  if (!(keep > 0 && keep <= 1)) fail("run/input", { name: "keep", expected: "a share from 0 to 1", found: `${keep}` });
  const baseline = encodeBaseline(session, options.baseline ?? "zero");
  const { images: encoded, times, asked } = await askAbout(session, "predict", images, options);
  const [height, width] = requireImages(encoded);
  const { givenMasks } = options;
  const masks =
    givenMasks === undefined
      ? randomMasks(height, width, { masks: 500, cells: 8, seed: 0, ...options, keep })
      : fixedMasks(height, width, givenMasks);
  const maps = asked.map(() => new Float64Array(height * width));
  const mask = new Float64Array(height * width);
  await runMasked(session, encoded, masks, baseline, options, (image, at, logits) => {
    const probabilities = score === "sigmoid" ? sigmoids(logits) : softmax(logits);
    masks.write(at, mask);
    for (let one = image * times; one < (image + 1) * times; one++) {
      const share = amount(asked[one]!.combination, probabilities) / masks.count / keep;
      const map = maps[one]!;
      for (let pixel = 0; pixel < map.length; pixel++) map[pixel]! += share * mask[pixel]!;
    }
  });
  return asked.map((one, at) => {
    const map = zeros(height * width, session.precision);
    map.set(maps[at]!);
    return attributionOf(one, map);
  });
}

export interface RandomMaskOptions {
  readonly masks: number;
  readonly cells: number;
  readonly keep: number;
  readonly seed: number;
}

/**
 * Masks as RISE draws them: a grid of `cells` × `cells` of zeros and ones, enlarged bilinearly to (cells + 1) times the size
 * of a cell (⌈side / cells⌉ pixels), of which a window of the image's size is cut out at a random place of the first cell.
 * Each depends on the seed and its own number alone. Throws `run/input`.
 */
export function randomMasks(height: number, width: number, options: RandomMaskOptions): Masks {
  const { masks: count, cells, keep, seed } = options;
  for (const [name, value, least] of [
    ["masks", count, 1],
    ["cells", cells, 1],
    ["seed", seed, 0],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    fail("run/input", { name, expected: `a whole number from ${least} on`, found: String(value) });
  }
  return {
    count,
    write(index, out) {
      const random = createRandom(seed, `rise/${index}`);
      const grid = Float64Array.from({ length: cells * cells }, () => (random.uniform() < keep ? 1 : 0));
      const rows = axisOf(height, cells, random.integer(Math.ceil(height / cells)));
      const columns = axisOf(width, cells, random.integer(Math.ceil(width / cells)));
      for (let y = 0, at = 0; y < height; y++) {
        const row = rows[y]!;
        for (let x = 0; x < width; x++, at++) {
          const column = columns[x]!;
          const along = (r: number): number =>
            mix(grid[r * cells + column.low]!, grid[r * cells + column.high]!, column.share);
          out[at] = mix(along(row.low), along(row.high), row.share);
        }
      }
    },
  };
}

const mix = (low: number, high: number, share: number): number => low + share * (high - low);

/** Between which two cells each pixel of an axis lies, and how near it is to the second one. */
function axisOf(length: number, cells: number, shift: number) {
  const enlarged = (cells + 1) * Math.ceil(length / cells);
  return Array.from({ length }, (_, pixel) => {
    const at = Math.min(cells - 1, Math.max(0, ((pixel + shift + 0.5) * cells) / enlarged - 0.5));
    const low = Math.floor(at);
    return { low, high: Math.min(cells - 1, low + 1), share: at - low };
  });
}

function fixedMasks(height: number, width: number, values: ArrayLike<number>): Masks {
  const size = height * width;
  const count = values.length / size;
  if (!Number.isInteger(count) || count === 0) {
    fail("run/input", { name: "masks", expected: `masks of ${size} numbers each`, found: `${values.length} numbers` });
  }
  return {
    count,
    write(index, out) {
      for (let i = 0; i < size; i++) out[i] = values[index * size + i]!;
    },
  };
}
