/** The forward part of a graph: what the loss, or without one the logits, depend on. The rest is the backward part. */
import type { Graph, ValueId } from "../graph/graph.ts";

/** Empty where there is neither. */
export function forwardNodes(graph: Graph): ReadonlySet<ValueId> {
  const forward = new Set<ValueId>();
  const goal = graph.outputs["loss"] ?? graph.outputs["logits"];
  const queue = goal === undefined ? [] : [goal];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (forward.has(value)) continue;
    forward.add(value);
    queue.push(...graph.nodes[value]!.inputs);
  }
  return forward;
}
