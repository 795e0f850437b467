/**
 * `dynamic` becomes nothing, `shift` becomes `add`: what they say matters to `differentiate` alone. The graph can't be
 * differentiated for explanations afterwards.
 */
import type { Graph } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

export function lowerMarkers(graph: Graph): Graph {
  return rewrite(graph, (b, { op, inputs }) => {
    if (op === "dynamic") return inputs[0];
    if (op === "shift") return b.emit("add", inputs, {});
    return undefined;
  });
}
