/** Compares a loaded graph model with our own device: the same images, and how far their numbers are apart. */
import type { Program } from "../../compiler/graph/program.ts";
import type { GraphModel } from "../../compiler/targets/tfjs/graph-model/graph-model.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { argmax } from "../../runtime/argmax.ts";
import { createRandom } from "../../runtime/random.ts";
import type { Session } from "../../runtime/session.ts";
import { sizeOf, type Shape } from "../../shape.ts";
import type { LoadedModel } from "./loaded-model.ts";

export interface Comparison {
  /** Where the graph model ran, and what with it was compared. */
  readonly backend: string;
  readonly device: string;
  readonly images: number;
  /** The bound of relative differences. */
  readonly tolerance: number;
  /** Images that both find the same class in. */
  readonly samePredictions: number;
  /** By output. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** Of explanations: the largest |logit − constant − Σ contributions|, relative to the magnitude of what it is made of. */
  readonly relativeResidual?: number;
}

export interface Difference {
  readonly largest: number;
  /** The largest amount that our device gives. Where that is 0, nothing was compared but zeros. */
  readonly amount: number;
  /** `largest` over `amount`. */
  readonly relative: number;
}

/**
 * How far numbers may be apart, relative to the largest amount: what rounding in another order changes, and what halves change
 * besides. A wrong model is far above it.
 */
export const tolerances = { float32: 1e-3, float16: 5e-2 } as const;

/** The bound that residuals have on our devices, too. */
const residualBound = 1e-4;

/** Samples of each run. A model for any number of samples is run with different ones. */
export function runSizes({ batch }: Pick<GraphModel, "batch">): readonly number[] {
  return batch === undefined ? [1, 2] : [batch];
}

/**
 * Runs both. `session` has the graph `explain`, or only `predict` for models without explanations. Throws
 * `run/export-differs` for differences beyond the tolerance.
 */
export async function compareModel(
  model: Pick<GraphModel, "batch" | "signature">,
  loaded: LoadedModel,
  session: Session,
  tolerance: number,
): Promise<Comparison> {
  const { program } = session;
  const outputs = Object.keys(model.signature.outputs);
  const isExplaining = outputs.includes("contributions");
  const sizes = runSizes(model);
  const images = sizes.reduce((sum, size) => sum + size, 0);
  const { name, shape } = program.input;
  const fed = testImages(shape, images);
  const found = await runInParts(loaded, { name, shape, data: fed }, sizes, outputs);
  const feeds = { [name]: fed, ...(isExplaining ? { cotangent: found["target"]! } : {}) };
  const compared = outputs.filter((output) => output !== "target");
  const expected = await session.runSamples(isExplaining ? "explain" : "predict", images, feeds, compared);
  const differences = Object.fromEntries(
    compared.map((output) => [output, differenceOf(found[output]!, expected[output]!)]),
  );
  const same = Array.from({ length: images }, (_, image) => {
    const at = image * program.classes;
    return argmax(found["logits"]!, at, program.classes) === argmax(expected["logits"]!, at, program.classes);
  });
  if (isExplaining) requirePredicted(found, program.classes);
  const comparison = {
    backend: loaded.backend,
    device: session.device,
    images,
    tolerance,
    samePredictions: same.filter(Boolean).length,
    differences,
    ...(isExplaining ? { relativeResidual: largestResidual(program, found, images) } : {}),
  };
  check(comparison);
  return comparison;
}

function check({ differences, tolerance, relativeResidual = 0 }: Comparison): void {
  // Written so that NaN fails.
  for (const [output, { relative }] of Object.entries(differences)) {
    if (!(relative <= tolerance)) {
      fail("run/export-differs", {
        what: `\`${output}\``,
        difference: relative.toExponential(1),
        bound: String(tolerance),
      });
    }
  }
  if (!(relativeResidual <= residualBound)) {
    const difference = relativeResidual.toExponential(1);
    fail("run/export-differs", { what: "the sum of contributions", difference, bound: String(residualBound) });
  }
}

/** Explained has to be what is predicted, and fully: both sides would explain something else alike. */
function requirePredicted({ logits, target }: Readonly<Record<string, Float32Array>>, classes: number): void {
  for (let at = 0; at < logits!.length; at += classes) {
    const predicted = argmax(logits!, at, classes);
    const isRow = Array.from({ length: classes }, (_, k) => target![at + k] === (k === predicted ? 1 : 0));
    if (isRow.includes(false)) {
      fail("run/export-differs", { what: "the explained class", difference: "1", bound: "0" });
    }
  }
}

async function runInParts(
  loaded: LoadedModel,
  { name, shape, data }: { readonly name: string; readonly shape: Shape; readonly data: Float32Array },
  sizes: readonly number[],
  outputs: readonly string[],
): Promise<Readonly<Record<string, Float32Array>>> {
  const parts: Record<string, number[]> = {};
  let start = 0;
  for (const size of sizes) {
    const part = data.subarray(start * sizeOf(shape), (start + size) * sizeOf(shape));
    const results = await loaded.run({ [name]: { shape: [size, ...shape], data: part } }, outputs);
    for (const [i, output] of outputs.entries()) for (const value of results[i]!) (parts[output] ??= []).push(value);
    start += size;
  }
  return Object.fromEntries(Object.entries(parts).map(([output, values]) => [output, Float32Array.from(values)]));
}

/** Images from 0 to 1, each with waves of another length under some noise: neither flat nor without structure. */
export function testImages(shape: Shape, count: number): Float32Array {
  const random = createRandom(0, "exported models");
  const size = sizeOf(shape);
  const [height = 1, width = 1] = shape;
  const channels = Math.max(1, size / (height * width));
  return Float32Array.from({ length: count * size }, (_, i) => {
    const [image, at] = [Math.floor(i / size), i % size];
    const [pixel, channel] = [Math.floor(at / channels), at % channels];
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    const wave = Math.sin(2 * Math.PI * ((image + 1) * x + (2 - image) * y + channel / 3 + 0.1 * image));
    return 0.5 + 0.4 * wave + 0.1 * (2 * random.uniform() - 1);
  });
}

function differenceOf(found: Float32Array, expected: ArrayLike<number>): Difference {
  let [largest, amount] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    // NaN stays.
    if (!(difference <= largest)) largest = difference;
    amount = Math.max(amount, Math.abs(expected[i]!));
  }
  return { largest, amount, relative: largest === 0 ? 0 : largest / amount };
}

function largestResidual(
  { classes }: Program,
  { logits, target, contributions, constant }: Readonly<Record<string, Float32Array>>,
  images: number,
): number {
  const width = contributions!.length / images;
  const residuals = Array.from({ length: images }, (_, image) => {
    let [explained, parts, sum, amounts] = [0, 0, 0, 0];
    for (let k = image * classes; k < (image + 1) * classes; k++) {
      explained += logits![k]! * target![k]!;
      parts += Math.abs(logits![k]! * target![k]!);
    }
    for (const contribution of contributions!.subarray(image * width, (image + 1) * width)) {
      sum += contribution;
      amounts += Math.abs(contribution);
    }
    const residual = Math.abs(explained - constant![image]! - sum);
    return residual === 0 ? 0 : residual / Math.max(parts, Math.abs(constant![image]!), amounts);
  });
  return Math.max(...residuals);
}
