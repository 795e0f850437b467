/** Common subexpressions: nodes with the same op, attributes and inputs become one. All ops are pure. */
import type { Graph, Node, OpKind, ValueId } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

const commutative: ReadonlySet<OpKind> = new Set(["add", "mul"]);

export function shareNodes(graph: Graph): Graph {
  const seen = new Map<string, ValueId>();
  return rewrite(graph, (b, node) => {
    const key = keyOf(node);
    const found = seen.get(key);
    // The node as it is becomes the next one.
    if (found === undefined) seen.set(key, b.size);
    return found;
  });
}

function keyOf({ op, attributes, inputs, shape }: Node): string {
  const operands = commutative.has(op) ? inputs.toSorted((a, b) => a - b) : inputs;
  return `${op} ${operands.join()} ${shape.join()} ${textOf(attributes)}`;
}

/** Passes hand attributes on as they are, and a graph goes through them again for each plan that is made of it. */
const texts = new WeakMap<object, string>();

function textOf(attributes: object): string {
  let text = texts.get(attributes);
  if (text === undefined) {
    const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
    text = sorted.length === 0 ? "" : JSON.stringify(sorted, namedNumber);
    texts.set(attributes, text);
  }
  return text;
}

/** JSON writes −0 as 0 and has no word for infinities and NaN. */
function namedNumber(_: string, value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return `${1 / value} ${value}`;
}
