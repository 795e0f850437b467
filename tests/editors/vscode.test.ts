/** The extension for VS Code: its manifest fits its files, and the server that it starts answers. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { strFromU8, unzipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import type { CompletionList } from "vscode-languageserver/node";
import { findServer, serverProcess } from "../../editors/vscode/src/find-server.ts";
import { extensionFiles, serverFiles, vsixOf, writeFiles, type ExtensionFiles } from "../../scripts/vscode/pack.ts";
import { defaultSettings, readSettings } from "../../src/language/server/settings.ts";
import { residual, resnet34 } from "../check/helper.ts";
import { bcosc } from "../cli/run.ts";
import { startSession, temporaryFolder } from "../language/server/client.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "editors/vscode");
const read = (...path: string[]): string => readFileSync(join(...path), "utf8");

interface Manifest {
  readonly version: string;
  readonly main: string;
  readonly contributes: {
    readonly languages: readonly { readonly id: string; readonly configuration: string }[];
    readonly grammars: readonly { readonly language: string; readonly scopeName: string; readonly path: string }[];
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>>;
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly default: unknown; readonly enum?: readonly unknown[] }>>;
    };
  };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read(folder, "package.json")) as Manifest;
const { contributes } = manifest;
const sources = ["extension.ts", "dumps.ts", "compile.ts", "references.ts"].map((file) => read(folder, "src", file));

describe("the manifest", () => {
  test("has the version of the package, and exact versions of its own packages, as in the lock file", () => {
    expect(manifest.version).toBe((JSON.parse(read(root, "package.json")) as Manifest).version);
    const { packages } = JSON.parse(read(folder, "package-lock.json")) as {
      readonly packages: Readonly<Record<string, { readonly version: string }>>;
    };
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(packages[`node_modules/${name}`]?.version).toBe(version);
    }
  });

  test("every command is registered, and what menus call is a command", () => {
    const commands = contributes.commands.map(({ command }) => command);
    const registered = [...sources.join("").matchAll(/registerCommand\(\s*"([^"]+)"/g)].map((match) => match[1]!);
    // This one the server's lenses call alone.
    expect(registered.filter((name) => name !== "bcosc.showReferences").sort()).toEqual([...commands].sort());
    for (const { command } of Object.values(contributes.menus).flat()) expect(commands).toContain(command);
  });

  test("every setting is one that the server or the extension reads, with the same default", () => {
    for (const [name, { default: preset, enum: values }] of Object.entries(contributes.configuration.properties)) {
      const path = name.split(".").slice(1);
      const [known] = path.reduce<unknown[]>(
        ([value], key) => [(value as Record<string, unknown> | undefined)?.[key]],
        [defaultSettings],
      );
      if (known === undefined) {
        // The client's library reads how much of the traffic is written down.
        const isRead =
          sources.some((source) => source.includes(`"${path.join(".")}"`)) || name === "bcosc.trace.server";
        expect(isRead, name).toBe(true);
        continue;
      }
      expect(preset, name).toBe(known);
      for (const value of values ?? [!known]) {
        const given = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
        expect(readSettings(given), name).toMatchObject(given as object);
      }
    }
  });

  test("the language's words are those of the grammar", () => {
    const configuration = JSON.parse(read(folder, "language-configuration.json")) as {
      readonly wordPattern: string;
      readonly indentationRules: Readonly<Record<string, string>>;
    };
    const words = [..."conv1: conv(64, kernel: 1.5)".matchAll(new RegExp(configuration.wordPattern, "g"))];
    expect(words.map(([word]) => word)).toEqual(["conv1", "conv", "64", "kernel", "1.5"]);
    const { increaseIndentPattern, decreaseIndentPattern } = configuration.indentationRules;
    expect("model A {").toMatch(new RegExp(increaseIndentPattern!));
    expect("  a = x -> repeat 2 { relu }").not.toMatch(new RegExp(increaseIndentPattern!));
    expect("  }").toMatch(new RegExp(decreaseIndentPattern!));
  });
});

describe("the server that it starts", () => {
  const places = { setting: "", folders: [] as string[], trusted: true, extension: "/extension" };

  test("is that of the setting, else of the workspace, else its own", () => {
    const workspace = temporaryFolder({ "node_modules/bcosc/dist/src/cli/main.js": "" });
    const own = join(workspace, "node_modules/bcosc/dist/src/cli/main.js");
    expect(findServer({ ...places, setting: "/x.js", folders: [workspace] }).main).toBe("/x.js");
    expect(findServer({ ...places, folders: ["/nowhere", workspace] }).main).toBe(own);
    expect(findServer({ ...places, folders: ["/nowhere"] }).main).toBe(join("/extension/server/dist/main.js"));
    // What an untrusted folder brings along does not run.
    expect(findServer({ ...places, setting: "/x.js", folders: [workspace], trusted: false }).origin).toBe(
      "the extension",
    );
  });

  describe("of its own", () => {
    let extension: string;
    beforeAll(async () => {
      extension = temporaryFolder({});
      writeFiles(extension, await serverFiles());
    }, 100_000);

    test("answers a client: findings, completion, kernels from its thread, and the pages of codes", async () => {
      const server = serverProcess(findServer({ ...places, extension }));
      const files = { "net.bcos": resnet34, "blocks/residual.bcos": residual };
      const session = await startSession(files, { server });
      await session.open("net.bcos", resnet34.replace("fc: linear(classes)", "fc: linear(klasses)"));
      const { diagnostics } = await session.pushed("net.bcos", (found) => found.length > 0);
      expect(diagnostics.map(({ code }) => code)).toEqual(["name/unknown"]);
      const page = new URL(diagnostics[0]!.codeDescription!.href);
      expect(page.href.startsWith(new URL(`file://${extension}/server/docs/`).href)).toBe(true);
      expect(existsSync(page)).toBe(true);
      await session.edit("net.bcos", "klasses", "classes");
      const list = await session.at<CompletionList>("textDocument/completion", "net.bcos", "-> re|lu");
      expect(list.items.map(({ label }) => label)).toContain("max_pool");
      const wgsl = await session.at<{ text: string }>("bcosc/wgsl", "net.bcos", "con|v(64, kernel: 7");
      expect(wgsl.text).toContain("@compute");
      const edits = await session.request("textDocument/formatting", {
        textDocument: { uri: session.uri("net.bcos") },
        options: { tabSize: 2, insertSpaces: true },
      });
      expect(edits).toBeInstanceOf(Array);
      expect(await session.stop()).toBe(0);
    });

    test("is the whole command: what the extension compiles with", async () => {
      const main = join(extension, "server/dist/main.js");
      const out = join(extension, "out");
      const model = join(root, "models/mnist.bcos");
      const ran = await bcosc(["compile", model, "--out", out], { main });
      expect(ran).toMatchObject({ code: 0, err: "" });
      expect(existsSync(join(out, "mnist.ts"))).toBe(true);
    });
  });
});

const hasClient = existsSync(join(folder, "node_modules/vscode-languageclient"));
if (!hasClient && (process.env["BCOSC_REQUIRE"] ?? "").split(",").includes("vscode")) {
  throw new Error(
    "BCOSC_REQUIRE has vscode, but there are no packages: npm ci --prefix editors/vscode --ignore-scripts",
  );
}

describe.skipIf(!hasClient)("the package", () => {
  let files: ExtensionFiles;
  beforeAll(async () => {
    files = await extensionFiles();
  }, 100_000);

  test("has the files that the manifest names, and no dependency", () => {
    const packed = JSON.parse(files.get("package.json")!) as Manifest;
    const named = [
      packed.main,
      ...contributes.languages.map(({ configuration }) => configuration),
      ...contributes.grammars.map(({ path }) => path),
    ];
    for (const path of named) expect(files.has(path.replace("./", "")), path).toBe(true);
    expect(packed).not.toHaveProperty("dependencies");
    const grammar = JSON.parse(files.get("syntaxes/bcos.tmLanguage.json")!) as { readonly scopeName: string };
    expect(grammar.scopeName).toBe(contributes.grammars[0]!.scopeName);
    expect(contributes.grammars[0]!.language).toBe(contributes.languages[0]!.id);
    for (const name of ["vscode-languageclient", "vscode-languageserver", "chevrotain", "prettier"]) {
      expect(files.get("THIRD-PARTY.txt")).toMatch(new RegExp(`^${name} \\d`, "m"));
    }
  });

  test("is a zip file with a manifest of its own, and the same every time", async () => {
    const vsix = vsixOf(files);
    const entries = unzipSync(vsix);
    expect(Object.keys(entries).filter((path) => !path.startsWith("extension/"))).toEqual([
      "[Content_Types].xml",
      "extension.vsixmanifest",
    ]);
    const xml = strFromU8(entries["extension.vsixmanifest"]!);
    for (const [, path] of xml.matchAll(/Path="([^"]+)"/g)) expect(entries, path).toHaveProperty([path!]);
    expect(xml).toContain(`Version="${manifest.version}" Publisher="bcosc"`);
    expect(Buffer.from(vsixOf(files)).equals(vsix)).toBe(true);
  });

  test("has a client that loads where the editor's module is", () => {
    const extension = temporaryFolder({ "extension.cjs": files.get("dist/extension.cjs")! });
    // The editor's module: whatever is asked of it is a class, or holds one.
    const anything: object = new Proxy(class {}, {
      get: (target, name) => (name in target || typeof name === "symbol" ? Reflect.get(target, name) : anything),
    });
    const require = createRequire(join(extension, "extension.cjs"));
    const Module = require("node:module") as { _load(name: string, ...more: unknown[]): unknown };
    const load = Module._load;
    Module._load = (name, ...more) => (name === "vscode" ? anything : load.call(Module, name, ...more));
    try {
      const client = require("./extension.cjs") as Record<string, unknown>;
      expect(client["activate"]).toBeTypeOf("function");
      expect(client["deactivate"]).toBeTypeOf("function");
    } finally {
      Module._load = load;
    }
  });
});
