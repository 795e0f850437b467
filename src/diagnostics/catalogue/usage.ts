/** Codes of the area `usage`: the command line. */
import { entry } from "../entry.ts";

export const usageCodes = {
  "usage/unknown-option": entry<{ option: string }>({
    severity: "error",
    message: (p) => `there is no option \`${p.option}\``,
  }),
};
