/** Every code has a page whose examples are true, and is raised somewhere. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generateErrorPages } from "../../scripts/gen/errors.ts";
import { findingsOf, frameOf } from "../../scripts/gen/examples.ts";
import { catalogue, type Code } from "../../src/diagnostics/catalogue.ts";
import { areas, codesOf, pages } from "../../src/diagnostics/pages.ts";
import { pageMarkdown } from "../../src/diagnostics/pages/render.ts";

const root = join(import.meta.dirname, "../..");
const codes = Object.keys(catalogue) as Code[];
const sourceCodes = codes.filter((code) => pages[code].kind === "source");

describe("the examples", () => {
  it.each(sourceCodes)("of %s are right and wrong", (code) => {
    const page = pages[code];
    if (page.kind !== "source") throw new Error("not reached");
    const wrong = findingsOf(page.wrong);
    if (catalogue[code].severity === "info") {
      expect(wrong.map((d) => d.code)).toContain(code);
    } else {
      const loud = wrong.filter((d) => d.severity !== "info").map((d) => d.code);
      expect(loud).toEqual([code]);
    }
    const right = findingsOf(page.right);
    expect(right.filter((d) => d.severity !== "info" || d.code === code).map((d) => d.code)).toEqual([]);
  });

  it.each(sourceCodes)("of %s are told as before", (code) => {
    const page = pages[code];
    if (page.kind !== "source") throw new Error("not reached");
    const text = pageMarkdown(code, frameOf(page.wrong, code));
    expect(text.slice(text.indexOf("## "), text.lastIndexOf("## "))).toMatchSnapshot();
  });
});

describe("the catalogue", () => {
  it("has codes of known areas only", () => {
    expect(codes.filter((code) => !/^[a-z]+\/[a-z]+(-[a-z]+)*$/.test(code))).toEqual([]);
    expect(Object.keys(areas).flatMap(codesOf).sort()).toEqual([...codes].sort());
  });

  it("has no code that nothing raises", () => {
    const catalogueFiles = /diagnostics[\\/](catalogue|pages)[\\/]/;
    const texts = ["src", "grammar"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(root, folder, name))
        .filter((path) => !catalogueFiles.test(path))
        .map((path) => readFileSync(path, "utf8")),
    );
    const isRaised = (code: string): boolean => texts.some((text) => text.includes(`"${code}"`));
    expect(codes.filter((code) => !isRaised(code))).toEqual([]);
  });

  it("describes in full sentences", () => {
    for (const code of codes) {
      const page = pages[code];
      const sentences = [page.meaning, page.why, ...(page.kind === "situation" ? [page.situation, page.remedy] : [])];
      for (const sentence of sentences) expect(sentence, code).toMatch(/^[^]*\S$/);
      expect(page.meaning, code).toMatch(/\.$/);
    }
  });
});

it("makes a file for every page and an index of all", () => {
  const files = generateErrorPages();
  expect(files.size).toBe(codes.length + 1);
  const index = files.get("docs/errors/README.md")!;
  for (const code of codes) {
    const name = `${code.replace("/", "-")}.md`;
    expect(index).toContain(`[\`${code}\`](${name})`);
    expect(files.get(`docs/errors/${name}`)).toContain(`# ${code}\n`);
  }
});
