/** Layers of vision transformers: `patches`, `position_embed`, `tokens` and `attention`. */
import { attend } from "../composites/attention.ts";
import { cutPatches } from "../composites/patches.ts";
import { addPositions } from "../composites/position.ts";
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { sizeOf, type ValueId } from "../graph/graph.ts";
import { imageOf, numberOf, pairOf, problem, shapeText, single } from "./arguments.ts";
import type { LayerDefinition } from "./layer.ts";

export const patches: LayerDefinition = {
  name: "patches",
  summary:
    "An image cut into patches, each one pixel of the result: `[H, W, C]` to `[H / h, W / w, h * w * C]`. The pixels of a " +
    "patch are row by row, the channels of a pixel side by side.",
  category: "token",
  parameters: [
    {
      name: "size",
      type: { kind: "pair", min: 1 },
      required: true,
      doc: "Height and width of a patch in pixels, which divide the image's: an int, or a list of two.",
    },
  ],
  inputs: "one",
  weighted: false,
  shape(args, inputs) {
    const input = imageOf("patches", single(inputs));
    if ("problem" in input) return input;
    const [height, width, channels] = input.image;
    const size = pairOf(args, "size");
    for (const [i, axis, length] of [
      [0, "height", height],
      [1, "width", width],
    ] as const)
      if (length % size[i] !== 0)
        return problem({ code: "shape/patches", params: { axis, patch: size[i], size: length } });
    return { shape: [height / size[0], width / size[1], size[0] * size[1] * channels] };
  },
  standard: ({ graph }, layer, inputs) => cutPatches(graph, single(inputs), pairOf(layer.arguments, "size")),
  bcos: ({ graph }, layer, inputs) => cutPatches(graph, single(inputs), pairOf(layer.arguments, "size")),
};

export const positionEmbed: LayerDefinition = {
  name: "position_embed",
  summary:
    "Adds to each pixel fixed sines and cosines of its column and its row, a quarter of the channels each (Beyer et al. " +
    "2022). A constant part of explanations.",
  category: "token",
  parameters: [
    {
      name: "temperature",
      type: { kind: "float", min: 1 },
      default: 10000,
      required: false,
      doc: "The longest wave is so many times as long as the shortest.",
    },
  ],
  inputs: "one",
  weighted: false,
  shape(_, inputs) {
    const input = imageOf("position_embed", single(inputs));
    if ("problem" in input) return input;
    const channels = input.image[2];
    if (channels % 4 !== 0 || channels < 8) return problem({ code: "shape/position", params: { channels } });
    return { shape: input.image };
  },
  standard: ({ graph }, layer, inputs) =>
    addPositions(graph, single(inputs), numberOf(layer.arguments, "temperature"), layer.path),
  bcos(context, layer, inputs) {
    const what = "the position embedding";
    context.note(layer, "bcos/constant-part", { what, path: layer.path, count: 1 });
    return addPositions(context.graph, single(inputs), numberOf(layer.arguments, "temperature"), layer.path);
  },
};

export const tokens: LayerDefinition = {
  name: "tokens",
  summary: "The pixels of an image as tokens, row by row: `[H, W, C]` to `[H * W, C]`.",
  category: "token",
  parameters: [],
  inputs: "one",
  weighted: false,
  shape(_, inputs) {
    const input = imageOf("tokens", single(inputs));
    if ("problem" in input) return input;
    const [height, width, channels] = input.image;
    return { shape: [height * width, channels] };
  },
  standard: (context, _, inputs) => asTokens(context.graph, single(inputs)),
  bcos: (context, _, inputs) => asTokens(context.graph, single(inputs)),
};

function asTokens(graph: GraphBuilder, x: ValueId): ValueId {
  const shape = graph.shapeOf(x);
  return g.reshape(graph, x, [shape[0] ?? 1, sizeOf(shape.slice(1, -1)), shape.at(-1) ?? 1]);
}

export const attention: LayerDefinition = {
  name: "attention",
  summary:
    "Multi-head attention of tokens to each other: `[T, 3 * D]` to `[T, D]`. A token's queries, keys and values stand one " +
    "after the other, the heads in each of them too. In the B-cos form the attention matrix is a dynamic factor.",
  category: "token",
  parameters: [
    {
      name: "heads",
      type: { kind: "int", min: 1 },
      required: true,
      doc: "Number of heads, which share the channels evenly.",
    },
  ],
  inputs: "one",
  weighted: false,
  shape(args, inputs) {
    const shape = single(inputs);
    const [count, channels] = shape;
    if (shape.length !== 2 || count === undefined || channels === undefined) {
      const expected = "tokens `[T, 3 * D]`";
      return problem({
        code: "shape/rank",
        params: { layer: "attention", expected, actual: `\`${shapeText(shape)}\`` },
      });
    }
    const heads = numberOf(args, "heads");
    if (channels % (3 * heads) !== 0) return problem({ code: "shape/heads", params: { channels, heads } });
    return { shape: [count, channels / 3] };
  },
  standard: ({ graph }, layer, inputs) => attend(graph, single(inputs), numberOf(layer.arguments, "heads")),
  becomes: () => "attention with a dynamic matrix",
  bcos: ({ graph }, layer, inputs) => attend(graph, single(inputs), numberOf(layer.arguments, "heads")),
};
