/** The docs of the diagnostic codes: one page a code and an index. */
import { catalogue, type Code } from "../../src/diagnostics/catalogue.ts";
import { areas, codesOf, pages } from "../../src/diagnostics/pages.ts";
import { pageMarkdown } from "../../src/diagnostics/pages/render.ts";
import { frameOf } from "./examples.ts";

/** Path in the repository → text. */
export function generateErrorPages(): Map<string, string> {
  const codes = Object.keys(areas).flatMap(codesOf);
  return new Map([
    ...codes.map((code): [string, string] => [`docs/errors/${fileName(code)}`, page(code)]),
    ["docs/errors/README.md", index()],
  ]);
}

function page(code: Code): string {
  const page = pages[code];
  return pageMarkdown(code, page.kind === "source" ? frameOf(page.wrong, code) : undefined);
}

function fileName(code: Code): string {
  return `${code.replace("/", "-")}.md`;
}

function index(): string {
  const sections = Object.entries(areas).map(([area, about]) => {
    const rows = codesOf(area).map(
      (code) => `| [\`${code}\`](${fileName(code)}) | ${catalogue[code].severity} | ${pages[code].meaning} |`,
    );
    return [`## ${area}: ${about}`, "", "| code | | meaning |", "| --- | --- | --- |", ...rows].join("\n");
  });
  return [
    "# Diagnostic codes",
    "Every message of bcosc has a stable code. `bcosc explain-error CODE` shows the same pages on the terminal.",
    ...sections,
    "",
  ].join("\n\n");
}
