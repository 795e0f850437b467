/** Runs the built command line in a child process, and parts of it in this one. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { runCli } from "../../src/cli/cli.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export const root = join(import.meta.dirname, "../..");
export const mainFile = join(root, "dist/src/cli/main.js");

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another copy of the command than the built one. */
  readonly main?: string;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  /** Called with everything that was written to standard output so far, each time there is more. */
  readonly onOut?: (out: string, child: ChildProcess) => void;
}

/** `bcosc WORDS` as a process of its own, without a terminal. */
export function bcosc(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd = root, env = {}, main = mainFile, node = [], onOut } = options;
  const inherited = { ...process.env };
  for (const name of ["NO_COLOR", "FORCE_COLOR", "BCOSC_DEBUG", "NODE_OPTIONS"]) delete inherited[name];
  const child = spawn(process.execPath, [...node, main, ...words], { cwd, env: { ...inherited, ...env } });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    onOut?.(out, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** The same in this process: quicker, for what is said before anything heavy happens. */
export async function bcoscHere(...words: readonly string[]): Promise<Ran> {
  const texts = { out: "", err: "" };
  const output = (name: "out" | "err") => ({
    write: (text: string) => void (texts[name] += text),
    isTerminal: false,
    color: false,
    width: undefined,
  });
  const terminal: Terminal = { out: output("out"), err: output("err"), withColor: () => terminal };
  const code = await runCli(words, terminal, false);
  return { code, ...texts };
}

/** A folder that is removed after the tests of the file. `files`: path in it → content. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "bcosc-cli-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
