/**
 * The colour explanation of a B-cos network: the weights W(x) of the encoded input drawn as a picture. For an input
 * encoded as [x, 1 − x] a weight row is itself such a pair, so its direction is a colour (Böhle et al. 2022).
 */
import { fail } from "../../diagnostics/catalogue.ts";
import { boxMean } from "./box-mean.ts";
import { percentile } from "./percentile.ts";

export interface ColourOptions {
  /** Side of the square that opacity is averaged over, odd. Default 15, made for images of 224 × 224. */
  readonly smooth?: number;
  /** Opacity is full from this percentile on. Default 99.5. */
  readonly percentile?: number;
}

/** What the picture is made of. */
export interface WeightImage {
  readonly height: number;
  readonly width: number;
  /** Colour channels C before the encoding: 1 (grey) or 3. */
  readonly channels: number;
  /** [H, W, 2C]: first the weights of the C channels, then those of their complements. */
  readonly weights: ArrayLike<number>;
  /** [H, W]: weights times encoded input, summed over channels. */
  readonly contributions: ArrayLike<number>;
}

export interface ColourExplanation {
  /** RGBA [H, W, 4] from 0 to 1, to be drawn over white. */
  readonly rgba: Float32Array;
  /** The norm of weights, smoothed, from which opacity is full; 0 where there are no weights. */
  readonly full: number;
}

/** Opacity is full from this percentile on, where nothing else is asked for. */
export const COLOUR_PERCENTILE = 99.5;

const EPSILON = 1e-12;

/**
 * Per pixel: weights are divided by the largest |weight| and negative ones dropped; a channel's value is its share of the
 * pair (channel, complement). Opacity is the weights' L2 norm, next to nothing where the contribution is negative, averaged
 * over `smooth` × `smooth` pixels (zeros outside), and divided by its percentile. Grey input gives equal red, green and blue.
 */
export function colourExplanation(image: WeightImage, options: ColourOptions = {}): ColourExplanation {
  const { height, width, channels, weights, contributions } = image;
  const smooth = options.smooth ?? 15;
  checkSmooth(smooth);
  if (channels !== 1 && channels !== 3) {
    fail("run/input", { name: "image channels", expected: "1 or 3", found: String(channels) });
  }
  const pixels = height * width;
  const rgba = new Float32Array(pixels * 4);
  const opacity = new Float64Array(pixels);
  for (let p = 0; p < pixels; p++) {
    const at = p * 2 * channels;
    let largest = 0;
    let squares = 0;
    for (let c = 0; c < 2 * channels; c++) {
      const w = weights[at + c]!;
      largest = Math.max(largest, Math.abs(w));
      squares += w * w;
    }
    const scale = largest + EPSILON;
    for (let k = 0; k < 3; k++) {
      const c = channels === 1 ? 0 : k;
      const value = Math.max(0, weights[at + c]! / scale);
      const complement = Math.max(0, weights[at + channels + c]! / scale);
      rgba[p * 4 + k] = value / (value + complement + EPSILON);
    }
    opacity[p] = contributions[p]! < 0 ? EPSILON : Math.sqrt(squares);
  }
  const smoothed = boxMean(opacity, height, width, smooth);
  const full = percentile(smoothed, options.percentile ?? COLOUR_PERCENTILE);
  for (let p = 0; p < pixels; p++) {
    // An explanation without any weight is transparent.
    rgba[p * 4 + 3] = full > 0 ? Math.min(1, Math.max(0, smoothed[p]! / full)) : 0;
  }
  return { rgba, full };
}

/** A smoothing for images of this shorter side: 15 at 224 pixels, in proportion below, at least 3. */
export function smoothingFor(side: number): number {
  return Math.min(15, Math.max(3, 2 * Math.round(((15 / 224) * side - 1) / 2) + 1));
}

function checkSmooth(smooth: number): void {
  if (!Number.isSafeInteger(smooth) || smooth < 1 || smooth % 2 === 0) {
    fail("run/input", { name: "smooth", expected: "an odd whole number", found: String(smooth) });
  }
}
