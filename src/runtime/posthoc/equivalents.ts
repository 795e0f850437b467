/**
 * DeepLIFT and guided backpropagation, for the networks of which they make something simpler. Both replace the gradients of
 * certain layers by rules of their own and leave all others as they are; where a network has none of these layers, DeepLIFT
 * is the input times the gradient and guided backpropagation is the gradient. So it is in B-cos networks without
 * activations, as the widely used implementations compute both. Other networks are refused: their rules are not here.
 */
import type { OpKind } from "../../compiler/graph/graph.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { ClassOptions } from "../explain/classes.ts";
import { requireGraph, type Session } from "../session.ts";
import type { Attribution } from "./attribution.ts";
import { inputGradients, inputTimesGradient, type BaselineOptions } from "./gradients.ts";

/** What rectifiers are computed with: ReLUs, and maxima for those with a slope. */
const rectifiers: readonly OpKind[] = ["relu", "max"];

/** What DeepLIFT (Shrikumar et al. 2017) has a rule for. */
const liftable: readonly OpKind[] = [...rectifiers, "sigmoid", "tanh", "softplus", "erf", "softmax", "window_max"];

/**
 * DeepLIFT's rescale rule against a baseline, where that is (x − b) times the gradient. Throws `run/input` for networks with
 * activations, softmax or pooling by maxima.
 */
export async function deepLift(
  session: Session,
  images: ArrayLike<number>,
  options: BaselineOptions = {},
): Promise<Attribution[]> {
  requireWithout(session, liftable, "deeplift");
  return inputTimesGradient(session, images, options);
}

/** Guided backpropagation (Springenberg et al. 2015), where that is the gradient. Throws `run/input` for networks with ReLUs. */
export async function guidedBackpropagation(
  session: Session,
  images: ArrayLike<number>,
  options: ClassOptions = {},
): Promise<Attribution[]> {
  requireWithout(session, rectifiers, "guided");
  return inputGradients(session, images, options);
}

function requireWithout({ program }: Session, ops: readonly OpKind[], method: string): void {
  requireGraph(program, "gradient");
  const found = program.graphs.gradient!.nodes.find(({ op }) => ops.includes(op));
  if (found === undefined) return;
  const where = found.origin === undefined ? "" : `, at \`${found.origin.path}\``;
  const expected = `a network without \`${found.op}\`, for which it has a rule of its own`;
  fail("run/input", { name: method, expected, found: `one with it${where}` });
}
