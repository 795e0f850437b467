/** Whether a dataset suits a program. */
import { sameShape } from "../../shape.ts";
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Dataset } from "./dataset.ts";

/** Throws `data/does-not-fit` where image shape or number of classes differ. */
export function checkFit(program: Pick<Program, "input" | "classes">, dataset: Dataset): void {
  if (!sameShape(program.input.shape, dataset.shape)) {
    fail("data/does-not-fit", {
      what: "its images have the shape",
      expected: `[${program.input.shape.join(", ")}]`,
      found: `[${dataset.shape.join(", ")}]`,
    });
  }
  if (program.classes !== dataset.classes.length) {
    fail("data/does-not-fit", {
      what: "its number of classes is",
      expected: String(program.classes),
      found: String(dataset.classes.length),
    });
  }
}
