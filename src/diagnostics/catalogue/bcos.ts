/** Codes of the area `bcos`: what the B-cos form changes, and settings that do not fit it. */
import { entry } from "../entry.ts";

export const bcosCodes = {
  "bcos/relu-dropped": entry<{ path: string }>({
    severity: "info",
    message: (p) => `the activation ${p.path} is dropped in the B-cos form`,
  }),
};
