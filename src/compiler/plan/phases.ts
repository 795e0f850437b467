/** The forward part of a graph: what the loss, or without one the logits, depend on. The rest is the backward part. */
import type { Graph, ValueId } from "../graph/graph.ts";
import type { Step } from "./steps.ts";
import type { Values } from "./values.ts";

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

/** Whether a step makes something of the forward part, or belongs to no group. */
export function isForward(values: Values, { group }: Step): boolean {
  if (group === undefined) return true;
  return [...group.outputs, group.norm].some((root) => root !== undefined && values.forward.has(root));
}
