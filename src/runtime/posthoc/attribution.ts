/**
 * What methods of attribution give that look at a network from outside, after the fact ("post hoc"): a number for each
 * pixel. None of them adds up to the logit by construction; only the explanation of a B-cos network itself does.
 */
import type { Tensor } from "../device.ts";
import type { Choice } from "../explain/classes.ts";

export interface Attribution extends Choice {
  /** Which of the images it is about. */
  readonly image: number;
  /** Class with the largest logit. */
  readonly predicted: number;
  /** [classes]. */
  readonly logits: Tensor;
  /** The amount that is asked about: the target's logit, a difference, or what the cotangent asks for. */
  readonly explained: number;
  /** [H, W] (or the input's shape where it is no image): what the method attributes to each pixel. */
  readonly map: Tensor;
  /** Of the encoded input's shape, for methods that tell channels apart; `map` is its sum over them. */
  readonly channels?: Tensor;
}

/** Sums over the last axis of images [H, W, C]; others as they are. */
export function overChannels(values: Tensor, shape: readonly number[]): Tensor {
  if (shape.length !== 3) return values;
  const channels = shape[2]!;
  return values.filter((_, i) => i % channels === 0).map((_, pixel) => sumOf(values, pixel * channels, channels));
}

function sumOf(values: Tensor, start: number, length: number): number {
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += values[i]!;
  return sum;
}
