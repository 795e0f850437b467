/** Ops on one tensor, element by element. */
import { div, exp, greater, mul, neg, power, scalar, sigmoid, sign, square, sub, times } from "../build.ts";
import type { GraphBuilder } from "../builder.ts";
import { sizeOf } from "../graph.ts";
import type { ValueId } from "../graph.ts";
import type { OpDefinition, OpGroup, SpecimenInput } from "./definition.ts";
import { noAttributes } from "./definition.ts";
import { expect } from "./shapes.ts";

type PlainUnary =
  ("neg" | "abs" | "sign" | "square" | "sqrt" | "exp" | "log" | "sigmoid" | "tanh" | "erf" | "softplus") | "relu";

/** Derivative times cotangent; `undefined` where the derivative is 0 everywhere. */
type Chain = (b: GraphBuilder, g: ValueId, x: ValueId, y: ValueId) => ValueId | undefined;

function unary<K extends PlainUnary>(
  doc: string,
  chain: Chain,
  range: SpecimenInput["range"] = [-1, 1],
): OpDefinition<K> {
  const definition: OpDefinition<"neg"> = {
    doc,
    arity: 1,
    shape: ([x]) => x!,
    flops: (node) => sizeOf(node.shape),
    gradient: ({ graph, inputs, output, cotangent }) => [chain(graph, cotangent, inputs[0]!, output)],
    specimens: [{ inputs: [{ shape: [2, 5], range }], attributes: noAttributes }],
  };
  // All of them have the same empty attributes, so an entry for `neg` is an entry for each.
  return definition as unknown as OpDefinition<K>;
}

export const elementwise: OpGroup<PlainUnary | "power"> = {
  neg: unary("−x", (b, g) => neg(b, g)),
  abs: unary("|x|; the gradient at 0 is 0", (b, g, x) => mul(b, g, sign(b, x)), [-2, 2]),
  sign: unary("−1, 0 or 1; sign(0) = 0", () => undefined, [-2, 2]),
  square: unary("x²", (b, g, x) => mul(b, g, times(b, x, 2)), [-2, 2]),
  sqrt: unary("√x", (b, g, _, y) => div(b, g, times(b, y, 2)), [0.5, 3]),
  exp: unary("eˣ", (b, g, _, y) => mul(b, g, y)),
  log: unary("ln x", (b, g, x) => div(b, g, x), [0.5, 3]),
  sigmoid: unary("1 / (1 + e⁻ˣ)", (b, g, _, y) => mul(b, g, mul(b, y, sub(b, scalar(b, 1), y))), [-3, 3]),
  tanh: unary("tanh x", (b, g, _, y) => mul(b, g, sub(b, scalar(b, 1), square(b, y))), [-2, 2]),
  erf: unary(
    "The error function, 2/√π ∫₀ˣ exp(−t²) dt",
    (b, g, x) => mul(b, g, times(b, exp(b, neg(b, square(b, x))), 2 / Math.sqrt(Math.PI))),
    [-2, 2],
  ),
  softplus: unary("ln(1 + eˣ), without overflow", (b, g, x) => mul(b, g, sigmoid(b, x)), [-3, 3]),
  relu: unary("max(x, 0); the gradient at 0 is 0", (b, g, x) => mul(b, g, greater(b, x, scalar(b, 0))), [-2, 2]),
  power: {
    doc: "xᵖ for x ≥ 0",
    arity: 1,
    shape: ([x], { exponent }) => {
      expect(Number.isFinite(exponent), () => `the exponent must be a finite number, is ${exponent}`);
      return x!;
    },
    flops: (node) => sizeOf(node.shape),
    gradient: ({ graph: b, node, inputs, cotangent }) => {
      const p = node.attributes.exponent;
      return [mul(b, cotangent, times(b, power(b, inputs[0]!, p - 1), p))];
    },
    specimens: [
      { inputs: [{ shape: [2, 3], range: [0.5, 2] }], attributes: { exponent: 1.5 } },
      { inputs: [{ shape: [4], range: [0.5, 2] }], attributes: { exponent: -0.5 } },
    ],
  },
};
