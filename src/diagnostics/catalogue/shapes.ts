/** Codes of the area `shape`: shapes that do not fit. */
import { entry } from "../entry.ts";

export const shapeCodes = {
  "shape/ascription": entry<{ stated: string; actual: string }>({
    severity: "error",
    message: (p) => `the shape here is ${p.actual}, not ${p.stated}`,
  }),
};
