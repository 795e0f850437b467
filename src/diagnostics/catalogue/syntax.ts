/** Codes of the area `syntax`: text that is not a .bcos file. */
import { entry } from "../entry.ts";

export const syntaxCodes = {
  "syntax/unexpected": entry<{ found: string; expected: string }>({
    severity: "error",
    message: (p) => `unexpected ${p.found}, expected ${p.expected}`,
  }),
};
