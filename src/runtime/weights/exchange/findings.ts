/** What an import lacks, as diagnostics. */
import { diagnose } from "../../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../../diagnostics/diagnostic.ts";
import type { Shape } from "../../../shape.ts";
import type { ImportReport } from "./import-tensors.ts";

export interface Strictness {
  /** Weights of the model that the file does not have are no fault, nor are tensors that the model does not know. */
  readonly partial: boolean;
}

/** Every fault of an import, by kind. `place` is the file's name. */
export function importFindings(report: ImportReport, { partial }: Strictness, place: string): readonly Diagnostic[] {
  const misshapen = report.misshapen.map(({ path, name, expected, found }) => {
    const hints = name === path ? [] : [`the file calls it \`${name}\``];
    const params = { path, expected: describe(expected), found: describe(found) };
    return diagnose("weights/shape", params, { place, hints });
  });
  const ambiguous = report.ambiguous.map(({ path, names }) =>
    diagnose("weights/twice", { path, first: names[0]!, second: names[1]! }, { place }),
  );
  const mistyped = report.mistyped.map(({ name, dtype }) => diagnose("weights/dtype", { name, dtype }, { place }));
  if (partial) return [...ambiguous, ...misshapen, ...mistyped];
  const missing = report.missing.map(({ path }) => diagnose("weights/missing", { path }, { place }));
  const unexpected = report.unexpected.map(({ name }) => diagnose("weights/unexpected", { path: name }, { place }));
  return [...ambiguous, ...misshapen, ...mistyped, ...missing, ...unexpected];
}

function describe(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
