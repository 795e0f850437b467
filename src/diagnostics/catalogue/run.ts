/** Codes of the area `run`: training and explaining. */
import { entry } from "../entry.ts";

export const runCodes = {
  "run/not-finite": entry<{ what: string; step: number }>({
    severity: "error",
    message: (p) => `${p.what} is not finite at step ${p.step}`,
  }),
};
