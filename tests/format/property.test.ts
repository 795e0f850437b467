/** Formatting changes neither the meaning nor the comments of a program, and a second time it changes nothing. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import { formatText } from "../../src/format/format-text.ts";
import type { Style } from "../../src/format/style.ts";
import { commentsOf, meaningOf } from "./meaning.ts";
import { program } from "./programs.ts";

async function formatted(text: string, style?: Partial<Style>): Promise<string> {
  const result = await formatText("any.bcos", text, style);
  if ("diagnostics" in result) {
    throw new Error(`${result.diagnostics.map((d) => `${d.message} at ${d.span!.start}`).join("\n")}\n${text}`);
  }
  return result.text;
}

async function check(text: string, style?: Partial<Style>): Promise<void> {
  const once = await formatted(text, style);
  const before = parseFile("any.bcos", text).file;
  const { file: after, diagnostics } = parseFile("any.bcos", once);
  expect(diagnostics, once).toEqual([]);
  expect(meaningOf(after), once).toEqual(meaningOf(before));
  expect(commentsOf(after), once).toEqual(commentsOf(before));
  expect(await formatted(once, style)).toBe(once);
  // What is ignored may have any spaces.
  if (!text.includes("prettier-ignore")) expect(once).not.toMatch(/[ \t]$|\n\n\n/m);
  expect(once).not.toMatch(/^\n|\n\n$/);

  expect(once === "" || once.endsWith("\n")).toBe(true);
}

describe("random programs", () => {
  it.each([
    ["the usual width", {}],
    ["narrow lines", { printWidth: 40 }],
    ["wide indentation", { printWidth: 80, tabWidth: 4 }],
    ["tabs", { printWidth: 60, useTabs: true }],
  ])("%s", async (_, style) => {
    await fc.assert(
      fc.asyncProperty(program, (text) => check(text, style)),
      { numRuns: 40 },
    );
  });
});

const modelFiles = readdirSync("models", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".bcos"))
  .map((path) => `models/${path}`)
  .toSorted();

describe("the models", () => {
  it.each(modelFiles)("%s", async (path) => {
    const text = readFileSync(path, "utf8");
    for (const printWidth of [132, 80, 40]) await check(text, { printWidth });
    // Everything on as few lines as can be.
    await check(text.replace(/\n +->/g, " ->"));
    // A line break and a comment at every bracket, comma and arrow.
    const code = /^(?!\/\/\/).*$/gm;
    await check(text.replace(code, (row) => row.replace(/[([,]/g, "$& // c\n").replace(/->/g, "// d\n->")));
  });
});
