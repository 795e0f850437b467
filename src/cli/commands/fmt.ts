/** `bcosc fmt [PATHS…]`: brings files into the one layout of the language, or says which are not in it. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { diagnose, fail } from "../../diagnostics/catalogue.ts";
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { formatText } from "../../format/format-text.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import { readBytes } from "../../runtime/files/read.node.ts";
import { reasonOf } from "../../runtime/files/reason.ts";
import type { Command } from "../command.ts";
import { exitCodeOf, exitCodes } from "../exit.ts";
import { report } from "../report.ts";
import { countOf } from "../table.ts";
import type { Terminal } from "../terminal.ts";

export const fmt: Command = {
  positionals: "[...paths]",
  options: [
    { flags: "--check", summary: "Change nothing; fail if a file is not formatted" },
    { flags: "--stdin", summary: "Format standard input and write it to standard output" },
  ],
  examples: [
    "bcosc fmt",
    "bcosc fmt models/mnist.bcos blocks",
    "bcosc fmt --check models",
    "bcosc fmt --stdin < net.bcos",
  ],
  run: async (args, terminal) => {
    const onlyChecks = args.flag("--check");
    if (args.flag("--stdin")) {
      if (args.positionals.length > 0) fail("usage/conflict", { option: "--stdin", other: args.positionals[0]! });
      return formatStdin(onlyChecks, terminal);
    }
    return formatFiles(args.positionals.length === 0 ? ["."] : args.positionals, onlyChecks, terminal);
  },
};

async function formatStdin(onlyChecks: boolean, { out, err }: Terminal): Promise<number> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const path = "standard input";
  const text = decode(path, Buffer.concat(chunks));
  const result = await formatText(path, text);
  if ("diagnostics" in result) {
    report(result.diagnostics, () => text, err);
    return exitCodeOf(result.diagnostics);
  }
  if (!onlyChecks) out.write(result.text);
  return onlyChecks && result.text !== text ? exitCodes.findings : exitCodes.ok;
}

async function formatFiles(paths: readonly string[], onlyChecks: boolean, { out, err }: Terminal): Promise<number> {
  const faults: Diagnostic[] = [];
  const files = await collect(paths, faults);
  report(faults, () => undefined, err);
  let [changed, unchanged] = [0, 0];
  for (const path of files) {
    const outcome = await formatOne(path, onlyChecks);
    if (typeof outcome === "object") {
      report(outcome.diagnostics, () => outcome.text, err);
      faults.push(...outcome.diagnostics);
    } else if (outcome === "changed") {
      out.write(`${path}\n`);
      changed++;
    } else unchanged++;
  }
  const failed = new Set(faults.map((fault) => fault.span?.file ?? fault.message)).size;
  out.write(`${summaryOf(changed, unchanged, failed, onlyChecks)}\n`);
  if (faults.length > 0) return exitCodeOf(faults);
  return onlyChecks && changed > 0 ? exitCodes.findings : exitCodes.ok;
}

function summaryOf(changed: number, unchanged: number, failed: number, onlyChecks: boolean): string {
  const parts = [
    changed === 0 ? "" : `${countOf(changed, "file")} ${onlyChecks ? "to format" : "formatted"}`,
    unchanged === 0 ? "" : `${countOf(unchanged, "file")} in order`,
    failed === 0 ? "" : `${countOf(failed, "file")} with errors`,
  ];
  return parts.filter((part) => part !== "").join(", ") || "no .bcos files";
}

type Outcome = "changed" | "unchanged" | { readonly diagnostics: readonly Diagnostic[]; readonly text: string };

async function formatOne(path: string, onlyChecks: boolean): Promise<Outcome> {
  let text = "";
  try {
    text = decode(path, await readBytes(path));
    const result = await formatText(path, text);
    if ("diagnostics" in result) return { diagnostics: result.diagnostics, text };
    if (result.text === text) return "unchanged";
    if (!onlyChecks) await writeFileAtomic(path, result.text);
    return "changed";
  } catch (error) {
    // The other files are still formatted.
    if (error instanceof BcosError) return { diagnostics: error.diagnostics, text };
    throw error;
  }
}

/** The text of a file. What is no UTF-8 would be lost when it is written again, and so is refused. */
function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail("data/unreadable", { file: path, reason: "it is not in UTF-8" });
  }
}

/** The files named, and the `.bcos` files in the folders named, each once. Notes what can't be looked into. */
async function collect(paths: readonly string[], faults: Diagnostic[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    try {
      if ((await stat(path)).isDirectory()) await collectIn(path, found);
      else found.add(path);
    } catch (error) {
      faults.push(diagnose("data/unreadable", { file: path, reason: reasonOf(error) }));
    }
  }
  return [...found];
}

async function collectIn(folder: string, found: Set<string>): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collectIn(path, found);
    else if (entry.isFile() && entry.name.endsWith(".bcos")) found.add(path);
  }
}
