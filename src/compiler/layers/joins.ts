/** The layers with several inputs: `a + b`, `a * b` and `concat(a, b, …)`. */
import { gated, isSigmoid } from "../composites/gates.ts";
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { sameShape, type Shape, type ValueId } from "../graph/graph.ts";
import { problem } from "./arguments.ts";
import type { LayerDefinition } from "./layer.ts";

function two<T>(inputs: readonly T[]): readonly [T, T] {
  const [left, right] = inputs;
  if (left === undefined || right === undefined || inputs.length > 2)
    throw new Error(`an operator with ${inputs.length} inputs`);
  return [left, right];
}

export const add: LayerDefinition = {
  name: "add",
  summary: "`a + b`: the sum, element by element. Both sides have the same shape.",
  category: "join",
  parameters: [],
  inputs: "many",
  weighted: false,
  shape(_, inputs) {
    const [left, right] = two(inputs);
    return sameShape(left, right) ? { shape: left } : problem({ code: "shape/mismatch", params: { operator: "+" } });
  },
  standard: (context, _, inputs) => g.add(context.graph, ...two(inputs)),
  bcos: (context, _, inputs) => g.add(context.graph, ...two(inputs)),
};

/** Whether `gate` is one number a channel of `map`: `[C]` or `[1, 1, C]` beside `[H, W, C]`. */
function isChannelGate(map: Shape, gate: Shape): boolean {
  return gate.length <= map.length && gate.at(-1) === map.at(-1) && gate.slice(0, -1).every((d) => d === 1);
}

/** Both sides with the same number of axes: [N,C] beside [N,H,W,C] becomes [N,1,1,C]. */
function aligned(graph: GraphBuilder, left: ValueId, right: ValueId): readonly [ValueId, ValueId] {
  const [a, b] = [graph.shapeOf(left), graph.shapeOf(right)];
  const raised = (value: ValueId, shape: Shape, rank: number): ValueId => {
    if (shape.length >= rank) return value;
    const ones = new Array<number>(rank - shape.length).fill(1);
    return g.reshape(graph, value, [...shape.slice(0, 1), ...ones, ...shape.slice(1)]);
  };
  return [raised(left, a, b.length), raised(right, b, a.length)];
}

export const mul: LayerDefinition = {
  name: "mul",
  summary:
    "`a * b`: the product, element by element, or of a map with one number a channel. In the B-cos form one side is the " +
    "gate, a dynamic factor: the side that ends in `sigmoid`, otherwise the right one.",
  category: "join",
  parameters: [],
  inputs: "many",
  weighted: false,
  shape(_, inputs) {
    const [left, right] = two(inputs);
    if (sameShape(left, right) || isChannelGate(left, right)) return { shape: left };
    if (isChannelGate(right, left)) return { shape: right };
    return problem({ code: "shape/mismatch", params: { operator: "*" } });
  },
  standard: (context, _, inputs) => g.mul(context.graph, ...aligned(context.graph, ...two(inputs))),
  becomes: () => "product with a dynamic gate",
  bcos(context, _, inputs) {
    const [left, right] = two(inputs);
    const leftIsGate = isSigmoid(context.graph, left) && !isSigmoid(context.graph, right);
    const [a, b] = aligned(context.graph, left, right);
    return leftIsGate ? gated(context.graph, b, a) : gated(context.graph, a, b);
  },
};

export const concat: LayerDefinition = {
  name: "concat",
  summary: "`concat(a, b, …)`: the channels of all parts, one after the other.",
  category: "join",
  parameters: [],
  inputs: "many",
  weighted: false,
  shape(_, inputs) {
    const [first] = inputs;
    if (first === undefined) throw new Error("concat without parts");
    const before = first.slice(0, -1);
    if (inputs.some((shape) => shape.length !== first.length || !sameShape(shape.slice(0, -1), before)))
      return problem({ code: "shape/mismatch", params: { operator: "concat" } });
    return { shape: [...before, inputs.reduce((sum, shape) => sum + (shape.at(-1) ?? 0), 0)] };
  },
  standard: (context, _, inputs) => joined(context.graph, inputs),
  bcos: (context, _, inputs) => joined(context.graph, inputs),
};

function joined(graph: GraphBuilder, inputs: readonly ValueId[]): ValueId {
  const [first] = inputs;
  if (first === undefined) throw new Error("concat without parts");
  return inputs.length === 1 ? first : g.concat(graph, inputs, graph.shapeOf(first).length - 1);
}
