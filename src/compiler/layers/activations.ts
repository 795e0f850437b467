/** `relu`, `leaky_relu`, `gelu`, `silu` and `sigmoid`. */
import { geluGate, siluGate, unattributed } from "../composites/gates.ts";
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";
import { numberOf, single } from "./arguments.ts";
import type { LayerArguments, LayerDefinition, LayerParameter } from "./layer.ts";

/** An activation that the B-cos form may drop; `setting` says which of the settings decides. */
function droppable(
  name: string,
  setting: "relu" | "gelu",
  summary: string,
  emit: (graph: GraphBuilder, x: ValueId, args: LayerArguments) => ValueId,
  parameters: readonly LayerParameter[] = [],
): LayerDefinition {
  return {
    name,
    summary,
    category: "activation",
    parameters,
    inputs: "one",
    weighted: false,
    shape: (_, inputs) => ({ shape: single(inputs) }),
    standard: (context, layer, inputs) => emit(context.graph, single(inputs), layer.arguments),
    becomes: (_, settings) => (settings[setting] === "keep" ? name : "dropped"),
    bcos(context, layer, inputs) {
      if (context.settings[setting] === "keep") return emit(context.graph, single(inputs), layer.arguments);
      context.note(layer, "bcos/relu-dropped", { layer: name, path: layer.path, count: 1 });
      return single(inputs);
    },
  };
}

export const relu = droppable(
  "relu",
  "relu",
  "max(x, 0). Dropped in the B-cos form, which is non-linear by itself, unless the settings keep it.",
  g.relu,
);

export const leakyRelu = droppable(
  "leaky_relu",
  "relu",
  "max(x, slope * x). In the B-cos form as `relu`.",
  // Of slopes up to 1 the larger one is x for positive and slope * x for negative numbers.
  (graph, x, args) => g.max(graph, x, g.times(graph, x, numberOf(args, "slope"))),
  [
    {
      name: "slope",
      type: { kind: "float", min: 0, max: 1 },
      default: 0.01,
      required: false,
      doc: "Factor of negative numbers.",
    },
  ],
);

export const gelu = droppable(
  "gelu",
  "gelu",
  "x Φ(x) with the normal distribution's Φ. Dropped in the B-cos form; where the settings keep it, Φ(x) is a dynamic factor.",
  geluGate,
);

export const silu = droppable(
  "silu",
  "gelu",
  "x sigmoid(x). In the B-cos form as `gelu`: dropped, or kept with a dynamic factor.",
  siluGate,
);

export const sigmoid: LayerDefinition = {
  name: "sigmoid",
  summary: "1 / (1 + exp(-x)). Made for gates, `x * gate`: there it is a dynamic factor; elsewhere a constant part.",
  category: "activation",
  parameters: [],
  inputs: "one",
  weighted: false,
  shape: (_, inputs) => ({ shape: single(inputs) }),
  standard: (context, _, inputs) => g.sigmoid(context.graph, single(inputs)),
  // Sigmoid(0) isn't 0, so its value is no linear map of its input.
  bcos: (context, layer, inputs) => unattributed(context.graph, g.sigmoid(context.graph, single(inputs)), layer.path),
};
