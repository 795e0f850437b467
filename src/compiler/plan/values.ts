/**
 * What a plan needs to know of a graph's values: which are the same memory under another shape, which are computed
 * element by element, and who reads them.
 */
import type { Graph, Node, Shape, ValueId } from "../graph/graph.ts";
import { sameShape, sizeOf } from "../graph/graph.ts";
import { ex, operandsOf, type Expression } from "./expression.ts";
import { forwardNodes } from "./phases.ts";
import { repeatedNodes } from "./repeat.ts";
import { broadcastView, groupView, type View } from "./views.ts";

export interface Values {
  readonly graph: Graph;
  readonly node: (value: ValueId) => Node;
  /** The value whose memory this one is: reshapes and the like have none of their own. */
  readonly root: (value: ValueId) => ValueId;
  readonly size: (value: ValueId) => number;
  /** Nodes that read the memory of a root, in order. Nodes without memory of their own are left out. */
  readonly readers: (root: ValueId) => readonly ValueId[];
  /** The state tensors whose new value a root is. */
  readonly updates: (root: ValueId) => readonly Update[];
  /** How a node is computed element by element; undefined where it is not. */
  readonly pointwise: (root: ValueId) => Pointwise | undefined;
  /** Roots that the caller reads or that go back to the state. */
  readonly results: ReadonlySet<ValueId>;
  /** Roots of the forward part. */
  readonly forward: ReadonlySet<ValueId>;
  /** Roots that have to be computed again where the graph is run again on other cotangents. */
  readonly repeated: ReadonlySet<ValueId>;
}

export interface Update {
  readonly path: string;
  /** Its number among the graph's updates. */
  readonly index: number;
}

export interface Pointwise {
  /** Over the operands in order. */
  readonly expression: Expression;
  /** Operations of the expression, without those of the operands. */
  readonly operations: number;
  readonly operands: readonly Operand[];
}

export interface Operand {
  readonly value: ValueId;
  /** How the operand is seen from the result. */
  readonly view: View;
  /** How often the expression reads it. */
  readonly uses: number;
}

const UNARY = ["neg", "abs", "sign", "square", "sqrt", "exp", "log", "sigmoid", "tanh", "erf", "softplus", "relu"];
const BINARY = ["add", "sub", "mul", "div", "max", "min", "greater"];

/** The expression of a node over its inputs, where it computes element by element; undefined elsewhere. */
function expressionOf(node: Node): Expression | undefined {
  const [a, b, c] = [ex.input(0), ex.input(1), ex.input(2)];
  if (UNARY.includes(node.op)) return { op: node.op, a } as Expression;
  if (BINARY.includes(node.op)) return { op: node.op, a, b } as Expression;
  switch (node.op) {
    case "power":
      return ex.power(a, node.attributes.exponent);
    case "select":
      return ex.select(a, b, c);
    case "shift":
      return ex.add(a, b);
    case "bcos_scale":
      return ex.bcosScale(a, b, node.attributes.b);
    case "broadcast":
      return a;
    case "constant":
      return node.attributes.values.length === 1 ? ex.constant(node.attributes.values[0]!) : undefined;
    default:
      return undefined;
  }
}

function viewOf(node: Node, index: number, shape: Shape): View {
  return node.op === "bcos_scale" && index === 1 ? groupView(shape, node.shape) : broadcastView(shape, node.shape);
}

/** How many operations an expression is, and how often it reads each of its inputs. */
function countTree(
  e: Expression,
  uses: number[] = [],
): { readonly operations: number; readonly uses: readonly number[] } {
  if (e.op === "input") {
    uses[e.index] = (uses[e.index] ?? 0) + 1;
    return { operations: 0, uses };
  }
  const parts = operandsOf(e).map((part) => countTree(part, uses).operations);
  return { operations: parts.reduce((a, b) => a + b, 1), uses };
}

/** Nodes whose result is their input's memory. */
function isAlias(graph: Graph, node: Node): boolean {
  const [first] = node.inputs;
  if (first === undefined) return false;
  const shape = graph.nodes[first]!.shape;
  switch (node.op) {
    case "reshape":
    case "dynamic":
      return true;
    case "broadcast":
      return sizeOf(shape) === sizeOf(node.shape);
    case "reduce_sum":
    case "reduce_mean":
    case "reduce_max":
      return sameShape(shape, node.shape);
    default:
      return false;
  }
}

export function analyse(graph: Graph): Values {
  const roots: ValueId[] = [];
  const readers: ValueId[][] = [];
  const pointwise: (Pointwise | undefined)[] = [];
  graph.nodes.forEach((node, value) => {
    const alias = isAlias(graph, node);
    roots.push(alias ? roots[node.inputs[0]!]! : value);
    readers.push([]);
    if (alias) return;
    for (const root of new Set(node.inputs.map((input) => roots[input]!))) readers[root]!.push(value);
    const expression = expressionOf(node);
    if (expression === undefined) return;
    const { operations, uses } = countTree(expression);
    const operands = node.inputs.map((input, i) => ({
      value: roots[input]!,
      view: viewOf(node, i, graph.nodes[input]!.shape),
      uses: uses[i] ?? 0,
    }));
    pointwise[value] = { expression, operations, operands };
  });
  const sizes = graph.nodes.map(({ shape }) => sizeOf(shape));
  const root = (value: ValueId): ValueId => roots[value]!;
  const updates = new Map<ValueId, Update[]>();
  Object.entries(graph.updates).forEach(([path, value], index) => {
    const known = updates.get(root(value));
    if (known === undefined) updates.set(root(value), [{ path, index }]);
    else known.push({ path, index });
  });
  const rootsOf = (some: Iterable<ValueId>): ReadonlySet<ValueId> => new Set([...some].map(root));
  return {
    graph,
    node: (value) => graph.nodes[value]!,
    root,
    size: (value) => sizes[value]!,
    readers: (value) => readers[value]!,
    updates: (value) => updates.get(value) ?? [],
    pointwise: (value) => pointwise[value],
    results: rootsOf([...Object.values(graph.outputs), ...Object.values(graph.updates)]),
    forward: rootsOf(forwardNodes(graph)),
    repeated: rootsOf(repeatedNodes(graph)),
  };
}

export function isLeaf(node: Node): boolean {
  return node.op === "input" || node.op === "state" || node.op === "constant";
}
