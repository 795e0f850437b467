/** Pairs of files: every construct in a careless layout, and formatted. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatText } from "../../src/format/format-text.ts";
import { style } from "../../src/format/style.ts";

const folder = join(import.meta.dirname, "fixtures");
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".before.bcos"))
  .map((name) => name.replace(".before.bcos", ""));

describe.each(names)("%s", (name) => {
  const text = readFileSync(join(folder, `${name}.before.bcos`), "utf8");

  it("is formatted", async () => {
    const result = await formatText(`${name}.bcos`, text);
    if ("diagnostics" in result) throw new Error(JSON.stringify(result.diagnostics));
    await expect(result.text).toMatchFileSnapshot(`fixtures/${name}.after.bcos`);
    expect(await formatText(`${name}.bcos`, result.text)).toEqual(result);
    // Wider are only strings, names and comments that can not be broken.
    const wide = result.text.split("\n").filter((line) => line.length > style.printWidth);
    expect(wide).toEqual([]);
  });
});

/** Every `bcos` block of the documentation. */
const documents = [
  "README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const blocks = documents.flatMap((document) =>
  [...readFileSync(document, "utf8").matchAll(/^```bcos\n([^]*?)^```$/gm)].map(([, text], i) => ({
    name: `${document}, block ${i + 1}`,
    text: text!,
  })),
);

it.each(blocks)("$name is formatted", async ({ name, text }) => {
  expect(await formatText(name, text)).toEqual({ text });
});
