/** Codes of the area `name`: imports, scopes, duplicates, unused things. */
import { entry } from "../entry.ts";

export const nameCodes = {
  "name/unknown": entry<{ what: string; name: string }>({
    severity: "error",
    message: (p) => `there is no ${p.what} named \`${p.name}\``,
  }),
};
