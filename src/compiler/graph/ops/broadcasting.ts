/** Ops on two or three tensors, element by element, broadcasting as NumPy does. */
import { add, div, greater, mul, neg, scalar, select, sub, times } from "../build.ts";
import type { GraphBuilder } from "../builder.ts";
import { sizeOf } from "../graph.ts";
import type { ValueId } from "../graph.ts";
import type { OpDefinition, OpGroup, Specimen, SpecimenInput } from "./definition.ts";
import { noAttributes } from "./definition.ts";
import { broadcastShapes } from "./shapes.ts";

type Binary = "add" | "sub" | "mul" | "div" | "max" | "min" | "greater";

/** Cotangents of both operands, in the result's shape. */
type Rule = (
  b: GraphBuilder,
  g: ValueId,
  x: ValueId,
  y: ValueId,
  output: ValueId,
) => readonly [ValueId | undefined, ValueId | undefined];

type Range = SpecimenInput["range"];

function binary<K extends Binary>(doc: string, rule: Rule, right: Range = [-1.5, 1.5]): OpDefinition<K> {
  const specimen = (x: readonly number[], y: readonly number[]): Specimen<"add"> => ({
    inputs: [
      { shape: x, range: [-1.5, 1.5] },
      { shape: y, range: right },
    ],
    attributes: noAttributes,
  });
  const definition: OpDefinition<"add"> = {
    doc,
    arity: 2,
    shape: (inputs) => broadcastShapes(inputs),
    flops: (node) => sizeOf(node.shape),
    gradient: ({ graph, inputs, output, cotangent }) => rule(graph, cotangent, inputs[0]!, inputs[1]!, output),
    specimens: [specimen([2, 3], [2, 3]), specimen([2, 3, 2], [3, 1]), specimen([1, 2], [3, 1]), specimen([], [2])],
  };
  // All of them have the same empty attributes, so an entry for `add` is an entry for each.
  return definition as unknown as OpDefinition<K>;
}

/** Share of the cotangent that goes to x where the larger one wins: 1, 0, or ½ at ties. */
function larger(b: GraphBuilder, x: ValueId, y: ValueId): ValueId {
  return times(b, add(b, scalar(b, 1), sub(b, greater(b, x, y), greater(b, y, x))), 0.5);
}

function split(b: GraphBuilder, g: ValueId, share: ValueId): readonly [ValueId, ValueId] {
  return [mul(b, g, share), mul(b, g, sub(b, scalar(b, 1), share))];
}

export const broadcasting: OpGroup<Binary | "select"> = {
  add: binary("x + y", (_, g) => [g, g]),
  sub: binary("x − y", (b, g) => [g, neg(b, g)]),
  mul: binary("x · y", (b, g, x, y) => [mul(b, g, y), mul(b, g, x)]),
  div: binary(
    "x / y",
    (b, g, _, y, output) => {
      const dx = div(b, g, y);
      return [dx, neg(b, mul(b, dx, output))];
    },
    [0.5, 2],
  ),
  max: binary("The larger of x and y; a tie gives half the gradient to each", (b, g, x, y) =>
    split(b, g, larger(b, x, y)),
  ),
  min: binary("The smaller of x and y; a tie gives half the gradient to each", (b, g, x, y) =>
    split(b, g, larger(b, y, x)),
  ),
  greater: binary("1 where x > y, else 0", () => [undefined, undefined]),
  select: {
    doc: "(condition, x, y): x where the condition is not 0, else y",
    arity: 3,
    shape: (inputs) => broadcastShapes(inputs),
    flops: (node) => sizeOf(node.shape),
    gradient: ({ graph: b, inputs, cotangent }) => {
      const zero = scalar(b, 0);
      return [undefined, select(b, inputs[0]!, cotangent, zero), select(b, inputs[0]!, zero, cotangent)];
    },
    specimens: [
      {
        inputs: [{ shape: [2, 3] }, { shape: [2, 3] }, { shape: [3] }],
        attributes: noAttributes,
        build: (b, [c, x, y]) => select(b, greater(b, c!, scalar(b, 0)), x!, y!),
      },
      {
        inputs: [{ shape: [2, 1] }, { shape: [] }, { shape: [1, 3] }],
        attributes: noAttributes,
        build: (b, [c, x, y]) => select(b, greater(b, c!, scalar(b, 0)), x!, y!),
      },
    ],
  },
};
