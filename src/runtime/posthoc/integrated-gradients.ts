/** Integrated gradients (Sundararajan et al. 2017). */
import { fail } from "../../diagnostics/catalogue.ts";
import { sizeOf } from "../../shape.ts";
import type { Session } from "../session.ts";
import { overChannels, type Attribution } from "./attribution.ts";
import { batchesOfMade } from "./batches-of-made.ts";
import { encodeBaseline } from "./encoded-images.ts";
import { gaussLegendre, type Quadrature } from "./gauss-legendre.ts";
import { gradientsOf, type BaselineOptions } from "./gradients.ts";
import type { ProgressOptions } from "./progress.ts";
import { askAbout, attributionOf, imageAt } from "./question.ts";

export interface IntegratedGradientsOptions extends BaselineOptions, ProgressOptions {
  /**
   * Points of the Gauss–Legendre rule, each a run forward and, for each class, one backward. Default 50. Or another rule of
   * quadrature on [0, 1].
   */
  readonly steps?: number | Quadrature;
}

/**
 * (x − b) times the mean gradient on the straight way from the baseline b to x, both encoded. Its sum over the input is
 * v·f(x) − v·f(b) up to the error of the quadrature (the method's completeness). Needs the graph `gradient` of a program
 * with `encodedInput`.
 */
export async function integratedGradients(
  session: Session,
  images: ArrayLike<number>,
  options: IntegratedGradientsOptions = {},
): Promise<Attribution[]> {
  const { nodes, weights } = ruleOf(options.steps ?? 50);
  const steps = nodes.length;
  const baseline = encodeBaseline(session, options.baseline ?? "zero");
  const { images: encoded, times, asked } = await askAbout(session, "gradient", images, options);
  const size = sizeOf(encoded.shape);
  const sums = asked.map(() => new Float64Array(size));
  const total = encoded.count * steps;
  const batches = batchesOfMade(session, total, (index, out) => {
    const [x, along] = [imageAt(encoded, Math.floor(index / steps)), nodes[index % steps]!];
    for (let i = 0; i < size; i++) out[i] = baseline[i]! + along * (x[i]! - baseline[i]!);
  });
  for (const { start, count, inputs } of batches) {
    const imageOf = (sample: number): number => Math.floor((start + sample) / steps);
    const gradients = await gradientsOf(session, count, inputs, times, (sample, time) => {
      return asked[imageOf(sample) * times + time]!.combination;
    });
    gradients.forEach((outputs, time) => {
      for (let sample = 0; sample < count; sample++) {
        const sum = sums[imageOf(sample) * times + time]!;
        const weight = weights[(start + sample) % steps]!;
        const gradient = outputs["gradient"]!.subarray(sample * size, (sample + 1) * size);
        for (let i = 0; i < size; i++) sum[i]! += weight * gradient[i]!;
      }
    });
    options.onProgress?.(start + count, total);
  }
  return asked.map((one, at) => {
    const x = imageAt(encoded, one.image);
    // In the session's own precision, as the input is.
    const channels = x.map((value, i) => (value - baseline[i]!) * sums[at]![i]!);
    return attributionOf(one, overChannels(channels, encoded.shape), channels);
  });
}

function ruleOf(steps: number | Quadrature): Quadrature {
  if (typeof steps !== "number") return steps;
  if (Number.isSafeInteger(steps) && steps >= 1) return gaussLegendre(steps);
  return fail("run/input", { name: "steps", expected: "a whole number from 1 on", found: String(steps) });
}
