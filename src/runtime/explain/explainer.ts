/** Explanations of logits: of classes, of the difference of two, of any combination. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Program } from "../../compiler/graph/program.ts";
import type { Tensor } from "../device.ts";
import { countSamples, requireGraph, type Session } from "../session.ts";
import { top } from "../top.ts";
import { explainWith, type CheckOptions, type Explanation, type Subject } from "./explanation.ts";

export interface ExplainOptions extends CheckOptions {
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
  const count = countSamples(program, images);
  requireGraph(program, "explain");
  if (program.explainedLayer !== undefined) {
    const expected = "a session of a program whose logits are explained";
    fail("run/input", { name: "session", expected, found: `one that explains \`${program.explainedLayer.path}\`` });
  }
  const times = explanationsOf(program, options);
  checkChoice(program, options, count);
  const choose = (image: number, time: number, logits: Tensor): Subject => {
    const named = chooseClasses(options, image, time, logits);
    return { named, combination: combinationOf(program, options, named, image) };
  };
  return explainWith(session, images, count, { of: "logits", times, choose }, options);
}

/** The explained class and the one it is compared with. */
type Choice = Pick<Explanation, "target" | "versus">;

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

/** v of one image. */
function combinationOf(
  { classes }: Program,
  { cotangent, relative }: ExplainOptions,
  { target, versus }: Choice,
  image: number,
): Subject["combination"] {
  const every = (coefficient: (k: number) => number): Map<number, number> =>
    new Map(Array.from({ length: classes }, (_, k) => [k, coefficient(k)]));
  if (cotangent !== undefined) return every((k) => cotangent[(image * classes + k) % cotangent.length]!);
  const v = relative === true && versus === undefined ? every(() => -1 / classes) : new Map<number, number>();
  const add = (k: number, amount: number): void => void v.set(k, (v.get(k) ?? 0) + amount);
  if (versus !== undefined) add(versus, -1);
  add(target!, 1);
  return v;
}
