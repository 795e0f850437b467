/** Classes by name. */
import { fail } from "../../diagnostics/catalogue.ts";

/** The index of a class that is named or numbered. Numbers are checked where they are used. Throws `run/input`. */
export function classIndex(classes: readonly string[], option: string, given: string | number): number {
  if (typeof given === "number") return given;
  const index = classes.indexOf(given);
  if (index >= 0) return index;
  const expected = classes.length === 0 ? "the number of a class: the model has no names" : "the name of a class";
  return fail("run/input", { name: option, expected, found: `\`${given}\`` });
}
