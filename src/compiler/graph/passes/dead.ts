/**
 * Nodes that no output and no update needs go. Inputs stay: they are what callers feed. Taps of removed nodes go with
 * them, unless taps are to be kept.
 */
import type { Graph, ValueId } from "../graph.ts";

export function removeDead(graph: Graph, keepTaps: boolean): Graph {
  const alive = new Array<boolean>(graph.nodes.length).fill(false);
  const roots = [graph.outputs, graph.updates, ...(keepTaps ? [graph.taps] : [])];
  for (const root of roots.flatMap((values) => Object.values(values))) alive[root] = true;
  for (let value = graph.nodes.length - 1; value >= 0; value--) {
    const node = graph.nodes[value]!;
    if (node.op === "input") alive[value] = true;
    if (alive[value]) for (const input of node.inputs) alive[input] = true;
  }

  let count = 0;
  const moved = alive.map((a) => (a ? count++ : -1));
  const place = (value: ValueId): ValueId => moved[value]!;
  const named = (values: Readonly<Record<string, ValueId>>): Record<string, ValueId> =>
    Object.fromEntries(Object.entries(values).flatMap(([name, v]) => (alive[v] ? [[name, place(v)]] : [])));
  return {
    name: graph.name,
    nodes: graph.nodes.flatMap((node, value) => (alive[value] ? [{ ...node, inputs: node.inputs.map(place) }] : [])),
    outputs: named(graph.outputs),
    updates: named(graph.updates),
    taps: named(graph.taps),
  };
}
