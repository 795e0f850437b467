/** `conv` and `depthwise_conv`. */
import { bcosConv, scaleDivisor } from "../composites/bcos-linear.ts";
import * as g from "../graph/build.ts";
import type { ConvAttributes, ValueId } from "../graph/graph.ts";
import type { Initial } from "../graph/program.ts";
import type { LayerInstance } from "../network/network.ts";
import {
  b,
  bias,
  boolOf,
  dilation,
  imageOf,
  kernel,
  maxout,
  numberOf,
  optionalNumber,
  unitText,
  padding,
  paddingOf,
  pairOf,
  problem,
  single,
  stride,
  weights,
  weightsOf,
  width,
} from "./arguments.ts";
import { withBias } from "./bias.ts";
import type { LayerArguments, LayerDefinition, LoweringContext, ShapeResult } from "./layer.ts";
import { bothSides, windowed, type Window } from "./windows.ts";

/** How the bias of a convolution starts. */
const noBias: Initial = { kind: "constant", value: 0 };

function windowOf(args: LayerArguments): Window {
  const size = pairOf(args, "kernel");
  const dilated = pairOf(args, "dilation");
  return { kernel: size, stride: pairOf(args, "stride"), padding: paddingOf(args, size, dilated), dilation: dilated };
}

/** What differs between the two layers: how many outputs and groups the arguments mean for so many input channels. */
type Channels = (args: LayerArguments, channels: number) => { readonly width: number; readonly groups: number };

function convLayer(
  name: string,
  channelsOf: Channels,
  description: Pick<LayerDefinition, "summary" | "parameters">,
): LayerDefinition {
  function shape(args: LayerArguments, inputs: readonly (readonly number[])[]): ShapeResult {
    const input = imageOf(name, single(inputs));
    if ("problem" in input) return input;
    const channels = input.image[2];
    const out = channelsOf(args, channels);
    for (const [what, count] of [
      ["input channels", channels],
      ["outputs", out.width],
    ] as const)
      if (count % out.groups !== 0)
        return problem({ code: "shape/groups", params: { layer: name, what, count, groups: out.groups } });
    const size = windowed(name, input.image, windowOf(args));
    return "problem" in size ? size : { shape: [...size.size, out.width] };
  }

  /** The weight, `units` rows an output, and the attributes of the product with it. */
  function parts(context: LoweringContext, layer: LayerInstance, input: ValueId, units: number) {
    const channels = context.graph.shapeOf(input)[3] ?? 0;
    const window = windowOf(layer.arguments);
    const out = channelsOf(layer.arguments, channels);
    const attributes: ConvAttributes = {
      stride: window.stride,
      padding: bothSides(window.padding),
      dilation: window.dilation,
      groups: out.groups,
    };
    const weight = context.weight(
      layer,
      "weight",
      [out.width * units, ...window.kernel, channels / out.groups],
      { kind: "kaiming_normal", fan: "out" },
      "ohwi",
    );
    return { weight, attributes, kernel: window.kernel, channels, width: out.width };
  }

  return {
    ...description,
    name,
    category: "linear",
    inputs: "one",
    weighted: true,
    shape,
    standard(context, layer, inputs) {
      const { graph } = context;
      const { weight, attributes, width } = parts(context, layer, single(inputs), 1);
      const y = g.conv2d(graph, single(inputs), weight, attributes);
      if (!boolOf(layer.arguments, "bias")) return y;
      const b = context.weight(layer, "bias", [width], noBias);
      return g.shift(graph, layer.path, y, b);
    },
    becomes: (args, settings) => `B-cos ${name}, ${unitText(args, settings)}`,
    bcos(context, layer, inputs) {
      const { settings } = context;
      const units = optionalNumber(layer.arguments, "maxout") ?? settings.maxout;
      const { weight, attributes, kernel, channels, width } = parts(context, layer, single(inputs), units);
      const y = bcosConv(context.graph, single(inputs), weight, attributes, {
        b: optionalNumber(layer.arguments, "b") ?? settings.b,
        maxout: units,
        weights: weightsOf(layer.arguments, settings),
        divisor: scaleDivisor(settings.scale, kernel, channels),
      });
      return withBias(context, layer, y, width, noBias);
    },
  };
}

export const conv = convLayer(
  "conv",
  (args) => ({ width: numberOf(args, "width"), groups: numberOf(args, "groups") }),
  {
    summary: "Convolution (cross-correlation) over an image. In the B-cos form a B-cos convolution.",
    parameters: [
      width("Number of output channels."),
      kernel,
      stride,
      padding,
      dilation,
      {
        name: "groups",
        type: { kind: "int", min: 1 },
        default: 1,
        required: false,
        doc: "Runs of channels that don't see each other. Divides the input channels and the width.",
      },
      b,
      maxout,
      weights,
      bias(false),
    ],
  },
);

export const depthwiseConv = convLayer(
  "depthwise_conv",
  (args, channels) => ({ width: channels * numberOf(args, "multiplier"), groups: channels }),
  {
    summary:
      "Convolution of each channel by itself. In the B-cos form a B-cos convolution with a patch norm a channel.",
    parameters: [
      kernel,
      stride,
      padding,
      dilation,
      {
        name: "multiplier",
        type: { kind: "int", min: 1 },
        default: 1,
        required: false,
        doc: "Output channels for each input channel.",
      },
      b,
      maxout,
      weights,
      bias(false),
    ],
  },
);
