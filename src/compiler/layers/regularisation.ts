/** `dropout`, `stochastic_depth` and `layer_scale`. */
import * as g from "../graph/build.ts";
import type { Shape, ValueId } from "../graph/graph.ts";
import type { LayerInstance } from "../network/network.ts";
import { numberOf, rate, single } from "./arguments.ts";
import type { LayerDefinition, LoweringContext } from "./layer.ts";

/**
 * x · mask / (1 − rate) in training, where the mask, of the shape given, is 0 with probability `rate` and 1 otherwise; x
 * itself in evaluation. The expectation is x in both.
 */
function dropped(context: LoweringContext, layer: LayerInstance, x: ValueId, maskShape: Shape): ValueId {
  const { graph } = context;
  const share = numberOf(layer.arguments, "rate");
  if (!context.training || share === 0) return x;
  const uniform = graph.emit("random_uniform", [context.step()], { shape: maskShape, key: keyOf(layer.path) });
  const kept = g.greater(graph, g.scalar(graph, 1 - share), uniform);
  return g.mul(graph, x, share === 1 ? kept : g.times(graph, kept, 1 / (1 - share)));
}

/** FNV-1a of the path: layers draw different numbers, and the same ones at every compilation. */
function keyOf(path: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(path)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

export const dropout: LayerDefinition = {
  name: "dropout",
  summary: "Sets elements to zero at random in training and enlarges the others to match.",
  category: "regularisation",
  parameters: [rate("Share of elements that are dropped.")],
  inputs: "one",
  weighted: false,
  shape: (_, inputs) => ({ shape: single(inputs) }),
  standard: (context, layer, inputs) => dropped(context, layer, single(inputs), context.graph.shapeOf(single(inputs))),
  bcos: (context, layer, inputs) => dropped(context, layer, single(inputs), context.graph.shapeOf(single(inputs))),
};

function perSample(context: LoweringContext, x: ValueId): Shape {
  return context.graph.shapeOf(x).map((d, i) => (i === 0 ? d : 1));
}

export const stochasticDepth: LayerDefinition = {
  name: "stochastic_depth",
  summary: "Sets a whole residual branch to zero at random in training, sample by sample (Huang et al. 2016).",
  category: "regularisation",
  parameters: [rate("Share of samples whose branch is dropped.")],
  inputs: "one",
  weighted: false,
  shape: (_, inputs) => ({ shape: single(inputs) }),
  standard: (context, layer, inputs) => dropped(context, layer, single(inputs), perSample(context, single(inputs))),
  bcos: (context, layer, inputs) => dropped(context, layer, single(inputs), perSample(context, single(inputs))),
};

function scaled(context: LoweringContext, layer: LayerInstance, x: ValueId): ValueId {
  const { graph } = context;
  const channels = graph.shapeOf(x).at(-1) ?? 1;
  const initial = { kind: "constant", value: numberOf(layer.arguments, "initial") } as const;
  return g.mul(graph, x, context.weight(layer, "weight", [channels], initial));
}

export const layerScale: LayerDefinition = {
  name: "layer_scale",
  summary: "One trainable factor a channel, small at first (Touvron et al. 2021).",
  category: "regularisation",
  parameters: [
    {
      name: "initial",
      type: { kind: "float" },
      default: 1e-6,
      required: false,
      doc: "Value of the factors before training.",
    },
  ],
  inputs: "one",
  weighted: true,
  shape: (_, inputs) => ({ shape: single(inputs) }),
  standard: (context, layer, inputs) => scaled(context, layer, single(inputs)),
  bcos: (context, layer, inputs) => scaled(context, layer, single(inputs)),
};
