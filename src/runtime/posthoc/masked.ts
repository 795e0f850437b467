/** The network's logits of images that are covered in parts. */
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../device.ts";
import type { Session } from "../session.ts";
import { batchesOfMade } from "./batches-of-made.ts";
import { imageAt } from "./question.ts";
import type { EncodedImages } from "./encoded-images.ts";
import type { ProgressOptions } from "./progress.ts";

/** Masks [H, W] over images, by number: 1 keeps a pixel, 0 takes it away, what is between keeps a share. */
export interface Masks {
  readonly count: number;
  /** Writes the mask over what `out` holds. */
  readonly write: (mask: number, out: Float64Array) => void;
}

/** Logits [classes] of an image under a mask. */
export type SeeMasked = (image: number, mask: number, logits: Tensor) => void;

/** Runs every image under every mask, image by image: b + m·(x − b) for a mask m and the baseline b. */
export async function runMasked(
  session: Session,
  images: EncodedImages,
  masks: Masks,
  baseline: Tensor,
  { onProgress }: ProgressOptions,
  see: SeeMasked,
): Promise<void> {
  const { classes, input } = session.program;
  const channels = images.shape.at(-1)!;
  const size = sizeOf(images.shape);
  const mask = new Float64Array(size / channels);
  const total = images.count * masks.count;
  const batches = batchesOfMade(session, total, (index, out) => {
    const x = imageAt(images, Math.floor(index / masks.count));
    masks.write(index % masks.count, mask);
    for (let pixel = 0, i = 0; pixel < mask.length; pixel++) {
      const kept = mask[pixel]!;
      for (const end = i + channels; i < end; i++) out[i] = baseline[i]! + kept * (x[i]! - baseline[i]!);
    }
  });
  for (const { start, count, inputs } of batches) {
    const { logits } = await session.runSamples("predict", count, { [input.name]: inputs }, ["logits"]);
    for (let sample = 0; sample < count; sample++) {
      const own = logits!.subarray(sample * classes, (sample + 1) * classes);
      see(Math.floor((start + sample) / masks.count), (start + sample) % masks.count, own);
    }
    onProgress?.(start + count, total);
  }
}
