/**
 * Nodes that give back what they got: x + 0, x · 1, −(−x), a reshape of a reshape, a window of one place. Results keep
 * their bits, but for −0 + 0, which is 0 and becomes −0.
 */
import { broadcast, neg, reshape, slice, transpose } from "../build.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Graph, Node, NodeOf, OpKind, Shape, ValueId, WindowAttributes } from "../graph.ts";
import { sameShape } from "../graph.ts";
import { rewrite, uniformValue } from "./rewrite.ts";

type Identity<K extends OpKind> = (b: GraphBuilder, node: NodeOf<K>) => ValueId | undefined;

/** The other operand, if the one at `index` is `neutral` everywhere and the other has the result's shape. */
function without(b: GraphBuilder, node: Pick<Node, "inputs" | "shape">, index: 0 | 1, neutral: number) {
  const other = node.inputs[1 - index]!;
  const removable = uniformValue(b.node(node.inputs[index]!)) === neutral;
  return removable && sameShape(b.shapeOf(other), node.shape) ? other : undefined;
}

/** The node that computes the only input, if it is of that op. */
function before<K extends OpKind>(b: GraphBuilder, node: Pick<Node, "inputs">, op: K): NodeOf<K> | undefined {
  const source = b.node(node.inputs[0]!);
  return source.op === op ? (source as unknown as NodeOf<K>) : undefined;
}

/** −x, which is what is inside where x is a negative itself. */
function negative(b: GraphBuilder, x: ValueId): ValueId {
  const { op, inputs } = b.node(x);
  return op === "neg" ? inputs[0]! : neg(b, x);
}

const unchanged = (b: GraphBuilder, node: Pick<Node, "inputs" | "shape">): ValueId | undefined =>
  sameShape(b.shapeOf(node.inputs[0]!), node.shape) ? node.inputs[0] : undefined;

const allOnes = (values: Shape): boolean => values.every((v) => v === 1);

/** Sums, means and maxima of single numbers keep the shape. */
function ofSingles(
  b: GraphBuilder,
  node: Pick<NodeOf<"reduce_sum" | "reduce_mean" | "reduce_max">, "inputs" | "attributes">,
) {
  const shape = b.shapeOf(node.inputs[0]!);
  return allOnes(node.attributes.axes.map((axis) => shape[axis]!)) ? node.inputs[0] : undefined;
}

function singlePlace({ kernel, stride, padding }: WindowAttributes): boolean {
  return allOnes(kernel) && allOnes(stride) && padding.every((p) => p === 0);
}

const identities: { readonly [K in OpKind]?: Identity<K> } = {
  neg: (b, node) => negative(b, node.inputs[0]!),
  add: (b, node) => without(b, node, 1, 0) ?? without(b, node, 0, 0),
  sub: (b, node) => without(b, node, 1, 0),
  div: (b, node) => without(b, node, 1, 1),
  mul: (b, node) => {
    const same = without(b, node, 1, 1) ?? without(b, node, 0, 1);
    if (same !== undefined) return same;
    const opposite = without(b, node, 1, -1) ?? without(b, node, 0, -1);
    return opposite === undefined ? undefined : negative(b, opposite);
  },
  power: (_, node) => (node.attributes.exponent === 1 ? node.inputs[0] : undefined),
  reduce_sum: ofSingles,
  reduce_mean: ofSingles,
  reduce_max: ofSingles,
  reshape: (b, node) => {
    const inner = before(b, node, "reshape");
    return inner === undefined ? unchanged(b, node) : reshape(b, inner.inputs[0]!, node.shape);
  },
  broadcast: (b, node) => {
    const inner = before(b, node, "broadcast");
    return inner === undefined ? unchanged(b, node) : broadcast(b, inner.inputs[0]!, node.shape);
  },
  transpose: (b, node) => {
    const inner = before(b, node, "transpose");
    const x = inner?.inputs[0] ?? node.inputs[0]!;
    const permutation = node.attributes.permutation.map((axis) => inner?.attributes.permutation[axis] ?? axis);
    if (permutation.every((axis, i) => axis === i)) return x;
    return inner === undefined ? undefined : transpose(b, x, permutation);
  },
  slice: (b, node) => {
    const inner = before(b, node, "slice");
    if (inner === undefined) return unchanged(b, node);
    const start = node.attributes.start.map((at, i) => at + inner.attributes.start[i]!);
    return slice(b, inner.inputs[0]!, start, node.attributes.size);
  },
  pad: unchanged,
  concat: (_, node) => (node.inputs.length === 1 ? node.inputs[0] : undefined),
  upsample: unchanged,
  block_sum: unchanged,
  window_sum: (_, node) => (singlePlace(node.attributes) ? node.inputs[0] : undefined),
  window_spread: (_, node) => (singlePlace(node.attributes) ? node.inputs[0] : undefined),
  window_max: (_, node) => (singlePlace(node.attributes) ? node.inputs[0] : undefined),
  // s = |o/n|⁰ = 1
  bcos_scale: (_, node) => (node.attributes.b === 1 ? node.inputs[0] : undefined),
};

export function removeIdentities(graph: Graph): Graph {
  return rewrite(graph, (b, node) => {
    const identity = identities[node.op] as Identity<OpKind> | undefined;
    return identity?.(b, node as NodeOf<OpKind>);
  });
}
