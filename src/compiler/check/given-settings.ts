/** B-cos settings that are given from outside, as the text between the braces of `bcos { … }`. */
import { parseFile } from "../syntax/parse.ts";
import type { SettingsBlock } from "../syntax/ast.ts";
import type { Report } from "./report.ts";
import type { Resolution } from "./resolution.ts";
import { checkSettings, withoutNames } from "./settings.ts";

/** What findings in the text name as their file. */
export const givenSettingsFile = "--settings";

/** The blocks, with names and types checked; `undefined` where something in the text is wrong. */
export function parseGivenSettings(
  text: string,
  report: Report,
  resolution: Resolution,
): readonly SettingsBlock[] | undefined {
  const before = report.errors();
  const { file, diagnostics } = parseFile(givenSettingsFile, `bcos { ${text} }`);
  for (const diagnostic of diagnostics) report.add(diagnostic);
  // A text that closes the brace itself goes on with something else.
  const [block] = file.settings;
  if (file.imports.length + file.settings.length + file.declarations.length > 1 && block !== undefined) {
    report.at({ ...block.span, start: block.span.end - 1 }, "syntax/unopened", { close: "}" });
  }
  if (report.errors() > before) return undefined;
  checkSettings({ report, faulty: resolution.faulty, unknownNames: new Set() }, withoutNames, file.settings);
  return report.errors() > before ? undefined : file.settings;
}
