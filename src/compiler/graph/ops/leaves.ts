/** Ops without inputs: what is fed, the session's state, constants, random numbers. */
import { sizeOf } from "../graph.ts";
import type { Shape } from "../graph.ts";
import type { OpGroup } from "./definition.ts";
import { expect, expectWhole, formatShape } from "./shapes.ts";

const leaf = "it has no inputs";

function stated(given: Shape | undefined): Shape {
  expect(given !== undefined, "its shape must be given");
  expectWhole(given, 0, "the shape");
  return given;
}

export const leaves: OpGroup<"input" | "state" | "constant" | "random_uniform"> = {
  input: {
    doc: "A tensor fed at every run, by name.",
    arity: 0,
    shape: (_, { name }, given) => {
      expect(typeof name === "string" && name !== "", "an input needs a name");
      return stated(given);
    },
    flops: () => 0,
    notDifferentiable: leaf,
    specimens: [{ inputs: [], attributes: { name: "image" }, shape: [2, 3] }],
  },
  state: {
    doc: "A tensor of the session's state, by path.",
    arity: 0,
    shape: (_, { path }, given) => {
      expect(typeof path === "string" && path !== "", "a state tensor needs a path");
      return stated(given);
    },
    flops: () => 0,
    notDifferentiable: leaf,
    specimens: [{ inputs: [], attributes: { path: "conv1.weight" }, shape: [2, 3] }],
  },
  constant: {
    doc: "Numbers known when the graph is built: one for all elements, or one an element.",
    arity: 0,
    shape: (_, { values }, given) => {
      const shape = stated(given);
      expect(
        Array.isArray(values) && values.every((v) => typeof v === "number"),
        "a constant's values must be a list of numbers",
      );
      expect(
        values.length === 1 || values.length === sizeOf(shape),
        () => `a constant of shape ${formatShape(shape)} needs 1 or ${sizeOf(shape)} values, has ${values.length}`,
      );
      return shape;
    },
    flops: () => 0,
    notDifferentiable: leaf,
    specimens: [
      { inputs: [], attributes: { values: [2] }, shape: [2, 3] },
      { inputs: [], attributes: { values: [1, 2, 3] }, shape: [3] },
      { inputs: [], attributes: { values: [5] }, shape: [] },
    ],
  },
  random_uniform: {
    doc: "Uniform numbers in [0, 1), the same for the same key, step and element on every device.",
    arity: { min: 0, max: 1 },
    shape: (inputs, { shape, key }) => {
      expectWhole(shape, 0, "the shape");
      expect(Number.isSafeInteger(key) && key >= 0, () => `the key must be a whole number of at least 0, is ${key}`);
      const step = inputs[0];
      expect(
        step === undefined || (step.length === 1 && step[0] === 1),
        () => `the step must have shape [1], has ${formatShape(step ?? [])}`,
      );
      return shape;
    },
    flops: ({ shape }) => sizeOf(shape),
    notDifferentiable: "random numbers do not depend on anything continuous",
    specimens: [
      { inputs: [], attributes: { shape: [4, 3], key: 7 } },
      { inputs: [{ shape: [1], range: [3, 4] }], attributes: { shape: [5], key: 7 } },
    ],
  },
};
