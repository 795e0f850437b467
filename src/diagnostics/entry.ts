/** The shape of one catalogue entry. Areas in `catalogue/` list their entries with it. */
import type { Severity } from "./diagnostic.ts";

export interface Entry<P> {
  readonly severity: Severity;
  readonly message: (params: P) => string;
  readonly hint?: (params: P) => string | undefined;
}

/** Identity with a type: `entry<{ name: string }>({ severity: "error", message: (p) => … })`. */
export function entry<P = Record<never, never>>(definition: Entry<P>): Entry<P> {
  return definition;
}
