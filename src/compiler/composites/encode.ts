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
  const encoded = g.concat(graph, [x, inverse], graph.shapeOf(x).length - 1);
  if (encoding.variant === "add_inverse") return { encoded, value: encoded };

  // [(x − m)/d, ((1 − x) − (1 − m))/d]: the second half is the negative of the first (Arya et al. 2024).
  const [means, deviations] = listsOf(encoding);
  const rows = [...means, ...means.map((m) => 1 - m)];
  const divisors = [...deviations, ...deviations];
  const scale = g.constant(
    graph,
    divisors.map((d) => 1 / d),
    [divisors.length],
  );
  const offset = g.constant(
    graph,
    rows.map((m, i) => -m / (divisors[i] ?? 1)),
    [rows.length],
  );
  return { encoded, value: g.shift(graph, inputMeanName, g.mul(graph, encoded, scale), offset) };
}

/** Means and deviations of `add_inverse_normalized`. */
export function listsOf(encoding: Variant): readonly [readonly number[], readonly number[]] {
  const [means, deviations] = encoding.args;
  if (typeof means !== "object" || typeof deviations !== "object")
    throw new Error(`${encoding.variant} without its two lists`);
  return [means, deviations];
}
