/** What a graph costs before anything runs: operations and memory traffic, by node and by layer. */
import type { Graph, Node, ValueId } from "./graph.ts";
import { sizeOf } from "./graph.ts";
import { definitionOf } from "./ops/table.ts";

export interface Cost {
  /** Floating-point operations: 2 a multiply-add, 1 for every other one. */
  readonly flops: number;
  /** Multiply-adds of matrix products and convolutions alone: what papers count. */
  readonly macs: number;
  /** Bytes read and written if every node ran by itself, float32. */
  readonly bytes: number;
}

export interface GraphCost {
  readonly total: Cost;
  /** Parallel to the graph's nodes. */
  readonly nodes: readonly Cost[];
  /** By the weight path of the layer that asked for the nodes; "" for nodes without one. In order of first use. */
  readonly layers: ReadonlyMap<string, Cost>;
}

const bytesPerElement = 4;
const nothing: Cost = { flops: 0, macs: 0, bytes: 0 };
const productOps: ReadonlySet<Node["op"]> = new Set([
  "matmul",
  "conv2d",
  "conv2d_input_gradient",
  "conv2d_weight_gradient",
]);
/** Ops that no device has to run: what is fed or stored is there, a constant is part of the program. */
const freeOps: ReadonlySet<Node["op"]> = new Set(["input", "state", "constant", "reshape", "dynamic"]);

export function costOf(graph: Graph): GraphCost {
  const nodes = graph.nodes.map((_, value) => nodeCost(graph, value));
  const layers = new Map<string, Cost>();
  graph.nodes.forEach((node, value) => {
    const path = node.origin?.path ?? "";
    layers.set(path, plus(layers.get(path) ?? nothing, nodes[value]!));
  });
  return { total: nodes.reduce(plus, nothing), nodes, layers };
}

function nodeCost(graph: Graph, value: ValueId): Cost {
  const node = graph.nodes[value]!;
  if (freeOps.has(node.op)) return nothing;
  const inputs = node.inputs.map((input) => graph.nodes[input]!.shape);
  const flops = definitionOf(node.op).flops(node, inputs);
  const elements = [node.shape, ...inputs].reduce((sum, shape) => sum + sizeOf(shape), 0);
  return { flops, macs: productOps.has(node.op) ? flops / 2 : 0, bytes: elements * bytesPerElement };
}

function plus(a: Cost, b: Cost): Cost {
  return { flops: a.flops + b.flops, macs: a.macs + b.macs, bytes: a.bytes + b.bytes };
}
