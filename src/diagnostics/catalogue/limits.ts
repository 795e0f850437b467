/** Codes of the area `limit`: bounds on depth, size and imports. */
import { entry } from "../entry.ts";

export const limitCodes = {
  "limit/depth": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `nested deeper than ${p.limit} levels`,
  }),
};
