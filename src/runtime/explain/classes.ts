/** What is asked about an image: the logit of a class, the difference of two, or any other combination of logits. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Program } from "../../compiler/graph/program.ts";
import type { Tensor } from "../device.ts";
import { top } from "../top.ts";

export interface ClassOptions {
  /**
   * The class to explain: the one with the largest logit (default), one for all images, or one for each. With `top` the
   * classes with the largest logits, as many for each image, and with `classes` a list for each image, all of one length:
   * what the classes of an image share is computed once.
   */
  readonly target?: "predicted" | number | ArrayLike<number> | SeveralClasses;
  /** Explain the difference: logit of the target minus logit of this class, one for all images or one for each. */
  readonly versus?: number | ArrayLike<number>;
  /** Explain the logit minus the mean of all logits. Changes nothing for a difference. */
  readonly relative?: boolean;
  /** Explain this combination of logits instead of a class: [classes] for all images, or [n, classes]. */
  readonly cotangent?: ArrayLike<number>;
}

export type SeveralClasses = { readonly top: number } | { readonly classes: readonly ArrayLike<number>[] };

/** The explained class and the one it is compared with. */
export interface Choice {
  /** Absent where a cotangent was given. */
  readonly target?: number;
  readonly versus?: number;
}

/** v: coefficients by their places. All others are zero. */
export type Combination = ReadonlyMap<number, number>;

type Target = NonNullable<ClassOptions["target"]>;

function isSeveral(target: Target): target is SeveralClasses {
  return typeof target === "object" && ("top" in target || "classes" in target);
}

/** How many explanations of each image are asked for. Throws `run/input`. */
export function timesOf({ classes }: Program, { cotangent, target }: ClassOptions): number {
  if (cotangent !== undefined || target === undefined || !isSeveral(target)) return 1;
  if ("classes" in target) return target.classes[0]?.length ?? 1;
  if (Number.isInteger(target.top) && target.top >= 1 && target.top <= classes) return target.top;
  return fail("run/input", { name: "top", expected: `a whole number from 1 to ${classes}`, found: String(target.top) });
}

/** Throws `run/input` for everything else that can be wrong with the options before the logits are known. */
export function checkChoice({ classes }: Program, { cotangent, target, versus }: ClassOptions, count: number): void {
  if (cotangent !== undefined) {
    if (cotangent.length === classes || cotangent.length === count * classes) return;
    const expected = `${classes} numbers, or ${classes} for each of ${count} images`;
    fail("run/input", { name: "cotangent", expected, found: String(cotangent.length) });
  }
  const check = (name: string, choice: number | ArrayLike<number>): void => {
    if (typeof choice !== "number" && choice.length !== count) {
      fail("run/input", { name, expected: `one class for each of ${count} images`, found: `${choice.length}` });
    }
    checkClasses(name, typeof choice === "number" ? [choice] : choice, classes);
  };
  if (target !== undefined && target !== "predicted") {
    if (!isSeveral(target)) check("target", target);
    else if ("classes" in target) checkLists(target.classes, count, classes);
  }
  if (versus !== undefined) check("versus", versus);
}

function checkLists(lists: readonly ArrayLike<number>[], count: number, classes: number): void {
  const [first] = lists;
  if (lists.length !== count || (first !== undefined && first.length === 0)) {
    fail("run/input", {
      name: "target",
      expected: `classes for each of ${count} images`,
      found: `${lists.length} lists`,
    });
  }
  for (const list of lists) {
    if (list.length !== first!.length) {
      const expected = `as many classes for each image, ${first!.length}`;
      fail("run/input", { name: "target", expected, found: String(list.length) });
    }
    checkClasses("target", list, classes);
  }
}

function checkClasses(name: string, choice: ArrayLike<number>, classes: number): void {
  const wrong = Array.from(choice).find((index) => !Number.isInteger(index) || index < 0 || index >= classes);
  if (wrong === undefined) return;
  fail("run/input", { name, expected: `a class from 0 to ${classes - 1}`, found: String(wrong) });
}

/** The classes of one image the given time, of its logits [classes]. */
export function chooseClasses(
  { cotangent, target = "predicted", versus }: ClassOptions,
  image: number,
  time: number,
  logits: Tensor,
): Choice {
  if (cotangent !== undefined) return {};
  const pick = (choice: number | ArrayLike<number>): number => (typeof choice === "number" ? choice : choice[image]!);
  const chosen = (): number => {
    if (target === "predicted") return top(1, logits)[0]!;
    if (!isSeveral(target)) return pick(target);
    return "top" in target ? top(time + 1, logits)[time]! : target.classes[image]![time]!;
  };
  return {
    target: chosen(),
    ...(versus === undefined ? {} : { versus: pick(versus) }),
  };
}

/** v of one image. */
export function combinationOf(
  { classes }: Program,
  { cotangent, relative }: ClassOptions,
  { target, versus }: Choice,
  image: number,
): Combination {
  const every = (coefficient: (k: number) => number): Map<number, number> =>
    new Map(Array.from({ length: classes }, (_, k) => [k, coefficient(k)]));
  if (cotangent !== undefined) return every((k) => cotangent[(image * classes + k) % cotangent.length]!);
  const v = relative === true && versus === undefined ? every(() => -1 / classes) : new Map<number, number>();
  const add = (k: number, amount: number): void => void v.set(k, (v.get(k) ?? 0) + amount);
  if (versus !== undefined) add(versus, -1);
  add(target!, 1);
  return v;
}
