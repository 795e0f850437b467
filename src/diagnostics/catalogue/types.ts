/** Codes of the area `type`: arguments, parameters and compile-time expressions. */
import { entry } from "../entry.ts";

export const typeCodes = {
  "type/argument": entry<{ name: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` takes ${p.expected}, not ${p.found}`,
  }),
};
