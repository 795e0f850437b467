/** The plugin, through prettier itself: formats as `formatText` does, takes options, and reports faults with their place. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import * as standalone from "prettier/standalone";
import { describe, expect, it } from "vitest";
import { formatText } from "../../src/format/format-text.ts";
import * as plugin from "../../src/format/plugin.ts";
import { temporaryFolder } from "../cli/run.ts";

const residual = readFileSync("models/blocks/residual.bcos", "utf8");
const careless = residual.replaceAll(" -> ", "->").replaceAll(/^ {2}/gm, "");
const files = readFixtures("rows", "flows", "expressions", "files", "comments", "ignored");

function readFixtures(...names: readonly string[]): string[] {
  return names.map((name) => readFileSync(join(import.meta.dirname, "fixtures", `${name}.before.bcos`), "utf8"));
}

async function formatted(text: string, options: Parameters<typeof formatText>[2] = {}): Promise<string> {
  const result = await formatText("x.bcos", text, options);
  return "text" in result ? result.text : "";
}

function format(text: string, options: prettier.Options = {}): Promise<string> {
  return prettier.format(text, { plugins: [plugin], filepath: "x.bcos", ...options });
}

describe("the plugin", () => {
  it("formats as formatText does", async () => {
    for (const text of [residual, careless, ...files]) expect(await format(text)).toBe(await formatted(text));
  });

  it("takes widths and indentation", async () => {
    for (const options of [{ printWidth: 60 }, { tabWidth: 4 }, { useTabs: true }]) {
      expect(await format(careless, options)).toBe(await formatted(careless, options));
      expect(await format(careless, options)).not.toBe(await format(careless));
    }
  });

  it("checks", async () => {
    const options = { plugins: [plugin], filepath: "x.bcos" };
    const once = await format(careless);
    expect(await prettier.check(once, options)).toBe(true);
    expect(await prettier.check(careless, options)).toBe(false);
  });

  it("keeps a byte order mark, and line breaks where it is told to", async () => {
    const text = "\ufeffbcos {b:2}\r\nblock B {}\r\n";
    expect(await format(text, { endOfLine: "auto" })).toBe("\ufeffbcos { b: 2 }\r\n\r\nblock B {}\r\n");
    expect(await format(text)).toBe("\ufeffbcos { b: 2 }\n\nblock B {}\n");
    expect(await formatted(text)).toBe("\ufeffbcos { b: 2 }\r\n\r\nblock B {}\r\n");
  });

  it("is found by the name of the file", async () => {
    const found = await prettier.getFileInfo("models/mnist.bcos", { plugins: [plugin] });
    expect(found).toEqual({ ignored: false, inferredParser: "bcos" });
  });

  it("formats the blocks of Markdown", async () => {
    const text = "# A model\n\n```bcos\nblock   B{input x:[3]\noutput y:[3]\ny=x->relu}\n```\n\n```ts\nlet a=1\n```\n";
    expect(await prettier.format(text, { plugins: [plugin], parser: "markdown" })).toBe(
      "# A model\n\n```bcos\nblock B {\n  input  x: [3]\n  output y: [3]\n  y = x -> relu\n}\n```\n\n```ts\nlet a = 1;\n```\n",
    );
  });

  it("works without Node, as in a browser", async () => {
    expect(await standalone.format(careless, { plugins: [plugin], parser: "bcos" })).toBe(await formatted(careless));
  });

  it("follows the settings of a project", async () => {
    const overrides = [{ files: "*.bcos", options: { printWidth: 60, tabWidth: 4 } }];
    const folder = temporaryFolder({ ".prettierrc": JSON.stringify({ printWidth: 100, overrides }), "x.bcos": "" });
    const path = join(folder, "x.bcos");
    const options = await prettier.resolveConfig(path);
    expect(options).toEqual({ printWidth: 60, tabWidth: 4 });
    const text = await prettier.format(careless, { ...options, plugins: [plugin], filepath: path });
    expect(text).toBe(await formatted(careless, { printWidth: 60, tabWidth: 4 }));
  });

  it("reports the first fault with its place", async () => {
    const text = "block B {\n  y = x -> conv(8\n}\n";
    const error = (await format(text).catch((thrown: unknown) => thrown)) as SyntaxError & {
      readonly loc: unknown;
      readonly codeFrame: string;
    };
    expect(error.message.split("\n")[0]).toBe("`(` is not closed (syntax/unclosed, 2:17)");
    expect(error.loc).toEqual({ start: { line: 2, column: 17 }, end: { line: 2, column: 18 } });
    expect(error.codeFrame).toContain("> 2 |   y = x -> conv(8");
  });
});
