/** `bcosc fmt`. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bcosc, bcoscHere, mainFile, root, temporaryFolder, type Ran } from "./run.ts";

const careless = "block B {\ninput x:[3]\noutput y:[3]\ny=x->relu // kept\n}";
const neat = "block B {\n  input  x: [3]\n  output y: [3]\n  y = x -> relu // kept\n}\n";
const faulty = "block B {\n  y = x -> conv(8\n}\n";

function folderOf(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = temporaryFolder(files);
  const path = (name: string): string => join(folder, name);
  return { folder, path, read: (name: string) => readFileSync(path(name), "utf8") };
}

function withInput(words: readonly string[], input: string | Uint8Array): Promise<Ran> {
  const child = spawn(process.execPath, [mainFile, ...words], { cwd: root });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.end(input);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

describe("bcosc fmt", () => {
  it("formats files and folders, and names what it changed", async () => {
    const { folder, read } = folderOf({
      "a.bcos": careless,
      "neat.bcos": neat,
      "deep/er/b.bcos": careless,
      "deep/other.txt": careless,
      "node_modules/c/c.bcos": careless,
      ".hidden/d.bcos": careless,
    });
    const { code, out, err } = await bcosc(["fmt"], { cwd: folder });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe("a.bcos\ndeep/er/b.bcos\n2 files formatted, 1 file in order\n");
    for (const name of ["a.bcos", "deep/er/b.bcos", "neat.bcos"]) expect(read(name)).toBe(neat);
    for (const name of ["deep/other.txt", "node_modules/c/c.bcos", ".hidden/d.bcos"]) expect(read(name)).toBe(careless);
    expect(await bcosc(["fmt", "a.bcos", "deep", "."], { cwd: folder })).toEqual({
      code: 0,
      out: "3 files in order\n",
      err: "",
    });
  });

  it("does not touch what is in order, and keeps modes and links", async () => {
    const { path, read } = folderOf({ "neat.bcos": neat, "a.bcos": careless, "real.bcos": careless });
    utimesSync(path("neat.bcos"), 1000, 1000);
    chmodSync(path("a.bcos"), 0o640);
    symlinkSync("real.bcos", path("link.bcos"));
    expect((await bcoscHere("fmt", path("neat.bcos"), path("a.bcos"), path("link.bcos"))).code).toBe(0);
    expect(statSync(path("neat.bcos")).mtimeMs).toBe(1_000_000);
    expect(statSync(path("a.bcos")).mode & 0o777).toBe(0o640);
    expect(read("real.bcos")).toBe(neat);
    expect(readdirSync(path("."))).toEqual(["a.bcos", "link.bcos", "neat.bcos", "real.bcos"]);
  });

  it("only checks with --check", async () => {
    const { folder, path, read } = folderOf({ "a.bcos": careless, "neat.bcos": neat });
    const { code, out, err } = await bcosc(["fmt", "--check", "."], { cwd: folder });
    expect({ code, out, err }).toEqual({ code: 1, out: "a.bcos\n1 file to format, 1 file in order\n", err: "" });
    expect(read("a.bcos")).toBe(careless);
    expect((await bcoscHere("fmt", "--check", path("neat.bcos"))).code).toBe(0);
  });

  it("leaves files with syntax errors as they are, and formats the others", async () => {
    const { folder, read } = folderOf({ "a.bcos": careless, "faulty.bcos": faulty, "z.bcos": careless });
    const { code, out, err } = await bcosc(["fmt", "."], { cwd: folder });
    expect({ code, out }).toEqual({ code: 1, out: "a.bcos\nz.bcos\n2 files formatted, 1 file with errors\n" });
    expect(err).toMatchInlineSnapshot(`
      "error[syntax/unclosed]: \`(\` is not closed
        ┌─ faulty.bcos:2:17
        │
      2 │   y = x -> conv(8
        │                 ^ \`)\` expected after this
        │                - opened here
        │
        = hint: add the missing \`)\`
        = see: bcosc explain-error syntax/unclosed

      "
    `);
    expect(read("faulty.bcos")).toBe(faulty);
    expect(read("z.bcos")).toBe(neat);
  });

  it("refuses what is not UTF-8, what is missing and what is too large", async () => {
    const latin = Buffer.from("// caf\xe9\nblock B {}\n", "latin1");
    const { path } = folderOf({ "latin.bcos": latin, "large.bcos": "// x\n".repeat(60_000) });
    const encoded = await bcoscHere("fmt", path("latin.bcos"));
    expect(encoded.code).toBe(2);
    expect(encoded.err).toContain("error[data/unreadable]");
    expect(encoded.err).toContain("it is not in UTF-8");
    expect(readFileSync(path("latin.bcos")).equals(latin)).toBe(true);
    const missing = await bcoscHere("fmt", path("missing.bcos"));
    expect(missing.code).toBe(2);
    expect(missing.err).toContain("no such file or folder");
    const large = await bcoscHere("fmt", path("large.bcos"));
    expect(large.code).toBe(1);
    expect(large.err).toContain("error[limit/file-size]");
  });

  it("says when a folder has no files", async () => {
    const { folder } = folderOf({ "a.txt": "" });
    expect(await bcosc(["fmt"], { cwd: folder })).toEqual({ code: 0, out: "no .bcos files\n", err: "" });
  });

  it("formats standard input", async () => {
    expect(await withInput(["fmt", "--stdin"], careless)).toEqual({ code: 0, out: neat, err: "" });
    expect(await withInput(["fmt", "--stdin"], "")).toEqual({ code: 0, out: "", err: "" });
    expect(await withInput(["fmt", "--stdin", "--check"], careless)).toEqual({ code: 1, out: "", err: "" });
    expect(await withInput(["fmt", "--stdin", "--check"], neat)).toEqual({ code: 0, out: "", err: "" });
    const wrong = await withInput(["fmt", "--stdin"], faulty);
    expect({ code: wrong.code, out: wrong.out }).toEqual({ code: 1, out: "" });
    expect(wrong.err).toContain("┌─ standard input:2:17");
    const both = await bcoscHere("fmt", "--stdin", "a.bcos");
    expect(both.code).toBe(2);
    expect(existsSync("a.bcos")).toBe(false);
  });

  it("has formatted the project's own files", async () => {
    const { code, out } = await bcosc(["fmt", "--check", "models", "templates", "bench/models"]);
    expect(out).toMatch(/^\d+ files in order\n$/);
    expect(code).toBe(0);
  });
});
