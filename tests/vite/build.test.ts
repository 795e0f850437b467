/** The plugin in Vite's builds: for pages, workers and Node, and what a build says that fails. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type InlineConfig, type Rollup } from "vite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BcosPluginOptions } from "../../src/vite/index.ts";
import { modelText, project } from "./project.ts";

// In tests of projects the plugin gives modules without addresses; here they are those of a build.
beforeEach(() => void vi.stubEnv("VITEST", undefined));
afterEach(() => void vi.unstubAllEnvs());

type Files = ReadonlyMap<string, string | Uint8Array>;

async function buildProject(
  options: BcosPluginOptions,
  over: Readonly<Record<string, string>>,
  more: InlineConfig,
): Promise<{ folder: string; files: Files; warnings: readonly string[] }> {
  const { folder, config, logged } = project(options, over);
  const result = await build({ ...config, ...more, build: { write: false, ...more.build } });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rollup.RollupOutput;
  const files = new Map(output.map((part) => [part.fileName, part.type === "chunk" ? part.code : part.source]));
  return { folder, files, warnings: logged.warnings };
}

const forPage = { build: { rolldownOptions: { input: "src/main.ts", preserveEntrySignatures: "strict" } } } as const;

function named(files: Files, pattern: RegExp): string[] {
  return [...files.keys()].filter((name) => pattern.test(name)).sort();
}

function scriptsOf(files: Files): string {
  return named(files, /\.js$/)
    .map((name) => files.get(name) as string)
    .join("\n");
}

describe("for a page", () => {
  it("writes what the module loads as files of their own, by the hash of their content", async () => {
    const { files, folder } = await buildProject({}, {}, { ...forPage, base: "/site/" });
    const script = scriptsOf(files);
    for (const kind of ["wasm.plan-*.json", "webgpu.plan-*.json", "relaxed-*.wasm"].map((name) => `net.${name}`)) {
      const pattern = kind.replaceAll(".", "\\.").replace("*", "[\\w-]+");
      const [name, ...others] = named(files, new RegExp(`^assets/${pattern}$`));
      expect({ kind, found: name !== undefined, others }).toEqual({ kind, found: true, others: [] });
      expect(script.includes(`/site/${name!}`)).toBe(true);
    }
    expect(/bcosc-asset|ROLLUP_FILE_URL|chevrotain/.test(script)).toBe(false);
    expect(existsSync(join(folder, "src/net.d.bcos.ts"))).toBe(true);
  });

  it("finds them beside the scripts where the place of the site is not known", async () => {
    const { files } = await buildProject({}, {}, { ...forPage, base: "./" });
    const [kernels] = named(files, /^assets\/net-[\w-]+\.wasm$/);
    const url = new RegExp(
      `new URL\\(["'\`]${kernels!.replace("assets/", "")}["'\`], *(["'\`]{2} *\\+ *)?import\\.meta\\.url`,
    );
    expect(url.test(scriptsOf(files))).toBe(true);
  });

  it("brings code for the wanted devices alone", async () => {
    const { files } = await buildProject({ targets: ["wasm"] }, {}, forPage);
    expect(named(files, /webgpu\.plan/)).toEqual([]);
    expect(named(files, /\.wasm$/)).toHaveLength(2);
  });

  it("keeps imports with other options apart", async () => {
    const both = `export { model } from "./net.bcos";\nexport { model as other } from "./net.bcos?as=standard";\n`;
    const { files } = await buildProject({ targets: ["wasm"] }, { "src/main.ts": both }, forPage);
    expect(named(files, /\.wasm$/)).toHaveLength(4);
    expect(/form: *["'`]standard/.test(scriptsOf(files))).toBe(true);
  });

  it("writes no types where none are wanted, nor into packages", async () => {
    const { folder } = await buildProject({ declarations: false }, {}, forPage);
    expect(existsSync(join(folder, "src/net.d.bcos.ts"))).toBe(false);
    const main = `export { load } from "../node_modules/nets/net.bcos";\n`;
    const net = modelText.replace(/import .*\n/, "").replace("Block(4)", "conv(4, kernel: 3)");
    const packaged = await buildProject({}, { "src/main.ts": main, "node_modules/nets/net.bcos": net }, forPage);
    expect(readdirSync(join(packaged.folder, "node_modules/nets"))).toEqual(["net.bcos"]);
  });

  it("has source maps that lead to the model", async () => {
    const { files } = await buildProject({}, {}, { ...forPage, build: { ...forPage.build, sourcemap: true } });
    const maps = named(files, /main.*\.map$/).map(
      (name) => JSON.parse(files.get(name) as string) as { sources: string[] },
    );
    expect(maps.flatMap(({ sources }) => sources).some((source) => source.endsWith("src/net.bcos"))).toBe(true);
  });
});

it("brings models into workers, with the same options", async () => {
  const main = `export const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });\n`;
  const worker = `import { model } from "./net.bcos";\nself.postMessage(model.classes);\n`;
  const over = { "src/main.ts": main, "src/worker.ts": worker };
  const { files } = await buildProject({ classes: ["cat", "dog"], targets: ["wasm"] }, over, forPage);
  expect(/[`"']cat[`"']/.test(scriptsOf(files))).toBe(true);
  expect(named(files, /net.*\.wasm$/)).toHaveLength(2);
});

it("gives Node a module that needs no other file", async () => {
  const config: InlineConfig = {
    build: { ssr: "src/main.ts", rolldownOptions: { output: { entryFileNames: "main.mjs" } } },
    ssr: { noExternal: true },
  };
  const { folder, files } = await buildProject({}, {}, config);
  expect(named(files, /\.(wasm|json)$/)).toEqual([]);
  mkdirSync(join(folder, "out"));
  for (const [name, content] of files) {
    mkdirSync(join(folder, "out", name, ".."), { recursive: true });
    writeFileSync(join(folder, "out", name), content);
  }
  const module = (await import(pathToFileURL(join(folder, "out/main.mjs")).href)) as {
    opened(): Promise<{ predict(image: Float32Array): Promise<{ logits: Float32Array }>; dispose(): Promise<void> }>;
  };
  const model = await module.opened();
  const { logits } = await model.predict(new Float32Array(36).fill(0.5));
  expect(Array.from(logits).every(Number.isFinite)).toBe(true);
  expect(logits).toHaveLength(2);
  await model.dispose();
});

describe("a build that fails", () => {
  it("says why, with our frame and without a trace of the plugin's", async () => {
    const broken = modelText.replace("global_avg_pool", "global_avg_pol");
    const failing = buildProject({}, { "src/net.bcos": broken }, forPage);
    const { message } = await failing.then(
      () => ({ message: "it did not fail" }),
      (error: unknown) => error as Error,
    );
    expect(message).toContain("error[name/unknown]");
    expect(message).toMatch(/\n *\d+ \| +logits = stem -> global_avg_pol -> fc: linear\(classes\)\n/);
    expect(message).toContain("did you mean `global_avg_pool`?");
    expect(message).toContain("src/net.bcos");
    expect(message).not.toMatch(/\n +at /);
  });

  it("warns where the file can be used all the same", async () => {
    const unused = modelText.replace("  logits =", "  spare  = stem -> relu\n  logits =");
    const { warnings } = await buildProject({}, { "src/net.bcos": unused }, forPage);
    expect(warnings.join("\n")).toContain("warning[name/unused]");
  });
});

it("leaves the file's text to `?raw`", async () => {
  const main = `export { default as text } from "./net.bcos?raw";\n`;
  const { files } = await buildProject({}, { "src/main.ts": main }, forPage);
  expect(scriptsOf(files).includes("Two classes of small pictures")).toBe(true);
  expect(named(files, /\.wasm$/)).toEqual([]);
});
