/** Pages of the area `syntax`. */
import type { syntaxCodes } from "../catalogue/syntax.ts";
import { around, classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

const one = (step: string) => model(`logits = image -> ${step} ${classify}`);

const wide = "block Wide {\n  input  x: [H, W, C]\n  output y: [H, W, 16]\n\n  y = x -> conv(16, kernel: 3)\n}\n";
const importing = (path: string) => ({
  "main.bcos": around("model Net {", [`logits = image -> Wide ${classify}`], `import { Wide } from ${path}`),
  "wide.bcos": wide,
});

export const syntaxPages: PagesOf<typeof syntaxCodes> = {
  "syntax/unexpected": {
    kind: "source",
    meaning: "The text does not go on as the grammar says.",
    why: "The message names what stands there and what could stand there instead. One typing fault damages one row; the others are still checked.",
    wrong: model(`logits == image -> conv(16, kernel: 3) ${classify}`),
    right: model(`logits = image -> conv(16, kernel: 3) ${classify}`),
  },
  "syntax/unclosed": {
    kind: "source",
    meaning: "A bracket is opened and never closed.",
    why: "Where it should end can't be known; a new row ends it, so that the rest of the file is still checked.",
    wrong: model("stem   = image -> conv(16, kernel: 3, stride: 2", `logits = stem ${classify}`),
    right: model("stem   = image -> conv(16, stride: 2, kernel: 3)", `logits = stem ${classify}`),
  },
  "syntax/unopened": {
    kind: "source",
    meaning: "A bracket is closed that was never opened.",
    why: "It is one too many, or the opening one is missing.",
    wrong: one("conv(16, kernel: 3))"),
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/missing-value": {
    kind: "source",
    meaning: "A value is missing: behind `=`, `:`, a comma or an operator.",
    why: "The sign before it promises one.",
    wrong: one("conv(16, kernel: )"),
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/missing-step": {
    kind: "source",
    meaning: "Nothing stands behind a `->`.",
    why: "The arrow leads to a layer or block.",
    wrong: model("logits = image -> conv(16, kernel: 3) -> global_avg_pool -> linear(10) ->"),
    right: model("logits = image -> conv(16, kernel: 3) -> global_avg_pool -> linear(10)"),
  },
  "syntax/missing-comma": {
    kind: "source",
    meaning: "Two items in brackets have no comma between them.",
    why: "Without it the two could be read as one.",
    wrong: one("conv(16 kernel: 3)"),
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/missing-line-break": {
    kind: "source",
    meaning: "Two statements stand on one line.",
    why: "A line break ends a statement. Without it the second could be read as a part of the first.",
    wrong: model(`stem   = image -> conv(16, kernel: 3) logits = stem ${classify}`),
    right: model("stem   = image -> conv(16, kernel: 3)", `logits = stem ${classify}`),
  },
  "syntax/missing-token": {
    kind: "source",
    meaning: "A sign or word that the grammar asks for is missing.",
    why: "The message says which one and where.",
    wrong: model(`logits = image -> conv(16, kernel: 3) ${classify}`).replace("image: [", "image ["),
    right: model(`logits = image -> conv(16, kernel: 3) ${classify}`),
  },
  "syntax/outside": {
    kind: "source",
    meaning: "A row, an input or an output stands outside of every model and block.",
    why: "Rows belong to the model or block whose braces are around them; often one brace too many stands before.",
    wrong: `size = 3\n\n${one("conv(16, kernel: 3)")}`,
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/reserved": {
    kind: "source",
    meaning: "A word of the language is used as a name.",
    why: "`if`, `repeat`, `model` and a few more always have their own meaning.",
    wrong: model("repeat = image -> conv(16, kernel: 3)", `logits = image ${classify}`),
    right: model(`logits = image ${classify}`),
  },
  "syntax/bad-character": {
    kind: "source",
    meaning: "A character that has no meaning in the language.",
    why: "It may be a typing fault, or was copied from a text with other quotes, minus signs or spaces.",
    wrong: one("conv(16, kernel: $3)"),
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/bad-number": {
    kind: "source",
    meaning: "Something starts like a number and is none.",
    why: "Numbers are written with digits, one point and an exponent: `3`, `0.1`, `1e-5`.",
    wrong: one("conv(16, kernel: 3px)"),
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/unterminated-string": {
    kind: "source",
    meaning: "A text in quotes does not end on its line.",
    why: "Paths of imports are the only texts, and none has a line break.",
    wrong: importing('"./wide.bcos'),
    right: importing('"./wide.bcos"'),
  },
  "syntax/escape": {
    kind: "source",
    meaning: "A path is written with a backslash.",
    why: "Paths are written with `/` on every system, so that a model works on all of them.",
    wrong: importing('".\\wide.bcos"'),
    right: importing('"./wide.bcos"'),
  },
  "syntax/comment": {
    kind: "source",
    meaning: "A comment is written as in another language.",
    why: "`//` starts a comment, `///` one that documents the next declaration.",
    wrong: `# a small net\n${one("conv(16, kernel: 3)")}`,
    right: `// a small net\n${one("conv(16, kernel: 3)")}`,
  },
  "syntax/not-text": {
    kind: "source",
    meaning: "The file is not a text file.",
    why: "It holds zero bytes, as pictures, programs and texts in UTF-16 do.",
    wrong: "\u0000\u0001\u0002",
    right: one("conv(16, kernel: 3)"),
  },
  "syntax/too-many": {
    kind: "source",
    meaning: "The file has so many syntax errors that only the first are shown.",
    why: "Most of them usually have one cause, or the file is no `.bcos` file.",
    wrong: model(...Array.from({ length: 200 }, (_, i) => `x${i} = image -> -> relu`)),
    right: one("conv(16, kernel: 3)"),
  },
};
