/** Attributions by the true gradient of the logits to the encoded input. */
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../device.ts";
import type { ClassOptions, Combination } from "../explain/classes.ts";
import type { Session } from "../session.ts";
import { overChannels, type Attribution } from "./attribution.ts";
import { encodeBaseline, type Baseline } from "./encoded-images.ts";
import { askAbout, attributionOf, imageAt } from "./question.ts";

/**
 * The gradient itself, signed (Simonyan et al. 2014 take its magnitude). One run forward and, for each class, one backward.
 * Needs the graph `gradient` of a program with `encodedInput`. Throws `run/input`, `run/no-graph` and `run/not-finite`, as
 * all methods do.
 */
export async function inputGradients(
  session: Session,
  images: ArrayLike<number>,
  options: ClassOptions = {},
): Promise<Attribution[]> {
  return byGradient(session, images, options, (gradient) => gradient);
}

export interface BaselineOptions extends ClassOptions {
  /** What the input is compared with. Default `zero`: every channel of the encoding. */
  readonly baseline?: Baseline;
}

/** The gradient times the input, or times its difference to a baseline. It costs what the gradient costs. */
export async function inputTimesGradient(
  session: Session,
  images: ArrayLike<number>,
  options: BaselineOptions = {},
): Promise<Attribution[]> {
  const baseline = encodeBaseline(session, options.baseline ?? "zero");
  return byGradient(session, images, options, (gradient, input) =>
    gradient.map((value, i) => value * (input[i]! - baseline[i]!)),
  );
}

async function byGradient(
  session: Session,
  images: ArrayLike<number>,
  options: ClassOptions,
  channelsOf: (gradient: Tensor, input: Tensor) => Tensor,
): Promise<Attribution[]> {
  const { images: encoded, times, asked } = await askAbout(session, "gradient", images, options);
  const size = sizeOf(encoded.shape);
  const gradients = await gradientsOf(session, encoded.count, encoded.values, times, (image, time) => {
    return asked[image * times + time]!.combination;
  });
  return asked.map((one, at) => {
    const gradient = gradients[at % times]!["gradient"]!.slice(one.image * size, (one.image + 1) * size);
    const channels = channelsOf(gradient, imageAt(encoded, one.image));
    return attributionOf(one, overChannels(channels, encoded.shape), channels);
  });
}

/** The graph `gradient`, once forward and `times` backward for each sample; the outputs of each time. */
export function gradientsOf(
  session: Session,
  count: number,
  inputs: Tensor,
  times: number,
  combinationAt: (sample: number, time: number) => Combination,
): Promise<Record<string, Tensor>[]> {
  const { input, classes, graphs } = session.program;
  return session.runRepeated(
    "gradient",
    count,
    { [input.name]: inputs },
    {
      times,
      first: ["logits"],
      only: Object.keys(graphs.gradient!.outputs).filter((name) => name !== "logits"),
      next: (time, _, start, part) => {
        const cotangent = new Float64Array(part * classes);
        for (let i = 0; i < part; i++) {
          for (const [index, coefficient] of combinationAt(start + i, time))
            cotangent[i * classes + index] = coefficient;
        }
        return { cotangent };
      },
    },
  );
}
