/** What `package.json` promises: entries, the command and files are made from sources that are there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly files: readonly string[];
  readonly sideEffects: readonly string[];
};

/** `./dist/src/index.d.ts` and `./dist/src/index.js` are built from `src/index.ts`. */
function sourceOf(built: string): string {
  return join(root, built.replace(/^(\.\/)?dist\//, "").replace(/\.(d\.ts|js)$/, ".ts"));
}

test("entries and the command are built from sources", () => {
  const built = Object.values(manifest.exports).flatMap((entry) => [entry.types, entry.default]);
  const missing = [...built, ...Object.values(manifest.bin)].filter((path) => !existsSync(sourceOf(path)));
  expect(missing).toEqual([]);
  for (const { types, default: code } of Object.values(manifest.exports)) expect(sourceOf(types)).toBe(sourceOf(code));
});

test("bundlers leave out what a page does not use, but no program that an entry or a worker is", () => {
  expect(manifest.sideEffects.filter((path) => !existsSync(sourceOf(path)))).toEqual([]);
  const entries = Object.values(manifest.exports).map((entry) => entry.default);
  const programs = entries.filter((path) => !/^export /m.test(readFileSync(sourceOf(path), "utf8")));
  expect(programs.filter((path) => !manifest.sideEffects.includes(path))).toEqual([]);
  expect(programs).toHaveLength(1);
});

test("the package holds what the command and the documentation need", () => {
  expect(manifest.files).toEqual(expect.arrayContaining(["dist/src", "dist/grammar", "models", "docs", "LICENSE"]));
});

test("Node's readers and writers of files have an entry of their own", async () => {
  const entry = manifest.exports["./node"]!;
  const loaded = (await import(sourceOf(entry.default))) as Record<string, unknown>;
  for (const name of ["loadMnist", "loadWeights", "saveWeights", "readImageFile", "savePng"]) {
    expect(loaded[name], name).toBeTypeOf("function");
  }
});
