/** Pages of the area `syntax`. */
import type { syntaxCodes } from "../catalogue/syntax.ts";
import { classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

export const syntaxPages: PagesOf<typeof syntaxCodes> = {
  "syntax/unexpected": {
    kind: "source",
    meaning: "The text does not go on as the grammar says.",
    why: "The message names what stands there and what could stand there instead. One typing fault damages one row; the others are still checked.",
    wrong: model(`logits = image -> conv(16)) ${classify}`),
    right: model(`logits = image -> conv(16) ${classify}`),
  },
};
