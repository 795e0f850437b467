/**
 * Weights that are larger than one binding may be, in parts of whole rows: each part is a state tensor of its own, and a
 * convolution with such weights is one for each part. A part's rows are next to each other in memory, so that the device
 * writes and reads the whole by parts.
 */
import * as g from "../../graph/build.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { sizeOf, type Graph, type Node, type ValueId } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import { removeDead } from "../../graph/passes/dead.ts";
import { rewrite } from "../../graph/passes/rewrite.ts";

export interface WeightPart {
  /** What plans call it. */
  readonly path: string;
  /** Numbers in it. */
  readonly length: number;
}

/** By the path of the whole tensor, in the order of its rows. */
export type WeightParts = Readonly<Record<string, readonly WeightPart[]>>;

type Graphs = Readonly<Partial<Record<GraphName, Graph>>>;

/**
 * The graphs with every state tensor of more than `mostBytes` in parts. What a training updates stays whole: its gradient and
 * its update would be too large too. So does what is used by anything but a convolution without groups, behind `unit_rows`
 * or not: there the parts are put together again.
 */
export function splitWeights(
  graphs: Graphs,
  mostBytes: number,
): { readonly graphs: Graphs; readonly parts: WeightParts } {
  const all = Object.values(graphs);
  const updated = new Set(all.flatMap((graph) => Object.keys(graph.updates)));
  const parts: Record<string, readonly WeightPart[]> = {};
  for (const node of all.flatMap(({ nodes }) => nodes)) {
    if (node.op !== "state" || 4 * sizeOf(node.shape) <= mostBytes || updated.has(node.attributes.path)) continue;
    const found = partsOf(node.attributes.path, node.shape, mostBytes);
    if (found !== undefined) parts[node.attributes.path] = found;
  }
  if (Object.keys(parts).length === 0) return { graphs, parts };
  const split = Object.entries(graphs).map(([name, graph]) => [name, splitGraph(graph, parts)] as const);
  return { graphs: Object.fromEntries(split), parts };
}

/** Of about the same number of rows; undefined where one row is too large. */
function partsOf(path: string, shape: readonly number[], mostBytes: number): readonly WeightPart[] | undefined {
  const [rows = 1] = shape;
  const row = sizeOf(shape) / rows;
  const most = Math.floor(mostBytes / (4 * row));
  if (most === 0) return undefined;
  const each = Math.ceil(rows / Math.ceil(rows / most));
  return Array.from({ length: Math.ceil(rows / each) }, (_, i) => {
    const [from, to] = [i * each, Math.min(rows, (i + 1) * each)];
    return { path: `${path}[${from}:${to}]`, length: (to - from) * row };
  });
}

function splitGraph(graph: Graph, parts: WeightParts): Graph {
  /** The parts of values of the new graph that are put together of some. */
  const inParts = new Map<ValueId, readonly ValueId[]>();
  const whole = (b: GraphBuilder, values: readonly ValueId[]): ValueId => {
    const value = g.concat(b, values, 0);
    inParts.set(value, values);
    return value;
  };
  const rule = (b: GraphBuilder, node: Node): ValueId | undefined => {
    if (node.op === "state") {
      const row = node.shape.slice(1);
      const states = parts[node.attributes.path]?.map((part) =>
        g.state(b, part.path, [part.length / sizeOf(row), ...row]),
      );
      return states && whole(b, states);
    }
    const weights = inParts.get(node.inputs[node.op === "unit_rows" ? 0 : 1] ?? -1);
    if (weights === undefined) return undefined;
    if (node.op === "unit_rows") {
      const units = weights.map((part) => g.unitRows(b, part));
      return whole(b, units);
    }
    const [x] = node.inputs as readonly [ValueId];
    if (node.op === "conv2d" && node.attributes.groups === 1) {
      const { attributes } = node;
      const outputs = weights.map((part) => g.conv2d(b, x, part, attributes));
      return g.concat(b, outputs, 3);
    }
    if (node.op === "conv2d_input_gradient" && node.attributes.groups === 1) {
      const { attributes } = node;
      let from = 0;
      const gradients = weights.map((part) => {
        const cotangent = channels(b, x, from, b.shapeOf(part)[0]!);
        from += b.shapeOf(part)[0]!;
        return b.emit("conv2d_input_gradient", [cotangent, part], attributes);
      });
      return gradients.reduce((sum, gradient) => g.add(b, sum, gradient));
    }
    return undefined;
  };
  return removeDead(rewrite(graph, rule), true);
}

function channels(b: GraphBuilder, x: ValueId, from: number, count: number): ValueId {
  const shape = b.shapeOf(x);
  return g.slice(b, x, [...shape.slice(1).map(() => 0), from], [...shape.slice(0, -1), count]);
}
