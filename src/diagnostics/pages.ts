/** The explaining pages of all codes. */
import type { Code } from "./catalogue.ts";
import { bcosPages } from "./pages/bcos.ts";
import { dataPages } from "./pages/data.ts";
import { limitPages } from "./pages/limits.ts";
import { namePages } from "./pages/names.ts";
import type { Page } from "./pages/page.ts";
import { residentPages } from "./pages/resident.ts";
import { runPages } from "./pages/run.ts";
import { shapePages } from "./pages/shapes.ts";
import { syntaxPages } from "./pages/syntax.ts";
import { typePages } from "./pages/types.ts";
import { usagePages } from "./pages/usage.ts";
import { weightsPages } from "./pages/weights.ts";

export const pages: Readonly<Record<Code, Page>> = {
  ...syntaxPages,
  ...namePages,
  ...typePages,
  ...shapePages,
  ...bcosPages,
  ...limitPages,
  ...dataPages,
  ...weightsPages,
  ...runPages,
  ...residentPages,
  ...usagePages,
};

/** What each area is about, in the order of the docs. */
export const areas: Readonly<Record<string, string>> = {
  syntax: "text that is not a .bcos file",
  name: "imports, scopes, duplicates, unused things",
  type: "arguments, parameters and compile-time expressions",
  shape: "shapes that do not fit",
  bcos: "what the B-cos form changes, and settings that do not fit it",
  limit: "bounds on depth, size and imports",
  data: "images, labels and other files that are read or written",
  weights: "weight files",
  run: "training and explaining",
  usage: "the command line",
};

/** The codes of one area, in the order of the catalogue. */
export function codesOf(area: string): Code[] {
  return (Object.keys(pages) as Code[]).filter((code) => code.startsWith(`${area}/`));
}
