/** Layers that change the form of a value and nothing else: `flatten`, `crop`, `pad`, `upsample`, `identity`. */
import * as g from "../graph/build.ts";
import type { Shape, ValueId } from "../graph/graph.ts";
import { sizeOf } from "../graph/graph.ts";
import { imageOf, numberOf, pairOf, problem, single } from "./arguments.ts";
import type { LayerArguments, LayerDefinition, LoweringContext, ShapeResult } from "./layer.ts";

/** Both forms are the same: what only moves values is linear. */
function form(
  description: Pick<LayerDefinition, "name" | "summary" | "parameters">,
  shape: (args: LayerArguments, input: Shape) => ShapeResult,
  emit: (context: LoweringContext, args: LayerArguments, x: ValueId) => ValueId,
): LayerDefinition {
  return {
    ...description,
    category: "form",
    inputs: "one",
    weighted: false,
    shape: (args, inputs) => shape(args, single(inputs)),
    standard: (context, layer, inputs) => emit(context, layer.arguments, single(inputs)),
    bcos: (context, layer, inputs) => emit(context, layer.arguments, single(inputs)),
  };
}

export const identity = form(
  { name: "identity", summary: "The value unchanged.", parameters: [] },
  (_, shape) => ({ shape }),
  (_, __, x) => x,
);

export const flatten = form(
  {
    name: "flatten",
    summary: "All elements as one vector, channel by channel as PyTorch has them: `[H, W, C]` to `[C * H * W]`.",
    parameters: [],
  },
  (_, shape) => ({ shape: [sizeOf(shape)] }),
  ({ graph }, _, x) => {
    const shape = graph.shapeOf(x);
    if (shape.length === 2) return x;
    const [batch = 1, ...rest] = shape;
    // Weights of a linear layer behind it are stored for channels first.
    const channelsFirst = shape.length === 4 && sizeOf(shape.slice(1, 3)) > 1 ? g.transpose(graph, x, [0, 3, 1, 2]) : x;
    return g.reshape(graph, channelsFirst, [batch, sizeOf(rest)]);
  },
);

export const crop = form(
  {
    name: "crop",
    summary: "The middle of an image.",
    parameters: [
      {
        name: "size",
        type: { kind: "pair", min: 1 },
        required: true,
        doc: "Height and width that stay, in pixels: an int, or a list of two. An odd rest is cut at the bottom and right.",
      },
    ],
  },
  (args, shape) => {
    const input = imageOf("crop", shape);
    if ("problem" in input) return input;
    const size = pairOf(args, "size");
    for (const [i, axis] of [
      [0, "height"],
      [1, "width"],
    ] as const)
      if (size[i] > input.image[i])
        return problem({ code: "shape/crop", params: { axis, wanted: size[i], actual: input.image[i] } });
    return { shape: [...size, input.image[2]] };
  },
  ({ graph }, args, x) => {
    const [batch = 1, height = 1, width = 1, channels = 1] = graph.shapeOf(x);
    const size = pairOf(args, "size");
    const start = [0, Math.floor((height - size[0]) / 2), Math.floor((width - size[1]) / 2), 0];
    return g.slice(graph, x, start, [batch, ...size, channels]);
  },
);

export const pad = form(
  {
    name: "pad",
    summary: "An image with zeros around it.",
    parameters: [
      {
        name: "size",
        type: { kind: "pair", min: 0 },
        required: true,
        doc: "Zeros on both sides of the height and of the width, in pixels: an int, or a list of two.",
      },
      {
        name: "channels",
        type: { kind: "int", min: 0 },
        default: 0,
        required: false,
        doc: "Channels of zeros before and behind those that are there.",
      },
    ],
  },
  (args, shape) => {
    const input = imageOf("pad", shape);
    if ("problem" in input) return input;
    const [height, width, channels] = input.image;
    const size = pairOf(args, "size");
    return { shape: [height + 2 * size[0], width + 2 * size[1], channels + 2 * numberOf(args, "channels")] };
  },
  ({ graph }, args, x) => {
    const around = [0, ...pairOf(args, "size"), numberOf(args, "channels")];
    return g.pad(graph, x, around, around);
  },
);

export const upsample = form(
  {
    name: "upsample",
    summary: "An image enlarged by whole factors: each pixel becomes a block of equal pixels.",
    parameters: [
      {
        name: "factor",
        type: { kind: "pair", min: 1 },
        default: [2, 2],
        required: false,
        doc: "Factors of the height and of the width: an int, or a list of two.",
      },
    ],
  },
  (args, shape) => {
    const input = imageOf("upsample", shape);
    if ("problem" in input) return input;
    const [height, width, channels] = input.image;
    const factor = pairOf(args, "factor");
    return { shape: [height * factor[0], width * factor[1], channels] };
  },
  ({ graph }, args, x) => g.upsample(graph, x, pairOf(args, "factor")),
);
