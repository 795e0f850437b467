/** Graphs of one case, evaluated in float64. */
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import type { Graph, Shape, ValueId } from "../../src/compiler/graph/graph.ts";
import { sizeOf } from "../../src/compiler/graph/graph.ts";
import { assertSound } from "../../src/compiler/graph/verify.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { noise } from "./numbers.ts";

export type Values = Readonly<Record<string, ArrayLike<number>>>;

/** Builds a graph over an input `x` and evaluates its outputs. */
export function evaluateWith(
  shape: Shape,
  x: ArrayLike<number>,
  state: Values,
  build: (graph: GraphBuilder, x: ValueId) => Readonly<Record<string, ValueId>>,
  feeds: Values = {},
): Record<string, ArrayLike<number>> {
  const graph = createBuilder("case");
  const input = g.input(graph, "x", shape);
  for (const [name, value] of Object.entries(build(graph, input))) graph.output(name, value);
  const finished = graph.finish();
  assertSound(finished, "building");
  return evaluateGraph(finished, { feeds: { x, ...feeds }, state }).outputs;
}

/** Numbers for the state tensors of a graph by path: variances positive, others between −1 and 1. */
export function stateOf(graph: Graph): Record<string, Float64Array> {
  const specs = graph.nodes.flatMap((node) =>
    node.op === "state" ? [{ path: node.attributes.path, size: sizeOf(node.shape) }] : [],
  );
  return Object.fromEntries(
    specs.map(({ path, size }, i) => {
      const values = noise(size, 77 + i);
      return [path, path.endsWith("running_var") ? values.map((v) => 0.5 + 0.4 * Math.abs(v)) : values];
    }),
  );
}
