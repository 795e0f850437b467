/** `max_pool`, `avg_pool`, `global_avg_pool` and `blur_pool`. */
import { averageWindow, blurWindow, globalAverage } from "../composites/pools.ts";
import * as g from "../graph/build.ts";
import type { WindowAttributes } from "../graph/graph.ts";
import {
  imageOf,
  kernel,
  numberOf,
  optionalPair,
  padding,
  paddingOf,
  pairOf,
  problem,
  shapeText,
  single,
  stride,
  type Pair,
} from "./arguments.ts";
import type { LayerArguments, LayerDefinition, LayerParameter, ShapeResult } from "./layer.ts";
import { bothSides, windowed, type Window } from "./windows.ts";

const poolStride: LayerParameter = {
  ...stride,
  default: undefined,
  doc: "Step of the window in pixels: an int, or a list of two. Without it as large as the kernel.",
};

function windowOf(args: LayerArguments): Window {
  const size = pairOf(args, "kernel");
  return {
    kernel: size,
    stride: optionalPair(args, "stride") ?? size,
    padding: paddingOf(args, size),
    dilation: [1, 1],
  };
}

function attributesOf(args: LayerArguments): WindowAttributes {
  const window = windowOf(args);
  return { ...window, padding: bothSides(window.padding) };
}

function pooled(layer: string, args: LayerArguments, inputs: readonly (readonly number[])[]): ShapeResult {
  const input = imageOf(layer, single(inputs));
  if ("problem" in input) return input;
  const window = windowOf(args);
  for (const [i, axis] of [
    [0, "height"],
    [1, "width"],
  ] as const)
    if (2 * window.padding[i] > window.kernel[i])
      return problem({
        code: "shape/padding",
        params: { layer, axis, padding: window.padding[i], kernel: window.kernel[i] },
      });
  const size = windowed(layer, input.image, window);
  return "problem" in size ? size : { shape: [...size.size, input.image[2]] };
}

export const maxPool: LayerDefinition = {
  name: "max_pool",
  summary: "Maximum over a window. In the B-cos form an average over the same window, unless the settings keep it.",
  category: "pool",
  parameters: [kernel, poolStride, padding],
  inputs: "one",
  weighted: false,
  shape: (args, inputs) => pooled("max_pool", args, inputs),
  standard: (context, layer, inputs) => g.windowMax(context.graph, single(inputs), attributesOf(layer.arguments)),
  becomes: (_, settings) => (settings.maxPool === "keep" ? "max_pool" : "avg_pool"),
  bcos(context, layer, inputs) {
    if (context.settings.maxPool === "keep")
      return g.windowMax(context.graph, single(inputs), attributesOf(layer.arguments));
    context.note(layer, "bcos/max-pool-averaged", { path: layer.path, count: 1 });
    return averageWindow(context.graph, single(inputs), attributesOf(layer.arguments));
  },
};

export const avgPool: LayerDefinition = {
  name: "avg_pool",
  summary: "Average over a window. Zeros of the padding count.",
  category: "pool",
  parameters: [kernel, poolStride, padding],
  inputs: "one",
  weighted: false,
  shape: (args, inputs) => pooled("avg_pool", args, inputs),
  standard: (context, layer, inputs) => averageWindow(context.graph, single(inputs), attributesOf(layer.arguments)),
  bcos: (context, layer, inputs) => averageWindow(context.graph, single(inputs), attributesOf(layer.arguments)),
};

export const globalAvgPool: LayerDefinition = {
  name: "global_avg_pool",
  summary: "Average over all pixels of an image, or over all tokens: `[H, W, C]` or `[T, C]` to `[C]`.",
  category: "pool",
  parameters: [],
  inputs: "one",
  weighted: false,
  shape(_, inputs) {
    const shape = single(inputs);
    if (shape.length === 2 || shape.length === 3) return { shape: shape.slice(-1) };
    return problem({
      code: "shape/rank",
      params: {
        layer: "global_avg_pool",
        expected: "an image `[H, W, C]` or tokens `[T, D]`",
        actual: `\`${shapeText(shape)}\``,
      },
    });
  },
  standard: (context, _, inputs) => globalAverage(context.graph, single(inputs)),
  bcos: (context, _, inputs) => globalAverage(context.graph, single(inputs)),
};

function blurWindowOf(args: LayerArguments): Window {
  const size = numberOf(args, "kernel");
  const kernel: Pair = [size, size];
  return { kernel, stride: pairOf(args, "stride"), padding: paddingOf({ padding: "same" }, kernel), dilation: [1, 1] };
}

export const blurPool: LayerDefinition = {
  name: "blur_pool",
  summary: "Binomial blur, then every stride-th pixel: shrinks an image without aliasing (Zhang 2019).",
  category: "pool",
  parameters: [
    {
      name: "kernel",
      type: { kind: "int", min: 1, max: 15 },
      default: 3,
      required: false,
      doc: "Side of the filter: 3 is [1, 2, 1] / 4 in each direction.",
    },
    { ...stride, default: [2, 2] },
  ],
  inputs: "one",
  weighted: false,
  shape(args, inputs) {
    const input = imageOf("blur_pool", single(inputs));
    if ("problem" in input) return input;
    const size = windowed("blur_pool", input.image, blurWindowOf(args));
    return "problem" in size ? size : { shape: [...size.size, input.image[2]] };
  },
  standard: (context, layer, inputs) => blurred(context, layer, inputs),
  bcos: (context, layer, inputs) => blurred(context, layer, inputs),
};

function blurred(...[context, layer, inputs]: Parameters<LayerDefinition["bcos"]>): number {
  const window = blurWindowOf(layer.arguments);
  return blurWindow(context.graph, single(inputs), window.kernel[0], {
    stride: window.stride,
    padding: bothSides(window.padding),
  });
}
