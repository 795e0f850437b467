/** `bcosc explain-error [code]`: the page of a diagnostic code, or the codes that there are. */
import { catalogue, type Code, fail } from "../../diagnostics/catalogue.ts";
import { areas, codesOf, pages } from "../../diagnostics/pages.ts";
import { pageMarkdown } from "../../diagnostics/pages/render.ts";
import { closest } from "../../diagnostics/suggest.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { writeJson } from "../json.ts";

export const explainError: Command = {
  positionals: "[code]",
  options: [{ flags: "--json", summary: "Write JSON" }],
  examples: ["bcosc explain-error", "bcosc explain-error shape", "bcosc explain-error shape/mismatch"],
  run: (args, { out }) => {
    const asked = args.positionals[0]?.replace(/^(error|warning|info)\[(.*)\]$/, "$2");
    if (asked === undefined) {
      if (args.flag("--json")) writeJson(Object.keys(areas).flatMap(codesOf).map(pageJson), out);
      else out.write(areaList());
    } else if (Object.hasOwn(areas, asked)) {
      if (args.flag("--json")) writeJson(codesOf(asked).map(pageJson), out);
      else out.write(codeList(asked));
    } else {
      const code = knownCode(asked);
      if (args.flag("--json")) writeJson(pageJson(code), out);
      else out.write(pageMarkdown(code));
    }
    return Promise.resolve(exitCodes.ok);
  },
};

function areaList(): string {
  const lines = Object.entries(areas).map(([area, about]) => `  ${area.padEnd(10)}${about}`);
  return `Codes are \`area/name\`. The areas:\n\n${lines.join("\n")}\n\n\`bcosc explain-error AREA\` lists the codes of an area.\n`;
}

function codeList(area: string): string {
  const codes = codesOf(area);
  const width = Math.max(...codes.map((c) => c.length)) + 2;
  return `${codes.map((c) => `${c.padEnd(width)}${pages[c].meaning}`).join("\n")}\n`;
}

function knownCode(asked: string): Code {
  if (Object.hasOwn(catalogue, asked)) return asked as Code;
  const codes = Object.keys(catalogue);
  const sameName = codes.find((c) => c.split("/")[1] === asked.split("/").at(-1));
  const near = sameName ?? closest(asked, codes) ?? closest(asked, Object.keys(areas));
  return fail(
    "usage/unknown-code",
    { code: asked },
    near === undefined ? {} : { hints: [`did you mean \`${near}\`?`] },
  );
}

function pageJson(code: Code): object {
  return { code, severity: catalogue[code].severity, ...pages[code] };
}
