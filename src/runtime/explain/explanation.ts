/**
 * Explanations of B-cos networks. The network computes y = W(x)·x for the encoded input x, so any combination v·y of its
 * values is a sum over the input: v·y = Σ x ⊙ W(x)ᵀv, plus the constants that the program names (Böhle et al. 2022).
 * Here is what explanations of logits and of neurons have in common: how the graph is run, and how it is read and checked.
 */
import { sizeOf } from "../../shape.ts";
import type { Program } from "../../compiler/graph/program.ts";
import { signatureOf } from "../../graph-signature.ts";
import { diagnose } from "../../diagnostics/catalogue.ts";
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { argmax } from "../argmax.ts";
import type { Tensor } from "../device.ts";
import { requireFiniteLogits } from "../finite.ts";
import type { Session } from "../session.ts";
import { isImageShape } from "../data/pixels.ts";
import type { Combination } from "./classes.ts";
import { COLOUR_PERCENTILE, colourExplanation, smoothingFor } from "./colour.ts";

export interface CheckOptions {
  /**
   * Largest residual, relative to the magnitude max(Σ|vₖ·yₖ|, |constant|, Σ|contributions|). Default 1e-4: float32 stays
   * some ten times below it, a wrong explanation is far above it. On `webgpu` with `storage: "f16"` 2e-3, four times what one
   * rounding to f16 may change. Infinity switches the check off.
   */
  readonly bound?: number;
  /** What the images are called, for messages. */
  readonly names?: readonly string[];
  /** Smoothing of the colour explanation's opacity, odd. Default: in proportion to the image, 15 at 224 pixels. */
  readonly smooth?: number;
}

export interface Explanation {
  /** Which of the images it explains. */
  readonly image: number;
  /** Class with the largest logit. */
  readonly predicted: number;
  /** The explained class; absent where a cotangent was given, or a neuron is explained. */
  readonly target?: number;
  readonly versus?: number;
  readonly neuron?: Neuron;
  /** [classes]. */
  readonly logits: Tensor;
  /** The explained amount v·y: the target's logit, a difference, what the cotangent asks for, or a neuron's activation. */
  readonly explained: number;
  /** [H, W] (or [D] for vectors): weights times encoded input, summed over channels. */
  readonly contributions: Tensor;
  /** W(x)ᵀv, of the encoded input's shape. */
  readonly weights: Tensor;
  /**
   * RGBA [H, W, 4] from 0 to 1, to be drawn over white; where the encoded input is pairs of grey or RGB channels. Of a
   * neuron with a negative activation it shows what makes it so: the weights are taken times −1.
   */
  readonly colour?: Float32Array;
  /** How `colour` was made. */
  readonly colourScale?: ColourScale;
  /** What no contribution accounts for: biases and the like. Sum of `constants`. */
  readonly constant: number;
  /** The constant's parts by name. */
  readonly constants: Readonly<Record<string, number>>;
  /** |explained − constant − Σ contributions|, summed in double precision. */
  readonly residual: number;
  /** The residual divided by the magnitude that `bound` is relative to. */
  readonly relativeResidual: number;
}

/** One value of a layer. */
export interface Neuron {
  /** The path of the layer, binding or block. */
  readonly layer: string;
  /** The channel. */
  readonly unit: number;
  /** [y, x] in the layer's map, [token], or [] for a vector. */
  readonly place: readonly number[];
}

export interface ColourScale {
  /** Opacity is averaged over `smooth` × `smooth` pixels, and full from this percentile of it on. */
  readonly smooth: number;
  readonly percentile: number;
  /** That percentile's amount: a norm of weights. */
  readonly full: number;
}

/** What is explained of one image. */
export interface Subject {
  readonly named: Pick<Explanation, "target" | "versus" | "neuron">;
  /** v, over the explained values. */
  readonly combination: Combination;
}

export interface Question {
  /** The output whose values are combined. */
  readonly of: "logits" | "activation";
  /** Explanations of each image. */
  readonly times: number;
  /** `values` are those of the image. */
  readonly choose: (image: number, time: number, values: Tensor) => Subject;
}

interface Asked extends Subject {
  /** Σ|vₖ·yₖ|. */
  readonly parts: number;
}

const DEFAULT_BOUNDS = { f32: 1e-4, f16: 2e-3 } as const;

function defaultBound({ device, program }: Session): number {
  return DEFAULT_BOUNDS[device === "webgpu" ? (program.webgpu?.storage ?? "f32") : "f32"];
}

/** Runs the graph `explain` on `count` images; the explanations of one image follow each other. */
export async function explainWith(
  session: Session,
  images: ArrayLike<number>,
  count: number,
  { of, times, choose }: Question,
  options: CheckOptions,
): Promise<Explanation[]> {
  const { program } = session;
  const { classes } = program;
  const width = of === "logits" ? classes : sizeOf(program.explainedLayer!.shape);
  const asked = Array.from({ length: times }, (): Asked[] => []);
  const feeds = { [program.input.name]: images };
  const outputs = await session.runRepeated("explain", count, feeds, {
    times,
    first: [...new Set(["logits", of])],
    // An activation is large, and no part of explanations.
    only: Object.keys(signatureOf(program, "explain")!.outputs).filter((name) => name !== "activation"),
    next(time, first, start, part) {
      if (time === 0) requireFiniteLogits(first["logits"]!, classes, start);
      const cotangent = new Float64Array(part * width);
      for (let i = 0; i < part; i++) {
        const values = first[of]!.subarray(i * width, (i + 1) * width);
        const subject = choose(start + i, time, values);
        let parts = 0;
        for (const [index, coefficient] of subject.combination) {
          cotangent[i * width + index] = coefficient;
          parts += Math.abs(coefficient * values[index]!);
        }
        asked[time]!.push({ ...subject, parts });
      }
      return { cotangent };
    },
  });
  const explanations = Array.from({ length: count * times }, (_, at) => {
    const [image, time] = [Math.floor(at / times), at % times];
    return readExplanation(program, outputs[time]!, asked[time]![image]!, image, options);
  });
  checkResiduals(explanations, options.bound ?? defaultBound(session), options.names);
  return explanations;
}

function readExplanation(
  program: Program,
  outputs: Readonly<Record<string, Tensor>>,
  { named, parts }: Asked,
  image: number,
  options: CheckOptions,
): Explanation {
  const part = (name: string, size: number): Tensor => outputs[name]!.slice(image * size, (image + 1) * size);
  const encoded = program.input.encodedShape;
  const weightSize = sizeOf(encoded);
  const places = encoded.length === 3 ? encoded[0]! * encoded[1]! : weightSize;
  const logits = part("logits", program.classes);
  const contributions = part("contributions", places);
  const weights = part("weights", weightSize);
  const explained = outputs["explained"]![image]!;
  const constant = outputs["constant"]![image]!;
  const residual = Math.abs(explained - constant - sum(contributions, (c) => c));
  const magnitude = Math.max(parts, Math.abs(constant), sum(contributions, Math.abs));
  const sign = named.neuron !== undefined && explained < 0 ? -1 : 1;
  return {
    image,
    predicted: argmax(logits),
    ...named,
    logits,
    explained,
    contributions,
    weights,
    ...colourOf(program, times(sign, weights), times(sign, contributions), options.smooth),
    constant,
    constants: constantsOf(outputs, image),
    residual,
    relativeResidual: residual === 0 ? 0 : residual / magnitude,
  };
}

const CONSTANT_PREFIX = "constant/";

function constantsOf(outputs: Readonly<Record<string, Tensor>>, image: number): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name]) => name.startsWith(CONSTANT_PREFIX))
      .map(([name, values]) => [name.slice(CONSTANT_PREFIX.length), values[image]!]),
  );
}

/** Only weights of the pairs [x, 1 − x] of a grey or RGB image have a colour. */
function colourOf(
  program: Program,
  weights: Tensor,
  contributions: Tensor,
  smooth: number | undefined,
): Pick<Explanation, "colour" | "colourScale"> {
  const { shape, encodedShape } = program.input;
  if (!isImageShape(shape) || encodedShape[2] !== 2 * shape[2]) return {};
  const [height, width, channels] = shape;
  const scale = { smooth: smooth ?? smoothingFor(Math.min(height, width)), percentile: COLOUR_PERCENTILE };
  const { rgba, full } = colourExplanation({ height, width, channels, weights, contributions }, scale);
  return { colour: rgba, colourScale: { ...scale, full } };
}

function times(sign: 1 | -1, values: Tensor): Tensor {
  return sign === 1 ? values : values.map((value) => -value);
}

function checkResiduals(explanations: readonly Explanation[], bound: number, names: readonly string[] = []): void {
  const findings = explanations.flatMap((explanation) =>
    // Written so that NaN fails.
    explanation.relativeResidual <= bound || bound === Infinity
      ? []
      : [
          diagnose("run/residual", {
            image: names[explanation.image] ?? explanation.image,
            residual: explanation.residual.toExponential(2),
            bound: `${bound} × ${(explanation.residual / explanation.relativeResidual).toPrecision(3)}`,
          }),
        ],
  );
  if (findings.length > 0) throw new BcosError(findings);
}

function sum(values: Tensor, of: (value: number, index: number) => number): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += of(values[i]!, i);
  return total;
}
