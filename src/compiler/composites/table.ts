/**
 * The composites by name, each with small uses. Tests check every one: that its explanation adds up to its value, and its
 * true gradient by finite differences. A composite without a use fails them.
 */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ConvAttributes, Shape, ValueId } from "../graph/graph.ts";
import type { Variant } from "../layers/layer.ts";
import { attend } from "./attention.ts";
import { bcosConv, bcosLinear, type BcosOptions } from "./bcos-linear.ts";
import { encodeInput, normaliseInput, takeEncoded, type EncodedInput } from "./encode.ts";
import { gated, geluGate, siluGate, unattributed } from "./gates.ts";
import { logitLayer } from "./logits.ts";
import { normalise, normKindOf } from "./norm.ts";
import { cutPatches } from "./patches.ts";
import { averageWindow, blurWindow, globalAverage } from "./pools.ts";
import { addPositions } from "./position.ts";

export interface CompositeSpecimen {
  /** Of the input, with the batch. */
  readonly input: Shape;
  /**
   * Its value; of an encoding also what explanations refer to instead of x. Weights are state tensors of any name;
   * `running_var` has to be positive.
   */
  readonly build: (graph: GraphBuilder, x: ValueId) => ValueId | EncodedInput;
}

export interface Composite {
  /** The functions that its specimens use. */
  readonly functions: readonly ((...args: never[]) => unknown)[];
  readonly specimens: readonly CompositeSpecimen[];
}

const plain: ConvAttributes = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 };
const unit: BcosOptions = { b: 2, maxout: 1, weights: "unit", divisor: 1 };

function convolution(input: Shape, weight: Shape, attributes: Partial<ConvAttributes>, options: Partial<BcosOptions>) {
  return {
    input,
    build: (graph: GraphBuilder, x: ValueId) =>
      bcosConv(graph, x, g.state(graph, "weight", weight), { ...plain, ...attributes }, { ...unit, ...options }),
  };
}

function product(input: Shape, weight: Shape, options: Partial<BcosOptions>): CompositeSpecimen {
  return {
    input,
    build: (graph, x) => bcosLinear(graph, x, g.state(graph, "weight", weight), { ...unit, ...options }),
  };
}

function norm(input: Shape, kind: Variant, biased: boolean, training = false): CompositeSpecimen {
  const found = normKindOf(kind);
  const size = [found.statistics === "all" ? 1 : (input.at(-1) ?? 1)];
  const overBatch = found.statistics === "batch" || found.statistics === "all";
  return {
    input,
    build: (graph, x) => {
      const mean = found.centered ? g.state(graph, "running_mean", size) : undefined;
      const running = { variance: g.state(graph, "running_var", size), mean, momentum: 0.1 };
      return normalise(graph, x, {
        kind: found,
        epsilon: 1e-5,
        weight: g.state(graph, "weight", size),
        bias: biased ? g.state(graph, "bias", size) : undefined,
        running: overBatch ? running : undefined,
        training,
        name: "norm",
      }).y;
    },
  };
}

const image = [2, 3, 4, 4];
const normalised: Variant = {
  variant: "add_inverse_normalized",
  args: [
    [0.5, 0.4],
    [0.2, 0.3],
  ],
};

function normsOf(variant: string, args: readonly number[] = []): readonly CompositeSpecimen[] {
  const [centered, uncentered] = [
    { variant, args },
    { variant: `${variant}_uncentered`, args },
  ];
  const both = [norm(image, centered, true), norm(image, uncentered, false)];
  const overBatch = variant === "batch" || variant === "all";
  return overBatch ? [...both, norm(image, centered, false, true), norm(image, uncentered, true, true)] : both;
}

export const composites: Readonly<Record<string, Composite>> = {
  "B-cos convolution": {
    functions: [bcosConv],
    specimens: [
      convolution([2, 4, 5, 3], [4, 3, 3, 3], {}, {}),
      convolution([1, 4, 4, 2], [3, 2, 2, 2], { padding: [0, 0, 0, 0] }, { b: 1 }),
      convolution([1, 5, 5, 2], [6, 3, 3, 2], { stride: [2, 2] }, { b: 1.5, maxout: 2 }),
      convolution([1, 4, 5, 4], [4, 3, 3, 2], { groups: 2 }, { b: 2.5, weights: "free" }),
      convolution([1, 5, 5, 4], [8, 3, 3, 2], { groups: 2, dilation: [2, 2], padding: [2, 2, 2, 2] }, { maxout: 2 }),
      convolution([1, 3, 4, 3], [3, 3, 3, 1], { groups: 3 }, { divisor: 0.06 }),
    ],
  },
  "B-cos product": {
    functions: [bcosLinear],
    specimens: [
      product([2, 5], [3, 5], {}),
      product([2, 5], [6, 5], { b: 1.25, maxout: 2 }),
      product([2, 3, 4], [4, 4], { b: 1, weights: "free" }),
      product([2, 3, 4], [4, 4], { b: 3, divisor: 2 }),
    ],
  },
  normalisation: {
    functions: [normalise],
    specimens: [
      ...normsOf("batch"),
      ...normsOf("all"),
      ...normsOf("layer"),
      ...normsOf("position"),
      ...normsOf("instance"),
      ...normsOf("group", [2]),
      norm([3, 6], { variant: "layer", args: [] }, true),
      norm([2, 3, 4], { variant: "layer_uncentered", args: [] }, false),
      norm([3, 6], { variant: "group", args: [3] }, false),
      norm([4, 3], { variant: "batch_uncentered", args: [] }, false, true),
    ],
  },
  gates: {
    functions: [geluGate, siluGate, gated, unattributed],
    specimens: [
      { input: [2, 6], build: geluGate },
      { input: [2, 6], build: siluGate },
      {
        input: [2, 2, 2, 3],
        build: (graph, x) => gated(graph, x, g.sigmoid(graph, g.reshape(graph, globalAverage(graph, x), [2, 1, 1, 3]))),
      },
      { input: [2, 6], build: (graph, x) => g.add(graph, x, unattributed(graph, g.sigmoid(graph, x), "gate")) },
    ],
  },
  pooling: {
    functions: [averageWindow, globalAverage, blurWindow],
    specimens: [
      {
        input: [2, 5, 4, 2],
        build: (graph, x) =>
          averageWindow(graph, x, { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1] }),
      },
      { input: [2, 3, 4, 2], build: globalAverage },
      { input: [2, 3, 4], build: globalAverage },
      {
        input: [1, 5, 5, 2],
        build: (graph, x) => blurWindow(graph, x, 3, { stride: [2, 2], padding: [1, 1, 1, 1] }),
      },
    ],
  },
  tokens: {
    functions: [cutPatches, addPositions, attend],
    specimens: [
      { input: [2, 4, 6, 3], build: (graph, x) => cutPatches(graph, x, [2, 3]) },
      { input: [2, 3, 2, 8], build: (graph, x) => addPositions(graph, x, 10000, "places") },
      { input: [1, 1, 3, 12], build: (graph, x) => addPositions(graph, x, 100, "places") },
      { input: [2, 4, 12], build: (graph, x) => attend(graph, x, 2) },
      { input: [1, 5, 9], build: (graph, x) => attend(graph, x, 1) },
    ],
  },
  "input encoding": {
    functions: [encodeInput, takeEncoded, normaliseInput],
    specimens: [
      { input: [2, 2, 2, 3], build: (graph, x) => encodeInput(graph, x, { variant: "add_inverse", args: [] }) },
      { input: [2, 2, 2, 2], build: (graph, x) => encodeInput(graph, x, normalised) },
      { input: [2, 4], build: (graph, x) => encodeInput(graph, x, { variant: "none", args: [] }) },
      { input: [2, 2, 2, 4], build: (graph, x) => takeEncoded(graph, x, normalised) },
      { input: [2, 4], build: (graph, x) => takeEncoded(graph, x, { variant: "add_inverse", args: [] }) },
      { input: [2, 2, 2, 2], build: (graph, x) => normaliseInput(graph, x, normalised) },
      { input: [2, 4], build: (graph, x) => normaliseInput(graph, x, { variant: "none", args: [] }) },
    ],
  },
  "logit layer": {
    functions: [logitLayer],
    specimens: [
      { input: [2, 4], build: (graph, x) => logitLayer(graph, x, 10, -2.2) },
      { input: [2, 4], build: (graph, x) => logitLayer(graph, x, 1, 0) },
    ],
  },
};
