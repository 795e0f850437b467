/** What a graph takes and gives, without how: all that sessions and devices which run plans need to know of it. */
import type { Graph } from "./compiler/graph/graph.ts";
import type { GraphName, Program } from "./compiler/graph/program.ts";
import type { Shape } from "./shape.ts";

export interface GraphSignature {
  /** Every feed with its shape. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** Every output with the feeds that it depends on. */
  readonly outputs: Readonly<Record<string, readonly string[]>>;
  /** Feeds that the new state depends on. */
  readonly updates: readonly string[];
}

export function graphSignature(graph: Graph): GraphSignature {
  const outputs = Object.entries(graph.outputs).map(([name, id]) => [name, feedsOf(graph, [id])] as const);
  return {
    inputs: graphInputs(graph),
    outputs: Object.fromEntries(outputs),
    updates: feedsOf(graph, Object.values(graph.updates)),
  };
}

/** Every feed with its shape. */
export function graphInputs(graph: Graph): Readonly<Record<string, Shape>> {
  return Object.fromEntries(
    graph.nodes.flatMap((node) => (node.op === "input" ? [[node.attributes.name, node.shape]] : [])),
  );
}

function feedsOf(graph: Graph, values: readonly number[]): readonly string[] {
  const open = [...values];
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
  return [...feeds].sort();
}

const known = new WeakMap<Graph, GraphSignature>();

/** The signature of a program's graph; undefined where it has none of this name. */
export function signatureOf(
  { graphs, signatures = {} }: Pick<Program, "graphs" | "signatures">,
  name: string,
): GraphSignature | undefined {
  if (Object.hasOwn(signatures, name)) return signatures[name as GraphName];
  const graph = Object.hasOwn(graphs, name) ? graphs[name as GraphName] : undefined;
  if (graph === undefined) return undefined;
  let signature = known.get(graph);
  if (signature === undefined) known.set(graph, (signature = graphSignature(graph)));
  return signature;
}

/** Names of the graphs that a program has, in a sentence. */
export function graphNamesOf({ graphs, signatures = {} }: Pick<Program, "graphs" | "signatures">): string {
  return Object.keys({ ...graphs, ...signatures }).join(", ") || "none";
}
