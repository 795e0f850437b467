/** Pages of the area `name`. */
import type { nameCodes } from "../catalogue/names.ts";
import { around, classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

const block = `block Wide(width: int) {
  input  x: [H, W, C]
  output y: [H, W, width]

  y = x -> conv(width, kernel: 3) -> norm
}`;

export const namePages: PagesOf<typeof nameCodes> = {
  "name/unknown": {
    kind: "source",
    meaning: "A name is used that nothing has: no binding, layer, block, parameter, setting or argument.",
    why: "Names are never made by using them, so a typing fault can't become a new thing.",
    wrong: model(`logits = image -> cnov(16) ${classify}`),
    right: model(`logits = image -> conv(16, kernel: 3) ${classify}`),
  },
  "name/used-before": {
    kind: "source",
    meaning: "A binding is used in a row above the one that assigns it.",
    why: "Data flows from the top to the bottom; a model has no loops.",
    wrong: model(`logits = stem ${classify}`, "stem   = image -> conv(16, kernel: 3)"),
    right: model("stem   = image -> conv(16, kernel: 3)", `logits = stem ${classify}`),
  },
  "name/duplicate": {
    kind: "source",
    meaning: "A name is given twice in one scope.",
    why: "Every binding is assigned once: what a name means doesn't depend on where it is read.",
    wrong: model("x = image -> conv(16, kernel: 3)", "x = x -> conv(16, kernel: 3)", `logits = x ${classify}`),
    right: model("x1 = image -> conv(16, kernel: 3)", "x2 = x1 -> conv(16, kernel: 3)", `logits = x2 ${classify}`),
  },
  "name/reserved": {
    kind: "source",
    meaning: "The name has a fixed meaning and can't be given to something else.",
    why: "A block called `conv` would change what every `conv` in the file means.",
    wrong: `${block.replace("Wide", "conv")}\n\n${model(`logits = image ${classify}`)}`,
    right: around("model Net {", [`logits = image -> Wide(16) ${classify}`], block),
  },
  "name/wrong-kind": {
    kind: "source",
    meaning: "The name exists, but is of another kind than the one that is needed here.",
    why: "Bindings are values that flow; layers and blocks are steps behind a `->`; parameters are numbers known when the model is compiled.",
    wrong: around("model Net(size: int = 16) {", [`logits = size -> conv(size, kernel: 3) ${classify}`]),
    right: around("model Net(size: int = 16) {", [`logits = image -> conv(size, kernel: 3) ${classify}`]),
  },
  "name/unused": {
    kind: "source",
    meaning: "A binding, parameter or import is never used.",
    why: "It has no effect on the model, and is often the trace of a row that was forgotten.",
    wrong: model(
      "left   = image -> conv(16, kernel: 3)",
      "right  = image -> conv(16, kernel: 3)",
      `logits = left ${classify}`,
    ),
    right: model(
      "left   = image -> conv(16, kernel: 3)",
      "right  = image -> conv(16, kernel: 3)",
      `logits = left + right ${classify}`,
    ),
  },
  "name/unassigned-output": {
    kind: "source",
    meaning: "An output is declared, but no row assigns it.",
    why: "The output is what the model or block gives to the outside.",
    wrong: model(`result = image -> conv(16, kernel: 3) ${classify}`).replace("result = ", "logit = "),
    right: model(`logits = image -> conv(16, kernel: 3) ${classify}`),
  },
  "name/weight-path": {
    kind: "source",
    meaning: "Two layers with weights have the same path.",
    why: "Weights are saved and loaded by their path, so it must say which layer is meant.",
    wrong: model(
      `logits = image -> a: conv(16, kernel: 3) -> a: conv(16, kernel: 3) ${classify.replace("linear", "fc: linear")}`,
    ),
    right: model(
      `logits = image -> a: conv(16, kernel: 3) -> b: conv(16, kernel: 3) ${classify.replace("linear", "fc: linear")}`,
    ),
  },
  "name/file-missing": {
    kind: "source",
    meaning: "An import names a file that is not there.",
    why: "Paths are taken from the folder of the file that has the import, and are written in full, with `.bcos`.",
    wrong: {
      "main.bcos": around(
        "model Net {",
        [`logits = image -> Wide(16) ${classify}`],
        'import { Wide } from "./wide.bcos"',
      ),
      "blocks/wide.bcos": `${block}\n`,
    },
    right: {
      "main.bcos": around(
        "model Net {",
        [`logits = image -> Wide(16) ${classify}`],
        'import { Wide } from "./blocks/wide.bcos"',
      ),
      "blocks/wide.bcos": `${block}\n`,
    },
  },
  "name/import-cycle": {
    kind: "source",
    meaning: "Files import each other in a circle.",
    why: "A file is read after the files that it imports; in a circle there is no first one.",
    wrong: {
      "main.bcos": around(
        "model Net {",
        [`logits = image -> Wide(16) ${classify}`],
        'import { Wide } from "./wide.bcos"',
      ),
      "wide.bcos": `import { Norm } from "./norm.bcos"\n\n${block.replace("norm", "Norm")}\n`,
      "norm.bcos": `import { Wide } from "./wide.bcos"\n\nblock Norm {\n  input  x: [H, W, C]\n  output y: [H, W, C]\n\n  y = x -> Wide(16) -> norm\n}\n`,
    },
    right: {
      "main.bcos": around(
        "model Net {",
        [`logits = image -> Wide(16) ${classify}`],
        'import { Wide } from "./wide.bcos"',
      ),
      "wide.bcos": `import { Norm } from "./norm.bcos"\n\n${block.replace("norm", "Norm")}\n`,
      "norm.bcos": "block Norm {\n  input  x: [H, W, C]\n  output y: [H, W, C]\n\n  y = x -> norm\n}\n",
    },
  },
  "name/recursion": {
    kind: "source",
    meaning: "A block contains itself, directly or through other blocks.",
    why: "Blocks are written out in place when the model is compiled; this would never end.",
    wrong: around(
      "model Net {",
      [`logits = image -> Deep ${classify}`],
      "block Deep {\n  input  x: [H, W, C]\n  output y: [H, W, C]\n\n  y = x -> conv(3, kernel: 3) -> Deep\n}",
    ),
    right: around("model Net {", [`logits = image -> repeat 4 { conv(3, kernel: 3) } ${classify}`]),
  },
  "name/reserved-input": {
    kind: "source",
    meaning: "The model's input has a name that the compiled graphs use for something else.",
    why: "Images, targets, the learning rate, the step and the cotangent are all fed by name.",
    wrong:
      "model Net {\n  input  targets: [8, 8, 3]\n  output logits: [10]\n\n  logits = targets -> conv(16, kernel: 3) -> global_avg_pool -> linear(10)\n}\n",
    right: model(`logits = image -> conv(16, kernel: 3) ${classify}`),
  },
};
