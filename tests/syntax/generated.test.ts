/** What is generated from the grammar is up to date, and fits the language. */
import { readFileSync } from "node:fs";
import * as prettier from "prettier";
import { describe, expect, it } from "vitest";
import { lex } from "../../grammar/lexer.ts";
import { tokenTable } from "../../grammar/tokens.ts";
import { generateGrammarFiles } from "../../scripts/gen/grammar.ts";
import { residual, resnet34 } from "./examples.ts";

const files = generateGrammarFiles();

describe("generated files", () => {
  it.each([...files.keys()])("%s is up to date", async (path) => {
    const info = await prettier.getFileInfo(path, { ignorePath: ".prettierignore" });
    const options = { ...(await prettier.resolveConfig(path)), filepath: path };
    const text = files.get(path)!;
    expect(readFileSync(path, "utf8")).toBe(info.inferredParser === null ? text : await prettier.format(text, options));
  });

  it("are the same each time", () => {
    expect([...generateGrammarFiles()]).toEqual([...files]);
  });

  it("link to no other site", () => {
    for (const [path, text] of files) {
      expect(text.replaceAll("http://www.w3.org/2000/svg", ""), path).not.toMatch(/https?:/);
    }
  });
});

describe("the EBNF", () => {
  const text = files.get("grammar/generated/bcos.ebnf")!;
  const defined = [...text.matchAll(/^(\w+) ::=/gm)].map((match) => match[1]!);

  it("defines every name that it uses, once", () => {
    const rules = text
      .replace(/\/\*[^]*?\*\//g, "")
      .replace(/::= \/.*\/$/gm, "")
      .replace(/"[^"]*"/g, "");
    const used = new Set(rules.match(/[A-Za-z]\w*/g));
    expect([...used].filter((name) => !defined.includes(name) && name !== "StatementEnd")).toEqual([]);
    expect(new Set(defined).size).toBe(defined.length);
  });

  it("has every keyword and sign, and nothing of the recovery", () => {
    for (const { type } of tokenTable) {
      if (typeof type.PATTERN === "string") expect(text).toContain(`"${type.PATTERN}"`);
    }
    expect(text).not.toMatch(/Missing|Body/);
  });
});

describe("the TextMate grammar", () => {
  const grammar = JSON.parse(files.get("grammar/generated/bcos.tmLanguage.json")!) as {
    patterns: { name: string; match: string }[];
  };
  /** The scope of the first pattern that matches at the offset, as an editor finds it. */
  const scopeAt = (text: string, offset: number): string | undefined =>
    grammar.patterns.find(({ match }) => {
      const sticky = new RegExp(match, "y");
      sticky.lastIndex = offset;
      return sticky.test(text);
    })?.name;

  it("colours every token of the examples", () => {
    for (const text of [resnet34, residual]) {
      for (const { tokenType, startOffset, image } of lex("x", text).tokens) {
        if (image.trim() === "") continue;
        const { scope } = tokenTable.find((row) => row.type === tokenType)!;
        const found = scopeAt(text, startOffset);
        if (scope === "variable") expect(found, image).toMatch(/^(variable|entity\.name)/);
        else expect(found, image).toMatch(scope);
      }
    }
  });
});
