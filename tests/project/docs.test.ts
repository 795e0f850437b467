/** The examples of the documentation compile: every `bcos` block of the README and of the language's description. */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost, type SourceHost } from "../../src/compiler/check/source-host.ts";
import { lex } from "../../grammar/lexer.ts";
import { tokenTable } from "../../grammar/tokens.ts";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { explain } from "../../src/cli/commands/explain.ts";
import { forms } from "../../src/cli/model-options.ts";
import { tfjsTargets } from "../../src/compiler/targets/tfjs/backends.ts";

const root = join(import.meta.dirname, "../..");

interface Example {
  /** Where it would be saved, so that its imports mean the files in `models/`. */
  readonly path: string;
  readonly text: string;
}

/** A block whose first line names a file, `/// blocks/residual.bcos: …`, is that file for the other blocks. */
function examplesOf(document: string): Example[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```bcos\n([^]*?)^```$/gm)].map(([, body], i) => {
    const named = /^\/\/\/ ([\w/]+\.bcos):/.exec(body!)?.[1];
    return { path: posix.join("models", named ?? `example-${i}.bcos`), text: body! };
  });
}

function hostOf(examples: readonly Example[]): SourceHost {
  const own = createMemoryHost(Object.fromEntries(examples.map(({ path, text }) => [path, text])));
  const read = (path: string): string | undefined => {
    const file = join(root, path);
    return own.read(path) ?? (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  };
  return { ...own, read };
}

describe.each(["README.md", "docs/language.md", "docs/formatting.md"])("%s", (document) => {
  const examples = examplesOf(document);

  test("has a model among its examples", () => {
    const models = examples.flatMap(({ path }) => checkFile(hostOf(examples), path).networks);
    expect(models.length).toBeGreaterThan(0);
    for (const model of models) {
      for (const form of forms) {
        expect(buildProgram(model, { form, batch: 1, graphs: [] }).program.classes).toBe(1000);
      }
    }
  });

  test.each(examples)("compiles the example $path without a finding", ({ path }) => {
    const { diagnostics } = checkFile(hostOf(examples), path);
    expect(diagnostics.map((d) => `${d.code}: ${d.message}`)).toEqual([]);
  });
});

/** Values for parameters without a default. */
const given: Readonly<Record<string, string>> = { int: "8", float: "0.5", bool: "true" };

/** A model around each block of an example, so that shapes and weight paths are checked too, and not only names. */
function modelsAround({ path, text }: Example): { readonly name: string; readonly text: string }[] {
  const { file } = parseFile(path, text);
  return file.declarations
    .filter(({ kind }) => kind === "block")
    .map(({ name, parameters }) => {
      const needed = parameters.filter((parameter) => parameter.default === undefined);
      const args = needed.map((parameter) => `${parameter.name.text}: ${given[parameter.type.kind]!}`).join(", ");
      const row = `image -> conv(16, kernel: 1) -> ${name.text}(${args}) -> global_avg_pool -> linear(1000)`;
      return {
        name: name.text,
        text: `import { ${name.text} } from "./${posix.relative("models", path)}"

model Around {
  input image: [32, 32, 3]
  output logits: [1000]
  logits = ${row}
}
`,
      };
    });
}

describe("blocks of docs/language.md", () => {
  const examples = examplesOf("docs/language.md");
  const around = examples.flatMap(modelsAround);

  test("are there", () => {
    expect(around.length).toBeGreaterThan(6);
  });

  test.each(around)("$name can be used", ({ text }) => {
    const path = "models/around.bcos";
    const { diagnostics, networks } = checkFile(hostOf([...examples, { path, text }]), path);
    expect(diagnostics.map((d) => `${d.code}: ${d.message}`)).toEqual([]);
    for (const form of forms) buildProgram(networks[0]!, { form, batch: 1, graphs: ["predict"] });
  });
});

/** The kinds of everything in a syntax tree, operators and functions with their names. */
function kindsIn(value: unknown, found: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  const { kind, operator, callee, number, direction, then, name } = value as Readonly<Record<string, unknown>>;
  if (typeof kind === "string") found.add(kind);
  if (typeof operator === "string") found.add(operator);
  if (typeof direction === "string") found.add(direction);
  if (number !== undefined) found.add("numbered label");
  if (Array.isArray(then))
    found.add((value as { else: unknown[] }).else.length > 0 ? "step with else" : "step without else");
  if (kind === "call") found.add((callee as { text: string }).text);
  if (kind === "name" && name === "index") found.add("index");
  for (const inner of Object.values(value)) kindsIn(inner, found);
}

test("docs/language.md has an example of every construct", () => {
  const found = new Set<string>();
  for (const { path, text } of examplesOf("docs/language.md")) kindsIn(parseFile(path, text).file, found);
  const kinds = "import settings model block input output reference pipe join concat if repeat ascription call".split(
    " ",
  );
  const parameters = "int float bool enum".split(" ");
  const expressions = "name list unary binary index - not + * / % == != < <= > >= and or".split(" ");
  const functions = "min max ceil floor sqrt ln".split(" ");
  const others = ["numbered label", "step with else", "step without else"];
  const all = [...kinds, ...parameters, ...expressions, ...functions, ...others];
  expect(all.filter((kind) => !found.has(kind))).toEqual([]);
  for (const { type } of tokenTable) {
    const { PATTERN: pattern } = type;
    if (typeof pattern !== "string") continue;
    const isThere = examplesOf("docs/language.md").some(({ path, text }) =>
      lex(path, text).tokens.some((token) => token.tokenType === type),
    );
    expect(isThere, pattern).toBe(true);
  }
});

test("the README names files and commands that are there", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, to]) => to!).filter((to) => !to.includes("://"));
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((to) => !existsSync(join(root, to)))).toEqual([]);
  const scripts = Object.keys(
    (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts,
  );
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
});

test("the page on explanations has commands with options that are there, and pictures", () => {
  const page = readFileSync(join(root, "docs/explaining.md"), "utf8");
  const commands = [...page.matchAll(/^npx bcosc explain (.*)$/gm)].map(([, words]) => words!.split(" "));
  expect(commands.length).toBeGreaterThan(2);
  for (const words of commands) {
    const args = parseArguments({ name: "explain", summary: "", command: explain }, words);
    expect(existsSync(join(root, args.positionals[0]!))).toBe(true);
  }
  const named = [...page.matchAll(/`(--[a-z]+)/g)].map(([, option]) => option!);
  const options = explain.options.map(({ flags }) => flags.split(" ")[0]!);
  expect(named.filter((option) => !options.includes(option) && option !== "--dump")).toEqual([]);
  const pictures = [...page.matchAll(/\]\((images\/[^)]+)\)/g)].map(([, picture]) => picture!);
  expect(pictures.filter((picture) => !existsSync(join(root, "docs", picture)))).toEqual([]);
});

describe("the page on TensorFlow.js", () => {
  const page = readFileSync(join(root, "docs/tfjs.md"), "utf8");

  test("links what is there", () => {
    const links = [...page.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, to]) => to!);
    expect(links.length).toBeGreaterThan(8);
    expect(links.filter((to) => !existsSync(join(root, "docs", to)))).toEqual([]);
  });

  test("installs every backend in the versions that are tested", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      devDependencies: Readonly<Record<string, string>>;
    };
    const rows = [...page.matchAll(/^\| `(tfjs:[\w-]+)` +\| `([^`]*)` +\|(.*)\|$/gm)];
    expect(rows.map(([, device]) => device)).toEqual(tfjsTargets);
    for (const [, device, packages, where] of rows) {
      const named = [...`${packages} ${where}`.matchAll(/([@\w/-]+)@(\d[\d.]*)/g)];
      expect(named.length, device).toBeGreaterThan(0);
      for (const [, name, version] of named) {
        // Those with a libtensorflow are not installed here, and have the versions of the others.
        expect(version, name).toBe(devDependencies[name!] ?? devDependencies["@tensorflow/tfjs-core"]);
      }
      const own = `@tensorflow/tfjs-${/node/.test(device!) ? "" : "backend-"}${device!.slice("tfjs:".length)}`;
      expect(named.map(([, name]) => name)).toContain(own);
    }
  });
});
