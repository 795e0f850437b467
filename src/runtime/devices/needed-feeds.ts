/** Which feeds a run needs: those that the wanted outputs and the state updates depend on. */
import type { Graph } from "../../compiler/graph/graph.ts";

export function neededFeeds(graph: Graph, outputs: readonly string[]): ReadonlySet<string> {
  const open = [...outputs.map((name) => graph.outputs[name]!), ...Object.values(graph.updates)];
  const seen = new Set<number>(open);
  const feeds = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = graph.nodes[id]!;
    if (node.op === "input") feeds.add(node.attributes.name);
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      open.push(input);
    }
  }
  return feeds;
}
