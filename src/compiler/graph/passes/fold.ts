/**
 * Arithmetic on constants that have one value for all elements. It is done in float64 and rounded once where a device
 * would round every step: in float32 a result may differ in its last bit. Infinities and NaN stay with the device.
 */
import { filled } from "../build.ts";
import type { Graph, OpKind } from "../graph.ts";
import { rewrite, uniformValue } from "./rewrite.ts";

const foldings: { readonly [K in OpKind]?: (x: number, y: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  relu: (x) => Math.max(x, 0),
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  max: Math.max,
  min: Math.min,
  greater: (x, y) => (x > y ? 1 : 0),
  reshape: (x) => x,
  broadcast: (x) => x,
};

export function foldConstants(graph: Graph): Graph {
  return rewrite(graph, (b, node) => {
    const folding = foldings[node.op];
    if (folding === undefined) return undefined;
    const values = node.inputs.map((input) => uniformValue(b.node(input)));
    if (values.includes(undefined)) return undefined;
    const result = folding(values[0]!, values[1] ?? 0);
    return Number.isFinite(result) ? filled(b, result, node.shape) : undefined;
  });
}
