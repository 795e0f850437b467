/**
 * Explanations of B-cos networks. The network computes y = W(x)·x for the encoded input x, so any combination v·y of its
 * logits is a sum over the input: v·y = Σ x ⊙ W(x)ᵀv, plus the constants that the program names (Böhle et al. 2022).
 */
import { sizeOf } from "../../shape.ts";
import type { Program } from "../../compiler/graph/program.ts";
import { diagnose, fail } from "../../diagnostics/catalogue.ts";
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { argmax } from "../argmax.ts";
import type { Tensor } from "../device.ts";
import { requireFiniteLogits } from "../finite.ts";
import { countSamples, requireGraph, type Session } from "../session.ts";
import { colourExplanation, smoothingFor } from "./colour.ts";

export interface ExplainOptions {
  /** The class to explain: the one with the largest logit (default), one for all images, or one for each. */
  readonly target?: "predicted" | number | ArrayLike<number>;
  /** Explain the difference: logit of the target minus logit of this class, one for all images or one for each. */
  readonly versus?: number | ArrayLike<number>;
  /** Explain the logit minus the mean of all logits. Changes nothing for a difference. */
  readonly relative?: boolean;
  /** Explain this combination of logits instead of a class: [classes] for all images, or [n, classes]. */
  readonly cotangent?: ArrayLike<number>;
  /**
   * Largest residual, relative to the magnitude max(Σ|vₖ·logitₖ|, |constant|, Σ|contributions|). Default 1e-4: float32 stays
   * some ten times below it, a wrong explanation is far above it. Infinity switches the check off.
   */
  readonly bound?: number;
  /** Smoothing of the colour explanation's opacity, odd. Default: in proportion to the image, 15 at 224 pixels. */
  readonly smooth?: number;
}

export interface Explanation {
  /** Class with the largest logit. */
  readonly predicted: number;
  /** The explained class; absent where a cotangent was given. */
  readonly target?: number;
  readonly versus?: number;
  /** [classes]. */
  readonly logits: Tensor;
  /** The explained amount v·logits: the target's logit, a difference, or what the cotangent asks for. */
  readonly explained: number;
  /** [H, W] (or [D] for vectors): weights times encoded input, summed over channels. */
  readonly contributions: Tensor;
  /** W(x)ᵀv, of the encoded input's shape. */
  readonly weights: Tensor;
  /** RGBA [H, W, 4] from 0 to 1, to be drawn over white; where the encoded input is pairs of grey or RGB channels. */
  readonly colour?: Float32Array;
  /** What no contribution accounts for: biases and the like. Sum of `constants`. */
  readonly constant: number;
  /** The constant's parts by name. */
  readonly constants: Readonly<Record<string, number>>;
  /** |explained − constant − Σ contributions|, summed in double precision. */
  readonly residual: number;
  /** The residual divided by the magnitude that `bound` is relative to. */
  readonly relativeResidual: number;
}

const DEFAULT_BOUND = 1e-4;

/**
 * Explains images [n, …input shape] with numbers from 0 to 1; one explanation an image. Throws `run/residual` for every
 * explanation that does not add up, `run/not-finite` for logits that are no numbers, `run/no-graph` for a program without the
 * graph `explain`, and `run/input`.
 */
export async function explain(
  session: Session,
  images: ArrayLike<number>,
  options: ExplainOptions = {},
): Promise<Explanation[]> {
  const { program } = session;
  const count = countSamples(program, images);
  const feeds = { [program.input.name]: images };
  requireGraph(program, "explain");
  const predicted = needsPrediction(options) ? await predict(session, images, count) : [];
  const choices = Array.from({ length: count }, (_, i) => chooseClasses(program, options, i, count, predicted[i]));
  const cotangent = cotangents(program, options, choices, count);
  const outputs = await session.runSamples("explain", count, { ...feeds, cotangent });
  if (count > 0) requireFiniteLogits(outputs["logits"]!, program.classes);
  const explanations = choices.map((choice, i) => readExplanation(program, outputs, cotangent, choice, i, options));
  checkResiduals(explanations, options.bound ?? DEFAULT_BOUND);
  return explanations;
}

/** The explained class and the one it is compared with. */
interface Choice {
  readonly target?: number;
  readonly versus?: number;
}

function needsPrediction(options: ExplainOptions): boolean {
  return options.cotangent === undefined && (options.target ?? "predicted") === "predicted";
}

/** The class with the largest logit of each image; by the `explain` graph where there is no other. */
async function predict(session: Session, images: ArrayLike<number>, count: number): Promise<number[]> {
  const { program } = session;
  const { classes } = program;
  const feeds = { [program.input.name]: images };
  const outputs =
    program.graphs.predict === undefined
      ? await session.runSamples("explain", count, { ...feeds, cotangent: new Float64Array(count * classes) }, [
          "logits",
        ])
      : await session.runSamples("predict", count, feeds, ["logits"]);
  return Array.from({ length: count }, (_, i) => argmax(outputs["logits"]!, i * classes, classes));
}

function chooseClasses(
  program: Program,
  options: ExplainOptions,
  image: number,
  count: number,
  predicted: number | undefined,
): Choice {
  if (options.cotangent !== undefined) return {};
  const pick = (name: string, choice: number | ArrayLike<number>): number => {
    if (typeof choice !== "number" && choice.length !== count) {
      fail("run/input", { name, expected: `one class for each of ${count} images`, found: `${choice.length}` });
    }
    const index = typeof choice === "number" ? choice : choice[image]!;
    if (!Number.isInteger(index) || index < 0 || index >= program.classes) {
      fail("run/input", { name, expected: `a class from 0 to ${program.classes - 1}`, found: String(index) });
    }
    return index;
  };
  const { target = "predicted", versus } = options;
  return {
    target: typeof target === "string" ? predicted! : pick("target", target),
    ...(versus === undefined ? {} : { versus: pick("versus", versus) }),
  };
}

/** v for every image: [count, classes]. */
function cotangents(
  program: Program,
  options: ExplainOptions,
  choices: readonly Choice[],
  count: number,
): Float64Array {
  const { classes } = program;
  const result = new Float64Array(count * classes);
  const given = options.cotangent;
  if (given !== undefined) {
    if (given.length !== classes && given.length !== count * classes) {
      const expected = `${classes} numbers, or ${classes} for each of ${count} images`;
      fail("run/input", { name: "cotangent", expected, found: String(given.length) });
    }
    for (let i = 0; i < result.length; i++) result[i] = given[i % given.length]!;
    return result;
  }
  choices.forEach(({ target, versus }, i) => {
    const row = result.subarray(i * classes, (i + 1) * classes);
    if (versus !== undefined) row[versus]! -= 1;
    else if (options.relative === true) row.fill(-1 / classes);
    row[target!]! += 1;
  });
  return result;
}

function readExplanation(
  program: Program,
  outputs: Readonly<Record<string, Tensor>>,
  cotangent: Float64Array,
  choice: Choice,
  image: number,
  options: ExplainOptions,
): Explanation {
  const { classes } = program;
  const part = (name: string, size: number): Tensor => outputs[name]!.slice(image * size, (image + 1) * size);
  const encoded = program.input.encodedShape;
  const weightSize = sizeOf(encoded);
  const places = encoded.length === 3 ? encoded[0]! * encoded[1]! : weightSize;
  const logits = part("logits", classes);
  const contributions = part("contributions", places);
  const weights = part("weights", weightSize);
  const explained = outputs["explained"]![image]!;
  const constant = outputs["constant"]![image]!;
  const residual = Math.abs(explained - constant - sum(contributions, (c) => c));
  const parts = sum(logits, (logit, k) => Math.abs(cotangent[image * classes + k]! * logit));
  const magnitude = Math.max(parts, Math.abs(constant), sum(contributions, Math.abs));
  const colour = colourOf(program, weights, contributions, options.smooth);
  return {
    predicted: argmax(logits),
    ...choice,
    logits,
    explained,
    contributions,
    weights,
    ...(colour === undefined ? {} : { colour }),
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
): Float32Array | undefined {
  const { shape, encodedShape } = program.input;
  const [height, width, channels] = shape;
  if (shape.length !== 3 || encodedShape[2] !== 2 * channels! || (channels !== 1 && channels !== 3)) return undefined;
  const image = { height: height!, width: width!, channels, weights, contributions };
  return colourExplanation(image, { smooth: smooth ?? smoothingFor(Math.min(height!, width!)) });
}

function checkResiduals(explanations: readonly Explanation[], bound: number): void {
  const findings = explanations.flatMap((explanation, image) =>
    // Written so that NaN fails.
    explanation.relativeResidual <= bound || bound === Infinity
      ? []
      : [
          diagnose("run/residual", {
            image,
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
