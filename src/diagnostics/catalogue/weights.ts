/** Codes of the area `weights`: weight files. */
import { entry } from "../entry.ts";

export const weightsCodes = {
  "weights/missing": entry<{ path: string }>({
    severity: "error",
    message: (p) => `the weights have no tensor \`${p.path}\``,
  }),
};
