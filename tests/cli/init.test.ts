/** `bcosc init`: what it writes, where it refuses, and that it leaves nothing behind. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import { describe, expect, it } from "vitest";
import { packageName, templateNames } from "../../src/cli/init/project.ts";
import { compileFile } from "../../src/vite/compile-file.ts";
import { declarationFile } from "../../src/vite/declarations.ts";
import { bcosc, root, temporaryFolder } from "./run.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

describe("a new project", () => {
  it("has all files, exact versions, and is named after its folder", async () => {
    const cwd = temporaryFolder();
    const { code, out, err } = await bcosc(["init", "sub/My Digits"], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const folder = join(cwd, "sub/My Digits");
    const files = filesIn(folder);
    for (const file of files) expect(out).toContain(`\n  ${file}\n`);
    const needed = [".gitignore", "README.md", "index.html", "src/main.ts", "src/net.bcos", "src/net.d.bcos.ts"];
    expect(files).toEqual(expect.arrayContaining([...needed, "train.js", "tsconfig.json", "vite.config.ts"]));
    expect(out).toMatch(/\nnext:\n\n {2}cd 'sub\/My Digits'\n {2}npm install\n {2}npm run train\n {2}npm run dev\n$/);
    const { name, dependencies, devDependencies } = manifestOf(folder);
    const own = manifestOf(root);
    expect(name).toBe("my-digits");
    expect(dependencies).toEqual({ bcosc: own.version });
    for (const [dependency, version] of Object.entries(devDependencies)) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(version, dependency).toBe(own.devDependencies[dependency]);
    }
    // The folder's mode is that of every other folder.
    expect(readdirSync(join(cwd, "sub"))).toEqual(["My Digits"]);
  });

  it.each(templateNames)(
    "has commands in its README that are scripts, and files that prettier leaves: %s",
    async (name) => {
      const cwd = temporaryFolder();
      await bcosc(["init", "page", "--template", name], { cwd });
      const folder = join(cwd, "page");
      const { scripts } = manifestOf(folder);
      const named = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/npm run (\w+)/g)].map(([, s]) => s!);
      expect(new Set(named)).toEqual(new Set(Object.keys(scripts)));
      for (const file of filesIn(folder).filter((path) => /\.(ts|js|css|html|json|md)$/.test(path))) {
        if (file.endsWith(".d.bcos.ts")) continue;
        const text = readFileSync(join(folder, file), "utf8");
        const options = { ...(await prettier.resolveConfig(join(root, "templates/page", file))), filepath: file };
        expect(await prettier.check(text, options), file).toBe(true);
      }
    },
  );

  it("has an architecture without a finding, and its types as the plugin writes them", async () => {
    const project = join(root, "templates/page");
    const checked = await bcosc(["check", join(project, "src/net.bcos")]);
    expect({ code: checked.code, err: checked.err }).toEqual({ code: 0, err: "" });
    expect((await bcosc(["fmt", "--check", join(project, "src/net.bcos")])).code).toBe(0);
    const path = join(project, "src/net.bcos");
    const { emitted, diagnostics } = await compileFile(project, path, {});
    expect(diagnostics).toEqual([]);
    const types = declarationFile(path, "", emitted!.declaration);
    expect(readFileSync(types.path, "utf8")).toBe(types.text);
    // What changes with every kernel is not kept beside a source.
    expect(types.text).toContain("export declare const planHash: string;");
  });

  it("says as JSON what it did", async () => {
    const cwd = temporaryFolder();
    const { out } = await bcosc(["init", "page", "--json"], { cwd });
    const json = JSON.parse(out) as { folder: string; files: string[]; next: string[] };
    expect(json.folder).toBe(join(cwd, "page"));
    expect(json.files).toEqual(filesIn(json.folder).sort());
    expect(json.next[0]).toBe("cd page");
  });
});

describe("--template", () => {
  it("is the page that needs bcosc alone, where it is not given", async () => {
    const cwd = temporaryFolder();
    await bcosc(["init", "a"], { cwd });
    await bcosc(["init", "b", "--template", "page"], { cwd });
    expect(filesIn(join(cwd, "a"))).toEqual(filesIn(join(cwd, "b")));
    expect(manifestOf(join(cwd, "a")).dependencies).toEqual({ bcosc: manifestOf(root).version });
  });

  it("takes files of its own in place of those of the page, and the packages that they need", async () => {
    const cwd = temporaryFolder();
    await bcosc(["init", "page"], { cwd });
    const { code, err } = await bcosc(["init", "site", "--template", "tfjs"], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [page, site] = [join(cwd, "page"), join(cwd, "site")];
    const own = filesIn(join(root, "templates/tfjs"));
    for (const file of filesIn(page).filter((path) => path !== "package.json")) {
      const from = own.includes(file) ? "templates/tfjs" : "templates/page";
      const source = file === ".gitignore" ? "gitignore" : file;
      expect(readFileSync(join(site, file), "utf8"), file).toBe(readFileSync(join(root, from, source), "utf8"));
    }
    expect(filesIn(site)).toEqual(expect.arrayContaining(own));
    // Nothing is kept that does not differ.
    const both = own.filter((file) => existsSync(join(page, file)));
    expect(both.length).toBeGreaterThan(2);
    for (const file of both) expect(readFileSync(join(page, file)).equals(readFileSync(join(site, file)))).toBe(false);
    const { dependencies, scripts } = manifestOf(site);
    const { devDependencies } = manifestOf(root);
    const imported = [
      ...new Set(filesIn(join(site, "src")).flatMap((file) => tfjsPackagesIn(join(site, "src", file)))),
    ];
    expect(imported.length).toBeGreaterThan(2);
    expect(Object.keys(dependencies).filter((name) => name !== "bcosc")).toEqual(imported.sort());
    for (const name of imported) expect(dependencies[name]).toBe(devDependencies[name]);
    expect(scripts["train"]).toBe("node train.js tfjs:wasm");
  });

  it("refuses another name", async () => {
    const cwd = temporaryFolder();
    const { code, err } = await bcosc(["init", "a", "--template", "tfj"], { cwd });
    expect(code).toBe(2);
    expect(err).toContain("error[usage/value]");
    expect(err).toContain("did you mean `tfjs`?");
    expect(readdirSync(cwd)).toEqual([]);
  });
});

function tfjsPackagesIn(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(/"(@tensorflow\/[\w-]+)/g)].map(([, name]) => name!);
}

describe("--bcosc", () => {
  it("takes versions as they are, and paths as npm sees them from the project", async () => {
    const cwd = temporaryFolder({ "packed/bcosc.tgz": "" });
    const specOf = async (folder: string, spec: string): Promise<string> => {
      const { code, err } = await bcosc(["init", folder, "--bcosc", spec], { cwd });
      expect({ code, err }).toEqual({ code: 0, err: "" });
      return manifestOf(join(cwd, folder)).dependencies["bcosc"]!;
    };
    expect(await specOf("a", "^1.2.3")).toBe("^1.2.3");
    expect(await specOf("b", "packed/bcosc.tgz")).toBe("file:../packed/bcosc.tgz");
    expect(await specOf("deep/c", "./packed/bcosc.tgz")).toBe("file:../../packed/bcosc.tgz");
    expect(await specOf("d", `file:${join(cwd, "packed/bcosc.tgz")}`)).toBe("file:../packed/bcosc.tgz");
  });

  it("refuses a path where nothing is, before it writes anything", async () => {
    const cwd = temporaryFolder();
    const { code, err } = await bcosc(["init", "a", "--bcosc", "./bcosc.tgz"], { cwd });
    expect(code).toBe(2);
    expect(err).toContain("error[data/unreadable]: can not read ./bcosc.tgz: no such file or folder");
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe("where it writes", () => {
  it.each([".", "there", "link"])("takes an empty folder, and one with nothing but .git: %s", async (name) => {
    const cwd = temporaryFolder();
    const folder = name === "." ? cwd : join(cwd, "there");
    mkdirSync(join(folder, ".git"), { recursive: true });
    if (name === "link") symlinkSync("there", join(cwd, "link"));
    const { code, err, out } = await bcosc(["init", name], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.includes("  cd ")).toBe(name !== ".");
    expect(existsSync(join(folder, "src/net.bcos"))).toBe(true);
    expect(readdirSync(folder).filter((entry) => entry.includes("tmp"))).toEqual([]);
  });

  it("refuses a folder with something in it, and touches nothing", async () => {
    const cwd = temporaryFolder({ "full/package.json": "{}" });
    const { code, out, err } = await bcosc(["init", "full"], { cwd });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatchInlineSnapshot(`
      "error[usage/folder-not-empty]: the folder full is not empty: there is package.json
        = hint: name a folder that is not there yet; nothing of what is in this one was touched
        = see: bcosc explain-error usage/folder-not-empty

      "
    `);
    expect(filesIn(cwd)).toEqual(["full/package.json"]);
    expect(readFileSync(join(cwd, "full/package.json"), "utf8")).toBe("{}");
  });

  it("refuses files, and folders below files", async () => {
    const cwd = temporaryFolder({ file: "" });
    for (const [folder, reason] of [
      ["file", "it is a file"],
      ["file/below", "a part of the path is not a folder"],
    ]) {
      const { code, err } = await bcosc(["init", folder!], { cwd });
      expect(code).toBe(2);
      expect(err).toContain(`error[data/unwritable]: can not write ${folder}: ${reason}`);
    }
  });

  it.skipIf(process.getuid?.() === 0)("refuses folders that may not be written", async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, "locked"));
    chmodSync(join(cwd, "locked"), 0o555);
    const { code, err } = await bcosc(["init", "locked/page"], { cwd });
    expect(code).toBe(2);
    expect(err).toContain("error[data/unwritable]: can not write locked/page: permission denied");
  });

  it("takes back what it has written where the rest can't be written", async () => {
    const cwd = temporaryFolder();
    // A folder that is made while the files are written takes the place of one of them.
    const { writeProject } = await import("../../src/cli/init/write-project.ts");
    const folder = join(cwd, "page");
    mkdirSync(folder);
    function* late(): Generator<[string, string]> {
      yield ["a.txt", "a"];
      yield ["b/c.txt", "c"];
      mkdirSync(join(folder, "b"));
      writeFileSync(join(folder, "b/own.txt"), "");
    }
    await expect(writeProject(folder, late())).rejects.toThrow("data/unwritable");
    expect(filesIn(folder)).toEqual(["b/own.txt"]);
  });
});

it("makes names that npm takes", () => {
  const names = ["/a/My Digits", "/a/.hidden", "/a/@x", "/a/日本", "/", "/a/node_modules", `/a/${"x".repeat(300)}`];
  expect(names.map(packageName)).toEqual(["my-digits", "hidden", "x", "digits", "digits", "digits", "x".repeat(200)]);
});
