/** A project outside of the repository that uses the package as it is built. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import type { Network } from "../../src/compiler/network/network.ts";

export const root = join(import.meta.dirname, "../..");

/** A folder with files that is removed after the tests of the file. */
export function createProject(files: ReadonlyMap<string, string | Uint8Array> = new Map()): string {
  const folder = mkdtempSync(join(tmpdir(), "bcosc-emit-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/bcosc"), "dir");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  addFiles(folder, files);
  return folder;
}

export function addFiles(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** What a program in the project's folder prints as JSON. */
export async function runScript(folder: string, script: string): Promise<unknown> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: folder });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}

/** The one network of a file of the repository. */
export function networkOf(file: string): Network {
  return only(checkFile(createNodeHost(root), file));
}

/** That of a text. */
export function networkIn(text: string): Network {
  return only(checkFile(createMemoryHost({ "net.bcos": text }), "net.bcos"));
}

function only({ networks, diagnostics }: ReturnType<typeof checkFile>): Network {
  const [network] = networks;
  if (network === undefined) throw new Error(JSON.stringify(diagnostics));
  return network;
}
