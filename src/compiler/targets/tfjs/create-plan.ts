/** A simplified graph → the calls of a backend of TensorFlow.js. */
import type { Graph, Node } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import type { TfjsBackend } from "./backends.ts";
import type { TfjsCall } from "./call.ts";
import { tfjsPlanVersion, type TfjsConstant, type TfjsPlan, type TfjsValue } from "./plan.ts";

export interface TfjsPlanOptions {
  readonly name: GraphName;
  readonly batch: number;
}

/** Operations that TensorFlow.js has under the same name, or another one, with the same meaning. */
const PLAIN: Readonly<Record<string, TfjsCall["op"]>> = {
  ...{ neg: "neg", abs: "abs", sign: "sign", square: "square", sqrt: "sqrt", exp: "exp", log: "log" },
  ...{ sigmoid: "sigmoid", tanh: "tanh", erf: "erf", softplus: "softplus", relu: "relu" },
  ...{ add: "add", sub: "sub", mul: "mul", div: "div", max: "maximum", min: "minimum", greater: "greater" },
  ...{ select: "where", reduce_sum: "sum", reduce_mean: "mean", reduce_max: "max" },
  ...{ reshape: "reshape", broadcast: "broadcastTo", transpose: "transpose", slice: "slice", concat: "concat" },
};

export function createTfjsPlan(graph: Graph, backend: TfjsBackend, { name, batch }: TfjsPlanOptions): TfjsPlan {
  const inputs: Record<string, TfjsValue> = {};
  const state: Record<string, TfjsValue> = {};
  const constants: TfjsConstant[] = [];
  const calls: TfjsCall[] = [];
  graph.nodes.forEach((node, value) => {
    const { shape } = node;
    if (node.op === "input") inputs[node.attributes.name] = { value, shape };
    else if (node.op === "state") state[node.attributes.path] = { value, shape };
    else if (node.op === "constant") constants.push({ value, shape, values: node.attributes.values });
    else calls.push(callOf(node, value));
  });
  const placed = (value: number): TfjsValue => ({ value, shape: graph.nodes[value]!.shape });
  return {
    version: tfjsPlanVersion,
    ...{ backend, graph: name, batch, inputs, state, constants, draws: [], calls },
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([output, value]) => [output, placed(value)])),
    updates: Object.fromEntries(Object.entries(graph.updates).map(([path, value]) => [path, placed(value)])),
  };
}

function callOf({ op, attributes, inputs, shape, origin }: Node, value: number): TfjsCall {
  const plain = PLAIN[op] ?? (op === "matmul" ? "matMul" : undefined);
  if (plain === undefined) throw new Error(`no call for ${op}`);
  const more = plain === "matMul" ? { bias: false, activation: "linear" } : {};
  const layer = origin === undefined ? {} : { layer: origin.path };
  return { op: plain, attributes: { ...attributes, ...more }, inputs, value, shape, ...layer } as TfjsCall;
}
