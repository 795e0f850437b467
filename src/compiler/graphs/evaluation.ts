/** The graphs that leave the state alone: `predict`, `explain` and `gradient`. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { differentiate, type ReachedShift } from "../graph/differentiate.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import type { Lowered } from "../network/lower.ts";

export function predictGraph(lowered: Lowered, keepTaps: boolean): Graph {
  const { graph, logits, taps } = lowered;
  graph.output("logits", logits);
  for (const [path, value] of taps) {
    graph.tap(path, value);
    if (keepTaps) graph.output(`tap/${path}`, value);
  }
  return graph.finish();
}

/** W(x)ᵀ·v and what it adds up to, of the logits or of another value, `activation`; see `GraphName`. */
export function explainGraph(lowered: Lowered, activation?: ValueId): Graph {
  const { graph, logits, encoded } = lowered;
  const value = activation ?? logits;
  const cotangent = g.input(graph, "cotangent", graph.shapeOf(value));
  const { gradients, shifts } = differentiate(graph, [{ value, cotangent }], [encoded], "explain");
  const weights = gradients[0] ?? g.filled(graph, 0, graph.shapeOf(encoded));
  const parts = constantParts(graph, shifts);
  const [batch = 1] = graph.shapeOf(logits);

  graph.output("logits", logits);
  if (activation !== undefined) graph.output("activation", activation);
  graph.output("explained", sumOfSample(graph, g.mul(graph, cotangent, value)));
  graph.output("weights", weights);
  graph.output("contributions", contributionsOf(graph, weights, encoded));
  graph.output("constant", totalOf(graph, [...parts.values()], batch));
  for (const [name, part] of parts) graph.output(`constant/${name}`, part);
  for (const [path, value] of lowered.taps) graph.tap(path, value);
  return graph.finish();
}

/** ⟨cotangent, c⟩ of each sample, by name, first in the network first. */
function constantParts(graph: GraphBuilder, shifts: readonly ReachedShift[]): ReadonlyMap<string, ValueId> {
  const parts = new Map<string, ValueId>();
  for (const { node, name, cotangent } of shifts.toReversed()) {
    const amount = graph.node(node).inputs[1];
    if (amount === undefined) throw new Error(`shift %${node} has no amount`);
    const part = sumOfSample(graph, g.mul(graph, cotangent, amount));
    const before = parts.get(name);
    parts.set(name, before === undefined ? part : g.add(graph, before, part));
  }
  return parts;
}

/** Weights · encoded input: of images summed over the channels, [N,H,W,C] → [N,H,W]; of vectors and tokens as it is. */
function contributionsOf(graph: GraphBuilder, weights: ValueId, encoded: ValueId): ValueId {
  const product = g.mul(graph, weights, encoded);
  const shape = graph.shapeOf(product);
  return shape.length === 4 ? g.reshape(graph, g.sum(graph, product, [3]), shape.slice(0, 3)) : product;
}

/** The sum of values of shape [batch]. */
function totalOf(graph: GraphBuilder, values: readonly ValueId[], batch: number): ValueId {
  const [first, ...rest] = values;
  return first === undefined
    ? g.filled(graph, 0, [batch])
    : rest.reduce((sum, value) => g.add(graph, sum, value), first);
}

/** [N, ...] → [N] */
function sumOfSample(graph: GraphBuilder, x: ValueId): ValueId {
  const [batch = 1] = graph.shapeOf(x);
  return g.reshape(graph, g.sum(graph, x, g.allAxes(graph, x).slice(1)), [batch]);
}

/** The true gradient of v · logits to the encoded input, or to another value, `activation`. */
export function gradientGraph(lowered: Lowered, activation?: ValueId): Graph {
  const { graph, logits, encoded } = lowered;
  const value = activation ?? encoded;
  const cotangent = g.input(graph, "cotangent", graph.shapeOf(logits));
  const { gradients } = differentiate(graph, [{ value: logits, cotangent }], [value], "true");
  graph.output("logits", logits);
  if (activation !== undefined) graph.output("activation", activation);
  graph.output("gradient", gradients[0] ?? g.filled(graph, 0, graph.shapeOf(value)));
  return graph.finish();
}
