/** Input encodings: every channel beside its inverse, so that dark and bright pixels have the same share of the norm. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";
import type { Variant } from "../layers/layer.ts";

export interface EncodedInput {
  /** What explanations refer to: [x, 1 − x] along the last axis, or x itself. */
  readonly encoded: ValueId;
  /** What the first layer sees: `encoded`, normalised where the encoding says so. */
  readonly value: ValueId;
}

/** Names the constant part of a normalised encoding. */
export const inputMeanName = "input_mean";

/** x [N,...,C] in [0, 1] → [N,...,2C] (Böhle et al. 2022). */
export function encodeInput(graph: GraphBuilder, x: ValueId, encoding: Variant): EncodedInput {
  if (encoding.variant === "none") return { encoded: x, value: x };
  const inverse = g.sub(graph, g.scalar(graph, 1), x);
  return takeEncoded(graph, g.concat(graph, [x, inverse], graph.shapeOf(x).length - 1), encoding);
}

/** The same of an input that is fed as it is behind the encoding, [N,...,2C]. */
export function takeEncoded(graph: GraphBuilder, encoded: ValueId, encoding: Variant): EncodedInput {
  if (encoding.variant !== "add_inverse_normalized") return { encoded, value: encoded };
  // [(x − m)/d, ((1 − x) − (1 − m))/d]: the second half is the negative of the first (Arya et al. 2024).
  const [means, deviations] = listsOf(encoding);
  const value = normalised(graph, encoded, [...means, ...means.map((m) => 1 - m)], [...deviations, ...deviations]);
  return { encoded, value };
}

/**
 * The input of the conventional form: x itself, or (x − m)/d where the B-cos form has that inside its encoding: so it is the
 * network that the other one is made from.
 */
export function normaliseInput(graph: GraphBuilder, x: ValueId, encoding: Variant): EncodedInput {
  if (encoding.variant !== "add_inverse_normalized") return { encoded: x, value: x };
  return { encoded: x, value: normalised(graph, x, ...listsOf(encoding)) };
}

/** (x − m)/d for each channel of the last axis. */
function normalised(graph: GraphBuilder, x: ValueId, means: readonly number[], deviations: readonly number[]): ValueId {
  const row = (values: readonly number[]): ValueId => g.constant(graph, values, [values.length]);
  const scaled = g.mul(graph, x, row(deviations.map((d) => 1 / d)));
  return g.shift(graph, inputMeanName, scaled, row(means.map((m, i) => -m / (deviations[i] ?? 1))));
}

/** Means and deviations of `add_inverse_normalized`. */
export function listsOf(encoding: Variant): readonly [readonly number[], readonly number[]] {
  const [means, deviations] = encoding.args;
  if (typeof means !== "object" || typeof deviations !== "object")
    throw new Error(`${encoding.variant} without its two lists`);
  return [means, deviations];
}
