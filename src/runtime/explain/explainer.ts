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
import { top } from "../top.ts";
import { colourExplanation, smoothingFor } from "./colour.ts";

export interface ExplainOptions {
  /**
   * The class to explain: the one with the largest logit (default), one for all images, or one for each. With `top` the
   * classes with the largest logits, as many for each image: what they share is computed once.
   */
  readonly target?: "predicted" | number | ArrayLike<number> | { readonly top: number };
  /** Explain the difference: logit of the target minus logit of this class, one for all images or one for each. */
  readonly versus?: number | ArrayLike<number>;
  /** Explain the logit minus the mean of all logits. Changes nothing for a difference. */
  readonly relative?: boolean;
  /** Explain this combination of logits instead of a class: [classes] for all images, or [n, classes]. */
  readonly cotangent?: ArrayLike<number>;
  /**
   * Largest residual, relative to the magnitude max(Σ|vₖ·logitₖ|, |constant|, Σ|contributions|). Default 1e-4: float32 stays
   * some ten times below it, a wrong explanation is far above it. On `webgpu` with `storage: "f16"` 2e-3, four times what one
   * rounding to f16 may change. Infinity switches the check off.
   */
  readonly bound?: number;
  /** Smoothing of the colour explanation's opacity, odd. Default: in proportion to the image, 15 at 224 pixels. */
  readonly smooth?: number;
}

export interface Explanation {
  /** Which of the images it explains. */
  readonly image: number;
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

const DEFAULT_BOUNDS = { f32: 1e-4, f16: 2e-3 } as const;

function defaultBound({ device, program }: Session): number {
  return DEFAULT_BOUNDS[device === "webgpu" ? (program.webgpu?.storage ?? "f32") : "f32"];
}

/**
 * Explains images [n, …input shape] with numbers from 0 to 1; one explanation an image, with `top` several, the largest logit
 * first, image by image. Throws `run/residual` for every explanation that does not add up, `run/not-finite` for logits that
 * are no numbers, `run/no-graph` for a program without the graph `explain`, and `run/input`.
 */
export async function explain(
  session: Session,
  images: ArrayLike<number>,
  options: ExplainOptions = {},
): Promise<Explanation[]> {
  const { program } = session;
  const { classes } = program;
  const count = countSamples(program, images);
  requireGraph(program, "explain");
  const times = explanationsOf(program, options);
  checkChoice(program, options, count);
  // Of each time: the classes and the cotangents [count, classes] of all images.
  const choices = Array.from({ length: times }, (): Choice[] => []);
  const cotangents = choices.map(() => new Float64Array(count * classes));
  const feeds = { [program.input.name]: images };
  const outputs = await session.runRepeated("explain", count, feeds, {
    times,
    first: ["logits"],
    next(time, { logits }, start, part) {
      if (time === 0) requireFiniteLogits(logits!, classes, start);
      const [own, all] = [choices[time]!, cotangents[time]!];
      for (let i = 0; i < part; i++) {
        const choice = chooseClasses(options, start + i, time, logits!.subarray(i * classes, (i + 1) * classes));
        own.push(choice);
        writeCotangent(program, options, choice, start + i, all);
      }
      return { cotangent: all.subarray(start * classes, (start + part) * classes) };
    },
  });
  const explanations = Array.from({ length: count * times }, (_, at) => {
    const [image, time] = [Math.floor(at / times), at % times];
    return readExplanation(program, outputs[time]!, cotangents[time]!, choices[time]![image]!, image, options);
  });
  checkResiduals(explanations, options.bound ?? defaultBound(session));
  return explanations;
}

/** The explained class and the one it is compared with. */
interface Choice {
  readonly target?: number;
  readonly versus?: number;
}

function isTop(target: ExplainOptions["target"]): target is { readonly top: number } {
  return typeof target === "object" && "top" in target;
}

/** How many explanations of each image are asked for. */
function explanationsOf({ classes }: Program, { cotangent, target }: ExplainOptions): number {
  if (cotangent !== undefined || !isTop(target)) return 1;
  if (Number.isInteger(target.top) && target.top >= 1 && target.top <= classes) return target.top;
  return fail("run/input", { name: "top", expected: `a whole number from 1 to ${classes}`, found: String(target.top) });
}

/** Everything that can be wrong with the options before the logits are known. */
function checkChoice({ classes }: Program, { cotangent, target, versus }: ExplainOptions, count: number): void {
  if (cotangent !== undefined) {
    if (cotangent.length === classes || cotangent.length === count * classes) return;
    const expected = `${classes} numbers, or ${classes} for each of ${count} images`;
    fail("run/input", { name: "cotangent", expected, found: String(cotangent.length) });
  }
  const check = (name: string, choice: number | ArrayLike<number>): void => {
    if (typeof choice !== "number" && choice.length !== count) {
      fail("run/input", { name, expected: `one class for each of ${count} images`, found: `${choice.length}` });
    }
    const wrong = (typeof choice === "number" ? [choice] : Array.from(choice)).find(
      (index) => !Number.isInteger(index) || index < 0 || index >= classes,
    );
    if (wrong === undefined) return;
    fail("run/input", { name, expected: `a class from 0 to ${classes - 1}`, found: String(wrong) });
  };
  if (target !== undefined && target !== "predicted" && !isTop(target)) check("target", target);
  if (versus !== undefined) check("versus", versus);
}

/** The classes of one image the given time, of its logits [classes]. */
function chooseClasses(
  { cotangent, target = "predicted", versus }: ExplainOptions,
  image: number,
  time: number,
  logits: Tensor,
): Choice {
  if (cotangent !== undefined) return {};
  const pick = (choice: number | ArrayLike<number>): number => (typeof choice === "number" ? choice : choice[image]!);
  return {
    target: target === "predicted" || isTop(target) ? top(time + 1, logits)[time]! : pick(target),
    ...(versus === undefined ? {} : { versus: pick(versus) }),
  };
}

/** v of one image, into [count, classes]. */
function writeCotangent(
  { classes }: Program,
  { cotangent, relative }: ExplainOptions,
  { target, versus }: Choice,
  image: number,
  into: Float64Array,
): void {
  const row = into.subarray(image * classes, (image + 1) * classes);
  if (cotangent !== undefined) {
    for (let k = 0; k < classes; k++) row[k] = cotangent[(image * classes + k) % cotangent.length]!;
    return;
  }
  if (versus !== undefined) row[versus]! -= 1;
  else if (relative === true) row.fill(-1 / classes);
  row[target!]! += 1;
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
    image,
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
  const findings = explanations.flatMap((explanation) =>
    // Written so that NaN fails.
    explanation.relativeResidual <= bound || bound === Infinity
      ? []
      : [
          diagnose("run/residual", {
            image: explanation.image,
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
