/** Rebuilding a graph node by node, which is how all passes but dead node removal work. */
import { createBuilder, type GraphBuilder } from "../builder.ts";
import type { Graph, Node, Shape, ValueId } from "../graph.ts";

/**
 * What stands for a node in the new graph: a value that is already there or freshly emitted, or undefined for the node
 * as it is. The node's inputs are values of the new graph.
 */
export type Rule = (b: GraphBuilder, node: Node) => ValueId | undefined;

/** The graph itself where no rule has anything to say. */
export function rewrite(graph: Graph, rule: Rule): Graph {
  const b = createBuilder(graph.name);
  const values: ValueId[] = [];
  let changed = false;
  for (const old of graph.nodes) {
    const node: Node = changed ? { ...old, inputs: old.inputs.map((input) => values[input]!) } : old;
    const replace = (): ValueId => {
      const replaced = rule(b, node);
      if (replaced === undefined) return b.emit(node.op, node.inputs, node.attributes, node.shape);
      changed = true;
      return replaced;
    };
    const value = old.origin === undefined ? replace() : b.within(old.origin, replace);
    if (value !== values.length) changed = true;
    values.push(value);
  }
  if (!changed) return graph;
  for (const [name, value] of Object.entries(graph.outputs)) b.output(name, values[value]!);
  for (const [path, value] of Object.entries(graph.updates)) b.update(path, values[value]!);
  for (const [path, value] of Object.entries(graph.taps)) b.tap(path, values[value]!);
  return b.finish();
}

/** The number that all elements of a constant have; undefined for other nodes. */
export function uniformValue(node: Node): number | undefined {
  return node.op === "constant" && node.attributes.values.length === 1 ? node.attributes.values[0] : undefined;
}

export function shapesOf(b: GraphBuilder, values: readonly ValueId[]): readonly Shape[] {
  return values.map((value) => b.shapeOf(value));
}
