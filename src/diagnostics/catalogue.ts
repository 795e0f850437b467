/**
 * The one catalogue of stable codes, `area/kebab-name`, and the function that makes a diagnostic from a code and its
 * typed parameters. The explaining pages of the codes are in `pages/`.
 */
import { bcosCodes } from "./catalogue/bcos.ts";
import { dataCodes } from "./catalogue/data.ts";
import { limitCodes } from "./catalogue/limits.ts";
import { nameCodes } from "./catalogue/names.ts";
import { residentCodes } from "./catalogue/resident.ts";
import { runCodes } from "./catalogue/run.ts";
import { shapeCodes } from "./catalogue/shapes.ts";
import { syntaxCodes } from "./catalogue/syntax.ts";
import { typeCodes } from "./catalogue/types.ts";
import { usageCodes } from "./catalogue/usage.ts";
import { weightsCodes } from "./catalogue/weights.ts";
import { BcosError, type Diagnostic } from "./diagnostic.ts";
import type { Entry } from "./entry.ts";

export const catalogue = {
  ...syntaxCodes,
  ...nameCodes,
  ...typeCodes,
  ...shapeCodes,
  ...bcosCodes,
  ...limitCodes,
  ...dataCodes,
  ...weightsCodes,
  ...runCodes,
  ...residentCodes,
  ...usageCodes,
};

export type Code = keyof typeof catalogue;

/** The typed parameters that the message of a code takes. */
export type Params<C extends Code> = (typeof catalogue)[C] extends Entry<infer P> ? P : never;

/** Everything about a finding but its code and message; all optional. */
export type Details = Partial<
  Pick<Diagnostic, "span" | "place" | "label" | "related" | "expansion" | "hints" | "fixes">
>;

/** A diagnostic from a code of the catalogue. The entry's own hint comes after `details.hints`. */
export function diagnose<C extends Code>(code: C, params: Params<C>, details: Details = {}): Diagnostic {
  const entry = catalogue[code] as unknown as Entry<Params<C>>;
  const hint = entry.hint?.(params);
  return {
    code,
    severity: entry.severity,
    message: entry.message(params),
    related: [],
    expansion: [],
    fixes: [],
    ...details,
    hints: [...(details.hints ?? []), ...(hint === undefined ? [] : [hint])],
  };
}

/** Throws a `BcosError` with one diagnostic. For library functions outside the compiler's pipeline. */
export function fail<C extends Code>(code: C, params: Params<C>, details: Details = {}): never {
  throw new BcosError([diagnose(code, params, details)]);
}
