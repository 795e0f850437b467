/** Occlusion: what is lost when a square of the image is taken away (Zeiler and Fergus 2014). */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Session } from "../session.ts";
import type { Attribution } from "./attribution.ts";
import { encodeBaseline, zeros } from "./encoded-images.ts";
import type { BaselineOptions } from "./gradients.ts";
import { runMasked, type Masks } from "./masked.ts";
import type { ProgressOptions } from "./progress.ts";
import { amount, askAbout, attributionOf, requireImages } from "./question.ts";

export interface OcclusionOptions extends BaselineOptions, ProgressOptions {
  /** Side of the squares in pixels; odd ones are taken as one pixel smaller. Default: a seventh of the shorter side. */
  readonly kernel?: number;
  /** Distance of two squares. Default: as `kernel`. */
  readonly stride?: number;
}

/**
 * For each pixel the sum, over all squares that cover it, of v·(f(x) − f(x without the square)) divided by the pixels of the
 * square. A square is taken away by putting the baseline there. One run forward for each square, for all classes together.
 * Needs the graph `predict` of a program with `encodedInput`.
 */
export async function occlusion(
  session: Session,
  images: ArrayLike<number>,
  options: OcclusionOptions = {},
): Promise<Attribution[]> {
  const baseline = encodeBaseline(session, options.baseline ?? "zero");
  const { images: encoded, times, asked } = await askAbout(session, "predict", images, options);
  const [height, width] = requireImages(encoded);
  const kernel = options.kernel ?? usualKernel(height, width);
  const squares = squaresOf(height, width, kernel, options.stride ?? kernel);
  const masks: Masks = {
    count: squares.length,
    write(at, out) {
      out.fill(1);
      fillSquare(out, width, squares[at]!, () => 0);
    },
  };
  const maps = asked.map(() => new Float64Array(height * width));
  await runMasked(session, encoded, masks, baseline, options, (image, mask, logits) => {
    const square = squares[mask]!;
    const area = (square.bottom - square.top) * (square.right - square.left);
    for (let at = image * times; at < (image + 1) * times; at++) {
      const { explained, combination } = asked[at]!;
      const lost = (explained - amount(combination, logits)) / area;
      fillSquare(maps[at]!, width, square, (before) => before + lost);
    }
  });
  return asked.map((one, at) => {
    const map = zeros(height * width, session.precision);
    map.set(maps[at]!);
    return attributionOf(one, map);
  });
}

/** 32 pixels at 224. */
function usualKernel(height: number, width: number): number {
  return Math.max(2, Math.round(Math.min(height, width) / 7));
}

/** Ends are exclusive. */
export interface Square {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * The squares of the published evaluations of B-cos networks: ⌊height/stride⌋ rows of ⌊width/stride⌋. With an odd kernel
 * square i has its centre at i·stride and reaches (kernel − 1)/2 to both sides; with an even one it ends at i·stride +
 * kernel and begins at (i + 1)·stride − kernel, so that squares which overlap are longer inside. What is outside the image
 * is cut off. Throws `run/input` for a kernel below 2 or beyond the image, and for a stride that would leave pixels between squares.
 */
export function squaresOf(height: number, width: number, kernel: number, stride: number): readonly Square[] {
  const most = Math.min(height, width);
  requireWhole("kernel", kernel, 2, most);
  requireWhole("stride", stride, 1, kernel);
  const rows = Array.from({ length: Math.floor(height / stride) }, (_, i) => rangeOf(i, kernel, stride, height));
  const columns = Array.from({ length: Math.floor(width / stride) }, (_, i) => rangeOf(i, kernel, stride, width));
  return rows.flatMap(([top, bottom]) => columns.map(([left, right]) => ({ top, bottom, left, right })));
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  fail("run/input", { name, expected: `a whole number from ${least} to ${most}`, found: String(value) });
}

function rangeOf(i: number, kernel: number, stride: number, length: number): readonly [number, number] {
  const half = (kernel - 1) / 2;
  const [from, to] =
    kernel % 2 === 1 ? [i * stride - half, i * stride + half] : [(i + 1) * stride - kernel, i * stride + kernel];
  return [Math.max(0, from), Math.min(length, to)];
}

function fillSquare(
  map: Float64Array,
  width: number,
  { top, left, bottom, right }: Square,
  next: (before: number) => number,
): void {
  for (let y = top; y < bottom; y++) {
    for (let at = y * width + left; at < y * width + right; at++) map[at] = next(map[at]!);
  }
}
