/** Common subexpressions: nodes with the same op, attributes and inputs become one. All ops are pure. */
import type { Graph, Node, OpKind, ValueId } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

const commutative: ReadonlySet<OpKind> = new Set(["add", "mul"]);

export function shareNodes(graph: Graph): Graph {
  const seen = new Map<string, ValueId>();
  return rewrite(graph, (b, node) => {
    const key = keyOf(node);
    const found = seen.get(key);
    if (found !== undefined) return found;
    const value = b.emit(node.op, node.inputs, node.attributes, node.shape);
    seen.set(key, value);
    return value;
  });
}

function keyOf({ op, attributes, inputs, shape }: Node): string {
  const operands = commutative.has(op) ? inputs.toSorted((a, b) => a - b) : inputs;
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([op, operands, shape, sorted], (_, value: unknown) =>
    // JSON writes −0 as 0 and has no word for infinities and NaN.
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? `${1 / value} ${value}` : value,
  );
}
