/** Pages of the area `bcos`. */
import type { bcosCodes } from "../catalogue/bcos.ts";
import { around, classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

const row = (step: string) => [`logits = image -> ${step} ${classify}`];
const one = (step: string) => model(...row(step));
const settings = (text: string, step = "conv(16, kernel: 3)") => around("model Net {", row(step), `bcos { ${text} }`);

export const bcosPages: PagesOf<typeof bcosCodes> = {
  "bcos/relu-dropped": {
    kind: "source",
    meaning: "An activation is left out in the B-cos form.",
    why: "A B-cos layer is not linear by itself: its output grows with the alignment of weight and input to the power B. An activation behind it is not needed, and the published models have none.",
    wrong: one("conv(16, kernel: 3) -> relu"),
    right: settings("relu: keep", "conv(16, kernel: 3) -> relu"),
  },
  "bcos/max-pool-averaged": {
    kind: "source",
    meaning: "A max pooling becomes an average over the same window.",
    why: "The average spreads an explanation over the window, where the maximum picks single pixels and makes it grainy.",
    wrong: one("conv(16, kernel: 3) -> max_pool(3, stride: 2)"),
    right: settings("max_pool: keep", "conv(16, kernel: 3) -> max_pool(3, stride: 2)"),
  },
  "bcos/norm-replaced": {
    kind: "source",
    meaning: "`norm` becomes another normalisation than the conventional one.",
    why: "Subtracting a mean adds an amount that no part of the input is responsible for. The B-cos form divides by the deviation only.",
    wrong: one("conv(16, kernel: 3) -> norm"),
    right: one("conv(16, kernel: 3)"),
  },
  "bcos/norm-dropped": {
    kind: "source",
    meaning: "`norm` is left out, as `norm: none` in the settings says.",
    why: "The models of 2022 (preset `v1`) have a fixed scale a layer and no normalisation.",
    wrong: settings("norm: none", "conv(16, kernel: 3) -> norm"),
    right: one("conv(16, kernel: 3) -> norm"),
  },
  "bcos/bias-dropped": {
    kind: "source",
    meaning: "The bias of a layer is left out in the B-cos form.",
    why: "A bias adds an amount to the output that no part of the input is responsible for, so no explanation could give it to a pixel.",
    wrong: one("conv(16, kernel: 3)"),
    right: model("logits = image -> global_avg_pool -> linear(10, bias: false)"),
  },
  "bcos/constant-part": {
    kind: "source",
    meaning: "Something adds an amount to the logits that can't be attributed to the input.",
    why: "It is kept, and carried by every explanation as a named constant part, so that Σ contributions + constant = logit can still be checked.",
    wrong: settings("norm: batch", "conv(16, kernel: 3) -> norm"),
    right: one("conv(16, kernel: 3) -> norm"),
  },
  "bcos/input-encoded": {
    kind: "source",
    meaning: "The input's channels are doubled: x is followed by 1 − x.",
    why: "A dark pixel has a norm of nothing and could never contribute. With its inverse beside it every colour has the same weight, and the direction of the vector says which colour it is.",
    wrong: one("conv(16, kernel: 3)"),
    right: settings("encode: none"),
  },
  "bcos/head-before-pool": {
    kind: "source",
    meaning:
      "The classifier is applied to every place of the map, and its outputs are averaged, instead of the other way round.",
    why: "Every place then says itself how much it speaks for a class, and explanations are sharper.",
    wrong: one("conv(16, kernel: 3)"),
    right: settings("head: after_pool"),
  },
  "bcos/logit-layer": {
    kind: "source",
    meaning: "The logits are divided by a temperature, and a constant is added.",
    why: "With the constant −ln(classes − 1) an untrained model starts with a probability of 1/classes for every class, which the binary cross entropy needs to begin well.",
    wrong: one("conv(16, kernel: 3)"),
    right: settings("logit_bias: 0"),
  },
  "bcos/encoded-shape": {
    kind: "source",
    meaning: "The model fits its input as written, but not with the doubled channels of the B-cos form.",
    why: "The input encoding makes 2·C channels of C. Layers that keep the number of channels pass them on.",
    wrong: model("wide = image -> conv(3, kernel: 3)", `logits = image + wide ${classify}`),
    right: model(
      "low  = image -> conv(16, kernel: 3)",
      "wide = low -> conv(16, kernel: 3)",
      `logits = low + wide ${classify}`,
    ),
  },
  "bcos/encode-deviation": {
    kind: "source",
    meaning: "A standard deviation of `add_inverse_normalized` is zero or negative.",
    why: "The input is divided by it.",
    wrong: settings("encode: add_inverse_normalized([0.5, 0.5, 0.5], [0.2, 0.2, 0])"),
    right: settings("encode: add_inverse_normalized([0.5, 0.5, 0.5], [0.2, 0.2, 0.2])"),
  },
  "bcos/encode-channels": {
    kind: "source",
    meaning: "The lists of `add_inverse_normalized` do not have one number for every channel of the input.",
    why: "Every channel has its own mean and deviation.",
    wrong: settings("encode: add_inverse_normalized([0.5], [0.2])"),
    right: settings("encode: add_inverse_normalized([0.5, 0.5, 0.5], [0.2, 0.2, 0.2])"),
  },
  "bcos/settings-place": {
    kind: "source",
    meaning: "A block has B-cos settings.",
    why: "The settings hold for a whole model: its file or the model itself has them. A single layer may override `b` and `maxout`.",
    wrong: around(
      "model Net {",
      row("Wide"),
      "block Wide {\n  bcos { b: 1.5 }\n\n  input  x: [H, W, C]\n  output y: [H, W, 16]\n\n  y = x -> conv(16, kernel: 3)\n}",
    ),
    right: around(
      "model Net {",
      row("Wide"),
      "block Wide {\n  input  x: [H, W, C]\n  output y: [H, W, 16]\n\n  y = x -> conv(16, b: 1.5, kernel: 3)\n}",
    ),
  },
  "bcos/settings-unused": {
    kind: "source",
    meaning: "A file without a model has B-cos settings.",
    why: "A model takes the settings of its own file, not of the files that it imports; these would never be read.",
    wrong: {
      "main.bcos": around("model Net {", row("Wide"), 'import { Wide } from "./wide.bcos"'),
      "wide.bcos":
        "bcos { b: 1.5 }\n\nblock Wide {\n  input  x: [H, W, C]\n  output y: [H, W, 16]\n\n  y = x -> conv(16, kernel: 3)\n}\n",
    },
    right: {
      "main.bcos": around("model Net {", row("Wide"), 'import { Wide } from "./wide.bcos"\n\nbcos { b: 1.5 }'),
      "wide.bcos": "block Wide {\n  input  x: [H, W, C]\n  output y: [H, W, 16]\n\n  y = x -> conv(16, kernel: 3)\n}\n",
    },
  },
  "bcos/logit-bias": {
    kind: "source",
    meaning: "`logit_bias: auto` is used with one class.",
    why: "It is −ln(classes − 1), and ln(0) does not exist.",
    wrong:
      "model Net {\n  input  image: [8, 8, 3]\n  output logits: [1]\n\n  logits = image -> conv(16, kernel: 3) -> global_avg_pool -> linear(1)\n}\n",
    right:
      "bcos { logit_bias: 0 }\n\nmodel Net {\n  input  image: [8, 8, 3]\n  output logits: [1]\n\n  logits = image -> conv(16, kernel: 3) -> global_avg_pool -> linear(1)\n}\n",
  },
};
