/** Shapes of the outputs of a program's graphs, whatever the program is carried by. */
import type { GraphName, Program } from "../../compiler/graph/program.ts";
import type { Shape } from "../../shape.ts";

/** By output, with the batch. Empty for a graph that the program does not have. */
export function outputShapes(
  { graphs, wasm, webgpu, tfjs }: Program,
  name: GraphName,
): Readonly<Record<string, Shape>> {
  const graph = graphs[name];
  if (graph !== undefined) {
    return Object.fromEntries(
      Object.entries(graph.outputs).map(([output, value]) => [output, graph.nodes[value]!.shape]),
    );
  }
  const outputs = (webgpu ?? wasm)?.plans[name]?.outputs ?? tfjs?.plans[name]?.outputs ?? {};
  return Object.fromEntries(Object.entries(outputs).map(([output, { shape }]) => [output, shape]));
}
