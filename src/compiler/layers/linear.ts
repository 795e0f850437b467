/** `linear`: a matrix product over the last axis. */
import { bcosLinear, scaleDivisor } from "../composites/bcos-linear.ts";
import * as g from "../graph/build.ts";
import type { ValueId } from "../graph/graph.ts";
import type { LayerInstance } from "../network/network.ts";
import {
  b,
  bias,
  boolOf,
  maxout,
  numberOf,
  optionalNumber,
  single,
  unitText,
  weights,
  weightsOf,
  width,
} from "./arguments.ts";
import { withBias } from "./bias.ts";
import type { LayerDefinition, LoweringContext } from "./layer.ts";

function weightOf(context: LoweringContext, layer: LayerInstance, input: ValueId, units: number) {
  const features = context.graph.shapeOf(input).at(-1) ?? 0;
  const outputs = numberOf(layer.arguments, "width");
  const initial = { kind: "kaiming_uniform", fanIn: features } as const;
  return { features, outputs, initial, weight: context.weight(layer, "weight", [outputs * units, features], initial) };
}

export const linear: LayerDefinition = {
  name: "linear",
  summary: "Matrix product over the last axis of a vector, of tokens or of an image's pixels.",
  category: "linear",
  parameters: [width("Number of outputs."), b, maxout, weights, bias(true)],
  inputs: "one",
  weighted: true,
  shape(args, inputs) {
    return { shape: [...single(inputs).slice(0, -1), numberOf(args, "width")] };
  },
  standard(context, layer, inputs) {
    const { weight, outputs, initial } = weightOf(context, layer, single(inputs), 1);
    const y = g.matmul(context.graph, single(inputs), weight, { b: true });
    if (!boolOf(layer.arguments, "bias")) return y;
    return g.shift(context.graph, layer.path, y, context.weight(layer, "bias", [outputs], initial));
  },
  becomes: (args, settings) => `B-cos linear, ${unitText(args, settings)}`,
  bcos(context, layer, inputs) {
    const { settings } = context;
    const units = optionalNumber(layer.arguments, "maxout") ?? settings.maxout;
    const { weight, features, outputs, initial } = weightOf(context, layer, single(inputs), units);
    const y = bcosLinear(context.graph, single(inputs), weight, {
      b: optionalNumber(layer.arguments, "b") ?? settings.b,
      maxout: units,
      weights: weightsOf(layer.arguments, settings),
      divisor: scaleDivisor(settings.scale, [1, 1], features),
    });
    return withBias(context, layer, y, outputs, initial);
  },
};
