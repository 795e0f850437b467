/** Every method of attribution by name, on one footing: what it needs of a program, what it costs, how it is run. */
import type { ProgramOptions } from "../../compiler/compile.ts";
import type { ClassOptions } from "../explain/classes.ts";
import { explain } from "../explain/explainer.ts";
import type { CheckOptions } from "../explain/explanation.ts";
import type { Session } from "../session.ts";
import type { Attribution } from "./attribution.ts";
import { encodeImages } from "./encoded-images.ts";
import { deepLift, guidedBackpropagation } from "./equivalents.ts";
import { gradCam } from "./grad-cam.ts";
import { inputGradients, inputTimesGradient } from "./gradients.ts";
import { integratedGradients, type IntegratedGradientsOptions } from "./integrated-gradients.ts";
import { occlusion, type OcclusionOptions } from "./occlusion.ts";
import { rise, type RiseOptions } from "./rise.ts";

/** Options of all methods; each reads its own. */
export interface AttributeOptions
  extends ClassOptions, CheckOptions, IntegratedGradientsOptions, OcclusionOptions, RiseOptions {}

interface MethodDefinition {
  /** How a program has to be built for it. */
  readonly program: Pick<ProgramOptions, "graphs" | "encodedInput" | "gradientLayer">;
  readonly run: (session: Session, images: ArrayLike<number>, options: AttributeOptions) => Promise<Attribution[]>;
}

const byGradient = { graphs: ["gradient"], encodedInput: true } as const;
const byPrediction = { graphs: ["predict"], encodedInput: true } as const;

const methods = {
  /** The B-cos network's own explanation: the contributions, checked to add up. */
  bcos: { program: { graphs: ["explain"], encodedInput: true }, run: ownExplanations },
  gradient: { program: byGradient, run: inputGradients },
  ixg: { program: byGradient, run: inputTimesGradient },
  intgrad: { program: byGradient, run: integratedGradients },
  deeplift: { program: byGradient, run: deepLift },
  guided: { program: byGradient, run: guidedBackpropagation },
  gradcam: { program: { ...byGradient, gradientLayer: true }, run: gradCam },
  occlusion: { program: byPrediction, run: occlusion },
  rise: { program: byPrediction, run: rise },
} as const satisfies Record<string, MethodDefinition>;

export type Method = keyof typeof methods;

export const methodNames = Object.keys(methods) as readonly Method[];

/** Options of `buildProgram` for a method, beside form and batch. */
export function programFor(method: Method): MethodDefinition["program"] {
  return methods[method].program;
}

/**
 * Runs a method on images [n, …image shape] with numbers from 0 to 1: one attribution for each image, with `target: { top }`
 * several. The session's program has to be built with `programFor(method)`. Throws what the method throws: `run/input`,
 * `run/no-graph`, `run/not-finite`, and `bcos` alone `run/residual`.
 */
export function attribute(
  session: Session,
  images: ArrayLike<number>,
  method: Method,
  options: AttributeOptions = {},
): Promise<Attribution[]> {
  return methods[method].run(session, images, options);
}

async function ownExplanations(
  session: Session,
  images: ArrayLike<number>,
  options: AttributeOptions,
): Promise<Attribution[]> {
  const { values } = encodeImages(session, images);
  const explanations = await explain(session, values, options);
  return explanations.map(({ image, predicted, target, versus, logits, explained, contributions, weights }) => {
    const size = weights.length;
    const encoded = values.subarray(image * size, (image + 1) * size);
    return {
      image,
      predicted,
      ...(target === undefined ? {} : { target }),
      ...(versus === undefined ? {} : { versus }),
      logits,
      explained,
      map: contributions,
      channels: weights.map((w, i) => w * encoded[i]!),
    };
  });
}
