/** Pages of the area `type`. */
import type { typeCodes } from "../catalogue/types.ts";
import { around, classify, model } from "./examples.ts";
import type { PagesOf } from "./page.ts";

const body = (step: string) => [`logits = image -> ${step} ${classify}`];
const one = (step: string) => model(...body(step));
const settings = (text: string) => around("model Net {", body("conv(16, kernel: 3)"), `bcos { ${text} }`);

export const typePages: PagesOf<typeof typeCodes> = {
  "type/argument": {
    kind: "source",
    meaning: "An argument has another type than its parameter.",
    why: "Nothing is converted silently: `true` is no number and `3.5` is no whole number.",
    wrong: one("conv(16, kernel: 3.5)"),
    right: one("conv(16, kernel: 3)"),
  },
  "type/range": {
    kind: "source",
    meaning: "An argument has the right type, but is not in the range that the parameter allows.",
    why: "Outside it the layer has no meaning: there is no window of 0 pixels.",
    wrong: one("conv(16, kernel: 0)"),
    right: one("conv(16, kernel: 1)"),
  },
  "type/missing-argument": {
    kind: "source",
    meaning: "A layer or block is used without an argument that has no default.",
    why: "There is no value that would fit every model.",
    wrong: one("conv(kernel: 3)"),
    right: one("conv(16, kernel: 3)"),
  },
  "type/duplicate-argument": {
    kind: "source",
    meaning: "One argument is given twice, by its position or by its name.",
    why: "Only one of the values could hold.",
    wrong: one("conv(16, width: 16, kernel: 3)"),
    right: one("conv(16, kernel: 3)"),
  },
  "type/excess-argument": {
    kind: "source",
    meaning: "A layer or block is given more arguments than it has parameters that go by position.",
    why: "The surplus would have no effect.",
    wrong: one("relu(1)"),
    right: one("relu"),
  },
  "type/argument-order": {
    kind: "source",
    meaning: "An argument without a name stands behind one with a name.",
    why: "Which position it has could be read in two ways.",
    wrong: one("conv(kernel: 3, 16)"),
    right: one("conv(16, kernel: 3)"),
  },
  "type/operand": {
    kind: "source",
    meaning: "An operator is given something that it can't work on.",
    why: "Arithmetic is for numbers; `and`, `or` and `not` are for conditions.",
    wrong: one("conv(16 + true, kernel: 3)"),
    right: one("conv(16 + 1, kernel: 3)"),
  },
  "type/compare": {
    kind: "source",
    meaning: "Two values of different kinds are compared.",
    why: "They can never be equal, so the comparison is a mistake.",
    wrong: one("if 3 == true { conv(16, kernel: 3) }"),
    right: one("if 3 == 3 { conv(16, kernel: 3) }"),
  },
  "type/condition": {
    kind: "source",
    meaning: "The condition of an `if` is not true or false.",
    why: "A number does not count as a condition: say what it is compared with.",
    wrong: around("model Net(depth: int = 2) {", body("if depth { conv(16, kernel: 3) }")),
    right: around("model Net(depth: int = 2) {", body("if depth > 0 { conv(16, kernel: 3) }")),
  },
  "type/dimension": {
    kind: "source",
    meaning: "A dimension of a shape is not a whole number.",
    why: "Shapes count pixels and channels.",
    wrong: one("conv(16, kernel: 3) : [8, 8, 16.5]"),
    right: one("conv(16, kernel: 3) : [8, 8, 16]"),
  },
  "type/function-arguments": {
    kind: "source",
    meaning: "A function of the compile-time arithmetic is given the wrong number of arguments.",
    why: "`sqrt`, `ln`, `ceil` and `floor` take one number; `min` and `max` take several.",
    wrong: one("conv(floor(16, 2), kernel: 3)"),
    right: one("conv(floor(16 / 2), kernel: 3)"),
  },
  "type/variant-arguments": {
    kind: "source",
    meaning: "A setting or argument that is a choice has other values in its parentheses than the choice takes.",
    why: "`group` needs the number of groups, `batch` needs nothing.",
    wrong: settings("norm: group"),
    right: settings("norm: group(4)"),
  },
  "type/repeat-count": {
    kind: "source",
    meaning: "The number behind `repeat` is not a whole number of 0 or more.",
    why: "The steps are written out as often as it says.",
    wrong: one("repeat 2.5 { conv(16, kernel: 3) }"),
    right: one("repeat 2 { conv(16, kernel: 3) }"),
  },
  "type/division-by-zero": {
    kind: "source",
    meaning: "A number is divided by zero, with `/` or `%`.",
    why: "The result does not exist.",
    wrong: around("model Net(parts: int = 0) {", body("conv(16 / parts, kernel: 3)")),
    right: around("model Net(parts: int = 2) {", body("conv(16 / parts, kernel: 3)")),
  },
  "type/inexact-division": {
    kind: "source",
    meaning: "Two whole numbers are divided and the result is rounded down.",
    why: "A width that silently loses a channel is a mistake that is hard to find later.",
    wrong: one("conv(33 / 2, kernel: 3)"),
    right: one("conv(32 / 2, kernel: 3)"),
  },
  "type/overflow": {
    kind: "source",
    meaning: "The result of an expression is too large for a number.",
    why: "Whole numbers are exact up to 2^53; beyond it they would be rounded.",
    wrong: around("model Net(n: int = 9007199254740991) {", body("if n * n > 0 { conv(16, kernel: 3) }")),
    right: around("model Net(n: int = 1000) {", body("if n * n > 0 { conv(16, kernel: 3) }")),
  },
  "type/undefined-result": {
    kind: "source",
    meaning: "A function has no value for this number.",
    why: "There is no square root of a negative number and no logarithm of zero.",
    wrong: around("model Net(n: int = 4) {", body("if sqrt(n - 8) > 0 { conv(16, kernel: 3) }")),
    right: around("model Net(n: int = 12) {", body("if sqrt(n - 8) > 0 { conv(16, kernel: 3) }")),
  },
  "type/parameter-value": {
    kind: "source",
    meaning: "A parameter of the model has no default and no value was given from outside.",
    why: "Without it the model is not determined.",
    wrong: around("model Net(width: int) {", body("conv(width, kernel: 3)")),
    right: around("model Net(width: int = 16) {", body("conv(width, kernel: 3)")),
  },
  "type/port-count": {
    kind: "source",
    meaning: "A model or block has too few or too many inputs or outputs.",
    why: "A step behind `->` takes one value and gives one.",
    wrong: model(`logits = image ${classify}`).replace(
      "  input  image: [8, 8, 3]\n",
      "  input  image: [8, 8, 3]\n  input  mask: [8, 8, 1]\n",
    ),
    right: model(`logits = image ${classify}`),
  },
};
