/**
 * Every code that has a fix, before and after it: on the wrong examples of the pages, and on further faults whose codes have
 * fixes of other kinds.
 */
import { describe, expect, test } from "vitest";
import type { Code } from "../../src/diagnostics/catalogue.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import { pages } from "../../src/diagnostics/pages.ts";
import { filesOf } from "../../src/diagnostics/pages/page.ts";
import { withHead } from "../check/helper.ts";
import { edited, workspaceOf, type Files } from "./fixture.ts";

const block =
  "block B(width: int) {\n  input x: [H, W, C]\n  output y: [H, W, width]\n  y = x -> conv(width, kernel: 1)\n}\n";
const one = (step: string, before = ""): Files => ({ "main.bcos": withHead(`  a = image -> ${step}`, before) });

/** Faults that the pages do not show. */
const further: readonly (readonly [Code, Files])[] = [
  ["name/unknown", one("B(wdith: 3)", block)],
  ["name/unknown", one("conv(8, kernel: 3, padding: sme)")],
  ["name/unknown", one("conv(ciel(7 / 2), kernel: 3)")],
  ["name/unknown", one("norm", "bcos { presett: v1 }")],
  ["name/unknown", one("norm", "bcos { norm: grup(2) }")],
  ["name/unknown", one("B(3)", block.replace("[H, W, C]", "[H, W, c]"))],
  [
    "name/unknown",
    {
      "main.bcos": `import { Botleneck } from "./b.bcos"\n${withHead("  a = image -> Botleneck(3)")}`,
      "b.bcos": block.replace("block B", "block Bottleneck"),
    },
  ],
  [
    "name/file-missing",
    { "main.bcos": `import { B } from "./b"\n${withHead("  a = image -> B(3)")}`, "b.bcos": block },
  ],
  ["name/unused", { "main.bcos": `import { B } from "./b.bcos"\n${withHead("  a = image -> norm")}`, "b.bcos": block }],
  ["syntax/unclosed", one("conv(8, kernel: 3 -> norm")],
  ["syntax/unclosed", one("repeat 2 { norm -> relu")],
  ["syntax/unclosed", one("norm : [32, 32, 3")],
  ["syntax/unclosed", { "main.bcos": withHead("  a = image -> norm").replace("}\n", "") }],
  ["syntax/unopened", one("conv(8, kernel: 3)) -> norm")],
  ["syntax/missing-token", { "main.bcos": withHead("  a = image -> norm").replace("model M {", "model M") }],
  ["syntax/unexpected", one("conv(8, kernel = 3)")],
  ["syntax/bad-character", one("conv(8, kernel: 3);")],
  ["syntax/bad-character", one("conv(8, kernel: 2 × 2)")],
  ["syntax/bad-number", one("dropout(.5)")],
  ["syntax/comment", one("norm # a remark")],
  [
    "syntax/bad-character",
    { "main.bcos": `import { B } from './b.bcos'\n${withHead("  a = image -> B(3)")}`, "b.bcos": block },
  ],
];

interface Case {
  readonly code: Code;
  readonly files: Files;
}

const cases: readonly Case[] = [
  ...Object.entries(pages).flatMap(([code, page]) =>
    page.kind === "source" ? [{ code: code as Code, files: Object.fromEntries(filesOf(page.wrong)) }] : [],
  ),
  ...further.map(([code, files]) => ({ code, files })),
];

function found(files: Files): Diagnostic[] {
  const workspace = workspaceOf(files);
  return Object.keys(files).flatMap((path) => workspace.diagnostics(path));
}

interface Fixed extends Case {
  readonly message: string;
  readonly fix: Fix;
  readonly after: Files;
}

const fixed: readonly Fixed[] = cases.flatMap(({ code, files }) => {
  const diagnostic = found(files).find((d) => d.code === code);
  return (diagnostic?.fixes ?? []).map((fix) => {
    const { message } = diagnostic!;
    return { code, message, files, fix, after: edited(files, fix.edits) };
  });
});

/** The lines that a fix takes away and puts in. */
function change({ code, files, fix, after }: Fixed): string {
  const lines = Object.keys(files).flatMap((path) => {
    const [old, new_] = [files[path]!.split("\n"), after[path]!.split("\n")];
    const gone = old.filter((line) => !new_.includes(line)).map((line) => `- ${line.trim()}`);
    const come = new_.filter((line) => !old.includes(line)).map((line) => `+ ${line.trim()}`);
    return [...gone, ...come];
  });
  return [`${code}: ${fix.title}`, ...lines].join("\n");
}

test.each(fixed)("$code: $fix.title removes the finding", ({ code, message, files, after }) => {
  const errors = (of: Files): number => found(of).filter(({ severity }) => severity === "error").length;
  expect(found(after).filter((d) => d.code === code && d.message === message)).toEqual([]);
  // What it uncovers, an argument that is missing too, was wrong before.
  expect(errors(after)).toBeLessThanOrEqual(errors(files));
});

describe("before and after", () => {
  test("every fix", () => {
    expect(`\n${fixed.map(change).join("\n\n")}\n`).toMatchSnapshot();
  });

  test("each further fault has a fix", () => {
    const without = further.filter(
      ([code, files]) => (found(files).find((d) => d.code === code)?.fixes ?? []).length === 0,
    );
    expect(
      without.map(
        ([code, files]) =>
          `${code} in ${Object.values(files)[0]}: ${found(files)
            .map((d) => d.code)
            .join()}`,
      ),
    ).toEqual([]);
  });
});
