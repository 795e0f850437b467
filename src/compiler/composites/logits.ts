/** The end of a B-cos network: constant temperature and bias. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";

/** Names the constant part. */
const logitBiasName = "logit_bias";

/**
 * −ln(classes − 1): with binary cross entropy every class starts at the probability 1/classes. It doesn't exist for one
 * class.
 */
export function automaticLogitBias(classes: number): number {
  return -Math.log(classes - 1);
}

/** x/T + bias, [N, classes] → the same. */
export function logitLayer(graph: GraphBuilder, x: ValueId, temperature: number, bias: number): ValueId {
  const scaled = temperature === 1 ? x : g.times(graph, x, 1 / temperature);
  return bias === 0 ? scaled : g.shift(graph, logitBiasName, scaled, g.scalar(graph, bias));
}
