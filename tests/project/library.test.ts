/** The TypeScript of the documentation compiles: every ```ts block of the README, of docs/library.md and of docs/tfjs.md. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileFile } from "../../src/vite/compile-file.ts";
import { declarationFile } from "../../src/vite/declarations.ts";
import { viteLog } from "../../src/vite/errors.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/library.md"), "utf8");
const readme = readFileSync(join(root, "README.md"), "utf8");
const tfjsPage = readFileSync(join(root, "docs/tfjs.md"), "utf8");

interface Example {
  readonly title: string;
  readonly text: string;
}

function examplesOf(document: string, text: string): Example[] {
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)];
  return blocks.map((block) => {
    const title = /^#+ (.*)$/gm;
    const before = [...text.slice(0, block.index).matchAll(title)].at(-1)?.[1] ?? "";
    return { title: `${document}: ${before}`, text: block[1]! };
  });
}

const examples = [
  ...examplesOf("README.md", readme),
  ...examplesOf("docs/library.md", page),
  ...examplesOf("docs/tfjs.md", tfjsPage),
];

let folder: string;
let program: ts.Program;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bcosc-examples-"));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  // The model of the page, with the options of the page's configuration.
  const [, model] = /^```bcos\n(\/\/\/ net\.bcos:[^]*?)^```$/m.exec(page)!;
  write("net.bcos", model!);
  const path = join(folder, "net.bcos");
  const options = { classes: ["cat", "dog"], train: true, layers: ["middle"] };
  const asStandard = { classes: options.classes, as: "standard" } as const;
  const compiled = [
    ["", await compileFile(folder, path, options)],
    ["as=standard", await compileFile(folder, path, asStandard)],
  ] as const;
  const declared = compiled.map(([query, { emitted, diagnostics }]) => {
    expect(diagnostics).toEqual([]);
    return declarationFile(path, query, emitted!.declaration);
  });
  for (const { path, text } of declared) writeFileSync(path, text);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  examples.forEach(({ text }, i) => write(`example-${i}.ts`, text));
  program = ts.createProgram(
    [...examples.map((_, i) => join(folder, `example-${i}.ts`)), declared[1]!.path],
    compilerOptions(),
  );
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Those of a project of `bcosc init`, with the package's entries as sources. */
function compilerOptions(): ts.CompilerOptions {
  const { exports: entries } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Readonly<Record<string, { default: string } | string>>;
  };
  const paths = Object.entries(entries).flatMap(([entry, to]): [string, string[]][] => {
    const built = typeof to === "string" ? to : to.default;
    if (!built.endsWith(".js")) return [];
    const source = built.replace("./dist/", `${root}/`).replace(/\.js$/, ".ts");
    return [[entry.replace(/^\./, "bcosc"), [source]]];
  });
  const { config } = ts.readConfigFile(join(root, "templates/page/tsconfig.json"), ts.sys.readFile) as {
    config: { compilerOptions: object };
  };
  const read = ts.convertCompilerOptionsFromJson(config.compilerOptions, folder);
  // The sources are checked with the project's own options, by `npm run typecheck`.
  const asSources = { noUncheckedIndexedAccess: false, noUnusedLocals: false, noUnusedParameters: false };
  return { ...read.options, ...asSources, paths: Object.fromEntries(paths) };
}

describe("the examples in TypeScript", () => {
  it("are there", () => {
    expect(examples.length).toBeGreaterThan(10);
    for (const document of ["README.md", "docs/tfjs.md"]) {
      expect(examples.filter(({ title }) => title.startsWith(document)).length).toBeGreaterThan(0);
    }
  });

  it.each(examples.map(({ title }, i) => ({ title, i })))("$title ($i) compiles", ({ i }) => {
    const file = program.getSourceFile(join(folder, `example-${i}.ts`))!;
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    const lines = found.map(({ messageText, start }) => {
      const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
      return `line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    expect(lines).toEqual([]);
  });

  it("stand beside a frame that is the one which is shown", async () => {
    const path = join(folder, "src/net.bcos");
    mkdirSync(dirname(path));
    writeFileSync(path, readFileSync(join(folder, "net.bcos"), "utf8").replace("global_avg_pool", "global_avg_pol"));
    const { diagnostics, sources } = await compileFile(folder, path, {});
    const { message, frame } = viteLog(
      diagnostics,
      path,
      (file) => sources.get(file),
      (file) => file,
    );
    expect(page).toContain(`\`\`\`\n${message}\n${frame}\n\`\`\`\n`);
  });

  it("know the model: what they must refuse they do refuse", () => {
    // An unused `@ts-expect-error` is an error of its own, so those in the page are all needed.
    expect(page.match(/@ts-expect-error/g)!.length).toBeGreaterThan(2);
  });
});
