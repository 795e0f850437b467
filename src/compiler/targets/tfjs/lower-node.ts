/** Every operation of the graph as calls: one entry an operation. */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { Node, NodeOf, OpKind } from "../../graph/graph.ts";
import { atMostFour, broadcast, concat, elementwise, pad, reduce, slice, transpose } from "./axes.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { bcosScale, patchNorm, power, rowNorm, unitRows } from "./lower-bcos.ts";
import { convolution, inputGradient, weightGradient } from "./lower-convolution.ts";
import { product } from "./lower-matmul.ts";
import { logSoftmaxAlong, meanOver, routeMax, softmaxAlong, sumOver, varianceOver } from "./lower-reductions.ts";
import { windowMax, windowRoute, windowSpread, windowSum } from "./lower-windows.ts";

interface Lowered {
  /** Of their shapes where those have at most four axes; else of the same numbers in the same order. */
  readonly inputs: readonly CallValue[];
  readonly shapes: readonly Shape[];
}

/** A value with the numbers of the node's value in the same order, of any shape. */
type Lowering<K extends OpKind> = (b: CallBuilder, node: NodeOf<K>, lowered: Lowered) => CallValue;

/** What only needs the result's shape. */
type Shaped = (b: CallBuilder, node: { readonly shape: Shape }, lowered: Lowered) => CallValue;

type Unary = "neg" | "abs" | "sign" | "square" | "sqrt" | "exp" | "log" | "sigmoid" | "tanh" | "erf" | "softplus";

const unary =
  (op: Unary | "relu"): Shaped =>
  (b, _, { inputs }) =>
    b.call(op, inputs, {});

const binary =
  (op: "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "where"): Shaped =>
  (b, node, { inputs, shapes }) =>
    elementwise(b, op, inputs, shapes, node.shape);

const three = (inputs: readonly CallValue[]) => inputs as readonly [CallValue, CallValue, CallValue];

/** A number for all elements; undefined for other values. */
function uniform(b: CallBuilder, value: CallValue): number | undefined {
  const leaf = b.entries[value]!.leaf;
  return leaf?.kind === "constant" && leaf.values.length === 1 ? leaf.values[0] : undefined;
}

const table: { readonly [K in OpKind]: Lowering<K> } = {
  input: (b, { attributes, shape }) => b.leaf({ kind: "input", name: attributes.name }, atMostFour(shape)),
  state: (b, { attributes, shape }) => b.leaf({ kind: "state", path: attributes.path }, atMostFour(shape)),
  constant: (b, { attributes, shape }) => b.leaf({ kind: "constant", values: attributes.values }, atMostFour(shape)),
  random_uniform: (b, { attributes, shape }, { inputs: [step] }) => {
    const leaf = step === undefined ? undefined : b.entries[step]!.leaf;
    if (step !== undefined && leaf?.kind !== "input") throw new Error("the step of random numbers is not an input");
    const named = leaf?.kind === "input" ? { step: leaf.name } : {};
    return b.leaf({ kind: "draw", key: attributes.key, ...named }, atMostFour(shape));
  },

  ...{ neg: unary("neg"), abs: unary("abs"), sign: unary("sign"), square: unary("square"), sqrt: unary("sqrt") },
  ...{ exp: unary("exp"), log: unary("log"), sigmoid: unary("sigmoid"), tanh: unary("tanh"), erf: unary("erf") },
  ...{ softplus: unary("softplus"), relu: unary("relu") },
  power: (b, { attributes }, { inputs: [x] }) => power(b, x!, attributes.exponent),

  ...{ add: binary("add"), sub: binary("sub"), mul: binary("mul"), div: binary("div") },
  ...{ max: binary("maximum"), min: binary("minimum"), select: binary("where") },
  // A step is one call and makes numbers at once; comparisons make truth values first.
  greater: (b, node, { inputs, shapes }) =>
    uniform(b, inputs[1]!) === 0 && sizeOf(shapes[0]!) === sizeOf(node.shape)
      ? c.step(b, inputs[0]!)
      : elementwise(b, "greater", inputs, shapes, node.shape),

  dynamic: (_, _node, { inputs }) => inputs[0]!,
  shift: binary("add"),

  reduce_sum: (b, { attributes }, { inputs, shapes }) => sumOver(b, inputs[0]!, shapes[0]!, attributes.axes),
  reduce_mean: (b, { attributes }, { inputs, shapes }) => meanOver(b, inputs[0]!, shapes[0]!, attributes.axes),
  reduce_max: (b, { attributes }, { inputs, shapes }) => reduce(b, "max", inputs[0]!, shapes[0]!, attributes.axes),
  reduce_variance: (b, { attributes }, { inputs, shapes }) => varianceOver(b, inputs[0]!, shapes[0]!, attributes.axes),
  route_max: (b, { attributes }, { inputs, shapes }) => routeMax(b, three(inputs), shapes[1]!, attributes.axes),
  softmax: (b, { attributes }, { inputs, shapes }) => softmaxAlong(b, inputs[0]!, shapes[0]!, attributes.axis),
  log_softmax: (b, { attributes }, { inputs, shapes }) => logSoftmaxAlong(b, inputs[0]!, shapes[0]!, attributes.axis),

  reshape: (_, _node, { inputs }) => inputs[0]!,
  broadcast: (b, { shape }, { inputs, shapes }) => broadcast(b, inputs[0]!, shapes[0]!, shape),
  transpose: (b, { attributes }, { inputs, shapes }) => transpose(b, inputs[0]!, shapes[0]!, attributes.permutation),
  slice: (b, { attributes }, { inputs, shapes }) => slice(b, inputs[0]!, shapes[0]!, attributes.start, attributes.size),
  pad: (b, { attributes }, { inputs, shapes }) => pad(b, inputs[0]!, shapes[0]!, { ...attributes, value: 0 }),
  concat: (b, { attributes }, { inputs, shapes }) => concat(b, inputs, shapes, attributes.axis),
  upsample: (b, { attributes }, { inputs }) => b.call("upsample", inputs, attributes),
  block_sum: (b, { attributes: { factor } }, { inputs }) =>
    windowSum(b, inputs[0]!, { kernel: factor, stride: factor, padding: [0, 0, 0, 0], dilation: [1, 1] }),

  matmul: (b, { attributes }, { inputs, shapes }) => product(b, inputs, shapes, attributes),
  conv2d: (b, { attributes }, { inputs: [x, w] }) => convolution(b, x!, w!, attributes),
  conv2d_input_gradient: (b, { attributes }, { inputs: [g, w] }) => inputGradient(b, g!, w!, attributes),
  conv2d_weight_gradient: (b, { attributes }, { inputs: [x, g] }) => weightGradient(b, x!, g!, attributes),

  window_sum: (b, { attributes }, { inputs }) => windowSum(b, inputs[0]!, attributes),
  window_spread: (b, { attributes }, { inputs }) => windowSpread(b, inputs[0]!, attributes),
  window_max: (b, { attributes }, { inputs }) => windowMax(b, inputs[0]!, attributes),
  window_route: (b, { attributes }, { inputs }) => windowRoute(b, three(inputs), attributes),

  unit_rows: (b, _, { inputs, shapes }) => unitRows(b, inputs[0]!, shapes[0]!),
  patch_norm: (b, { attributes }, { inputs }) => patchNorm(b, inputs[0]!, attributes),
  row_norm: (b, { attributes }, { inputs, shapes }) => rowNorm(b, inputs[0]!, shapes[0]!, attributes.epsilon),
  bcos_scale: (b, { attributes }, { inputs: [o, n], shapes: [shape, norms] }) =>
    bcosScale(b, [o!, n!], [shape!, norms!], attributes.b),
};

/** The node's value: of its shape where that has at most four axes. `shapes` are those of the graph. */
export function lowerNode(b: CallBuilder, node: Node, lowered: Lowered): CallValue {
  const value = (table[node.op] as Lowering<OpKind>)(b, node as NodeOf<OpKind>, lowered);
  return c.reshape(b, value, atMostFour(node.shape));
}
