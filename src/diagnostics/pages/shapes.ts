/** Pages of the area `shape`. */
import type { shapeCodes } from "../catalogue/shapes.ts";
import { around, classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

const one = (step: string) => model(`logits = image -> ${step} ${classify}`);

const halve = `block Halve {
  input  x: [H, W, C]
  output y: [H / 2, W / 2, C]

  y = x -> conv(C, stride: 2, kernel: 3)
}`;

export const shapePages: PagesOf<typeof shapeCodes> = {
  "shape/ascription": {
    kind: "source",
    meaning: "A row states a shape, `: [H, W, C]`, and the value has another one.",
    why: "A stated shape is checked and never changes the value. It keeps a mistake in the first half of a model from showing up in the second.",
    wrong: one("conv(16, stride: 2, kernel: 3) : [8, 8, 16]"),
    right: one("conv(16, stride: 2, kernel: 3) : [4, 4, 16]"),
  },
  "shape/mismatch": {
    kind: "source",
    meaning: "Values that are added, multiplied or concatenated have shapes that do not fit.",
    why: "`+` and `*` work number by number and need equal shapes; `concat` joins channels and needs equal heights and widths.",
    wrong: model("a = image -> conv(16, kernel: 3)", "b = image -> conv(32, kernel: 3)", `logits = a + b ${classify}`),
    right: model("a = image -> conv(16, kernel: 3)", "b = image -> conv(16, kernel: 3)", `logits = a + b ${classify}`),
  },
  "shape/input": {
    kind: "source",
    meaning: "A block is given a value whose shape is not the one its input declares.",
    why: "The input's shape says what the block is written for.",
    wrong: around("model Net {", ["logits = image -> global_avg_pool -> Halve -> linear(10)"], halve),
    right: around("model Net {", ["logits = image -> Halve -> global_avg_pool -> linear(10)"], halve),
  },
  "shape/symbol": {
    kind: "source",
    meaning: "A symbol of an input's shape would have to be two numbers at once.",
    why: "`[S, S, C]` says that height and width are the same.",
    wrong: around(
      "model Net {",
      [`logits = image -> conv(16, stride: [1, 2], kernel: 3) -> Square ${classify}`],
      "block Square {\n  input  x: [S, S, C]\n  output y: [S, S, C]\n\n  y = x -> conv(C, kernel: 3)\n}",
    ),
    right: around(
      "model Net {",
      [`logits = image -> conv(16, stride: 2, kernel: 3) -> Square ${classify}`],
      "block Square {\n  input  x: [S, S, C]\n  output y: [S, S, C]\n\n  y = x -> conv(C, kernel: 3)\n}",
    ),
  },
  "shape/dimension": {
    kind: "source",
    meaning: "A dimension is zero or negative.",
    why: "There would be no numbers to compute with.",
    wrong: one("conv(16, kernel: 3) : [8, 8, 0]"),
    right: one("conv(16, kernel: 3) : [8, 8, 16]"),
  },
  "shape/output": {
    kind: "source",
    meaning: "What is assigned to an output has another shape than the output declares.",
    why: "Whoever uses the model or block relies on the declared shape.",
    wrong: model("logits = image -> global_avg_pool -> linear(100)"),
    right: model("logits = image -> global_avg_pool -> linear(10)"),
  },
  "shape/rank": {
    kind: "source",
    meaning: "A layer is given a value with the wrong number of dimensions.",
    why: "Image layers take [H, W, C], `linear` works on the last dimension of a vector or of tokens.",
    wrong: model("logits = image -> global_avg_pool -> conv(16, kernel: 3) -> linear(10)"),
    right: model("logits = image -> conv(16, kernel: 3) -> global_avg_pool -> linear(10)"),
  },
  "shape/window": {
    kind: "source",
    meaning: "The window of a layer is larger than its padded input.",
    why: "There is no place where the window fits, so the output would be empty.",
    wrong: one("conv(16, kernel: 11, padding: valid)"),
    right: one("conv(16, kernel: 7, padding: valid)"),
  },
  "shape/padding": {
    kind: "source",
    meaning: "The padding of a pooling layer is more than half of its window.",
    why: "Some windows would lie wholly in the padding, and have no maximum and no average.",
    wrong: one("max_pool(3, stride: 2, padding: 2)"),
    right: one("max_pool(3, stride: 2, padding: 1)"),
  },
  "shape/groups": {
    kind: "source",
    meaning: "The number of groups does not divide the number of channels.",
    why: "Every group has the same number of channels.",
    wrong: one("conv(16, kernel: 3) -> conv(16, groups: 3, kernel: 3)"),
    right: one("conv(16, kernel: 3) -> conv(16, groups: 4, kernel: 3)"),
  },
  "shape/crop": {
    kind: "source",
    meaning: "`crop` is asked for more than there is.",
    why: "It cuts pixels away and can't add any; `pad` does that.",
    wrong: one("crop(12)"),
    right: one("crop(4)"),
  },
  "shape/patches": {
    kind: "source",
    meaning: "The height or width of a patch does not divide that of the image.",
    why: "Patches neither overlap nor leave pixels out.",
    wrong: one("patches(3) -> linear(16)"),
    right: one("patches(4) -> linear(16)"),
  },
  "shape/position": {
    kind: "source",
    meaning: "`position_embed` is given channels that are not four times two or more.",
    why: "A quarter of the channels each are sines and cosines of the column and of the row, in waves from the shortest to the longest: two at least.",
    wrong: one("conv(6, kernel: 1) -> position_embed"),
    right: one("conv(8, kernel: 1) -> position_embed"),
  },
  "shape/heads": {
    kind: "source",
    meaning: "The channels of a token do not divide into queries, keys and values of equal heads.",
    why: "`attention` takes all three of a token one after the other, and every head has the same share of each.",
    wrong: one("tokens -> linear(16) -> attention(4)"),
    right: one("tokens -> linear(24) -> attention(4)"),
  },
  "shape/logits": {
    kind: "source",
    meaning: "The first output of a model is not a vector.",
    why: "It is what is trained and explained: one number a class.",
    wrong: model("logits = image -> conv(10, kernel: 3)").replace("[10]", "[8, 8, 10]"),
    right: model("logits = image -> conv(10, kernel: 3) -> global_avg_pool"),
  },
};
