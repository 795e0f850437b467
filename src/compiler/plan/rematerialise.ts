/**
 * Values that the backward part computes again instead of keeping them: those that follow element by element from what is
 * kept anyway. A layer's input after normalisation is computed from the o and the norm of the layer before it, so of a
 * B-cos layer only these are kept.
 */
import { createBuilder } from "../graph/builder.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { bodyOf } from "./bodies.ts";
import { inMemory, readsOf, type PlanState } from "./groups.ts";
import { forwardNodes } from "./phases.ts";
import { isLeaf } from "./values.ts";

/** A value may be computed from one that is computed again itself, but no further: chains would have to live at once. */
const DEEPEST = 2;
/** Smaller values are not worth a launch. */
const SMALLEST = 1024;

/** The values to compute again, as a plan without it would have them in memory. */
export function chooseRematerialised(state: PlanState): ReadonlySet<ValueId> {
  const { values } = state;
  const forward = forwardNodes(values.graph);
  const kept = new Set<ValueId>();
  for (const group of state.groups) {
    if ([...group.outputs, group.norm].some((root) => root !== undefined && forward.has(root))) continue;
    for (const root of readsOf(state, group)) kept.add(root);
  }
  const depths = new Map<ValueId, number>();
  for (const root of [...kept].sort((a, b) => a - b)) {
    if (!forward.has(root) || values.pointwise(root) === undefined || values.results.has(root)) continue;
    if (values.size(root) < SMALLEST) continue;
    const body = bodyOf(values, [root], (other) => inMemory(state, other));
    if (body === undefined) continue;
    let depth = 1;
    const there = body.leaves.every(({ root: leaf }) => {
      depth = Math.max(depth, 1 + (depths.get(leaf) ?? 0));
      return isLeaf(values.node(leaf)) || kept.has(leaf) || values.size(leaf) * 8 < values.size(root);
    });
    if (there && depth <= DEEPEST) depths.set(root, depth);
  }
  return new Set(depths.keys());
}

/** Means of what has a variance in the forward part: that one's kernel leaves both. */
function meansOfVariances(graph: Graph): readonly ValueId[] {
  const forward = forwardNodes(graph);
  const key = ({ inputs, attributes }: Graph["nodes"][number]): string => JSON.stringify([inputs, attributes]);
  const variances = new Set(
    graph.nodes.filter((node, value) => node.op === "reduce_variance" && forward.has(value)).map(key),
  );
  return graph.nodes.flatMap((node, value) => (node.op === "reduce_mean" && variances.has(key(node)) ? [value] : []));
}

/** The graph with a second copy of each value, in front of the first reader in the backward part, for all of those. */
export function rematerialise(graph: Graph, chosen: ReadonlySet<ValueId>): Graph {
  const forward = new Set([...forwardNodes(graph), ...meansOfVariances(graph)]);
  const b = createBuilder(graph.name);
  const values: ValueId[] = [];
  const copies = new Map<ValueId, ValueId>();
  const emit = (old: ValueId, inputs: readonly ValueId[]): ValueId => {
    const node = graph.nodes[old]!;
    const add = (): ValueId => b.emit(node.op, inputs, node.attributes, node.shape);
    return node.origin === undefined ? add() : b.within(node.origin, add);
  };
  const later = (input: ValueId): ValueId => {
    if (!chosen.has(input)) return values[input]!;
    let copy = copies.get(input);
    if (copy === undefined) {
      copy = emit(input, graph.nodes[input]!.inputs.map(later));
      copies.set(input, copy);
    }
    return copy;
  };
  graph.nodes.forEach((node, value) => {
    const own = forward.has(value) ? (input: ValueId): ValueId => values[input]! : later;
    values.push(emit(value, node.inputs.map(own)));
  });
  for (const [name, value] of Object.entries(graph.outputs)) b.output(name, values[value]!);
  for (const [path, value] of Object.entries(graph.updates)) b.update(path, values[value]!);
  for (const [path, value] of Object.entries(graph.taps)) b.tap(path, values[value]!);
  return b.finish();
}
