/** Explanations of logits: of classes, of the difference of two, of any combination. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Tensor } from "../device.ts";
import { countSamples, requireGraph, type Session } from "../session.ts";
import { checkChoice, chooseClasses, combinationOf, timesOf, type ClassOptions } from "./classes.ts";
import { explainWith, type CheckOptions, type Explanation, type Subject } from "./explanation.ts";

export interface ExplainOptions extends ClassOptions, CheckOptions {}

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
  const times = timesOf(program, options);
  checkChoice(program, options, count);
  const choose = (image: number, time: number, logits: Tensor): Subject => {
    const named = chooseClasses(options, image, time, logits);
    return { named, combination: combinationOf(program, options, named, image) };
  };
  return explainWith(session, images, count, { of: "logits", times, choose }, options);
}
