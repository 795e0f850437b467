/** Codes of the area `data`: images, labels and other files that are read or written. */
import { entry } from "../entry.ts";

export const dataCodes = {
  "data/unreadable": entry<{ file: string; reason: string }>({
    severity: "error",
    message: (p) => `can not read ${p.file}: ${p.reason}`,
  }),
};
