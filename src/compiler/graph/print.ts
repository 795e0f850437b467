/** Graphs as text, one line a node. The same graph always gives the same text: golden tests compare it. */
import type { Graph, Node, ValueId } from "./graph.ts";

/** Numbers of a list that are shown; the rest is counted. */
const shown = 8;

/** e.g. `%12 = conv2d(%3, %7) stride=[2,2] padding=[1,1,1,1] dilation=[1,1] groups=1 : [32,14,14,16]   # conv1` */
function printNode(node: Node, value: ValueId): string {
  const inputs = node.inputs.map((input) => `%${input}`).join(", ");
  const attributes = Object.entries(node.attributes).map(([name, v]) => ` ${name}=${printAttribute(v)}`);
  const origin = node.origin === undefined || node.origin.path === "" ? "" : `   # ${node.origin.path}`;
  return `%${value} = ${node.op}(${inputs})${attributes.join("")} : [${node.shape.join(",")}]${origin}`;
}

/** The whole graph: a heading, the nodes, then outputs, updates and taps. Ends with a newline. */
export function printGraph(graph: Graph): string {
  const named = (kind: string, values: Readonly<Record<string, ValueId>>): string[] =>
    Object.entries(values).map(([name, value]) => `${kind} ${name} = %${value}`);
  return [
    `graph ${graph.name}`,
    ...graph.nodes.map(printNode),
    ...named("output", graph.outputs),
    ...named("update", graph.updates),
    ...named("tap", graph.taps),
    "",
  ].join("\n");
}

function printAttribute(value: unknown): string {
  if (Array.isArray(value)) {
    const rest = value.length - shown;
    const numbers = value.slice(0, shown).map(printAttribute).join(",");
    return rest > 0 ? `[${numbers},… ${rest} more]` : `[${numbers}]`;
  }
  // JSON has no word for infinities and NaN, and writes −0 as 0.
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return JSON.stringify(value);
}
