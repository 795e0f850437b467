/** The command line: finds the command, reads its arguments, runs it, and turns every error into an exit code. */
import { fail } from "../diagnostics/catalogue.ts";
import { BcosError } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { commonOptions, createCac, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { exitCodeOf, exitCodes } from "./exit.ts";
import { readSource } from "./files.ts";
import { printHelp } from "./help.ts";
import { report } from "./report.ts";
import { colorChoices, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

interface LazyCommand {
  readonly name: string;
  readonly summary: string;
  /** Only the command that is called is loaded: `bcosc check` doesn't wait for what training needs. */
  load(): Promise<Command>;
}

/** In the order of the help. */
export const commands: readonly LazyCommand[] = [
  {
    name: "init",
    summary: "Write a new project: an architecture, its training and a page that explains what it sees",
    load: async () => (await import("./commands/init.ts")).init,
  },
  {
    name: "check",
    summary: "Check .bcos files and say what is wrong with them",
    load: async () => (await import("./commands/check.ts")).check,
  },
  {
    name: "fmt",
    summary: "Format .bcos files",
    load: async () => (await import("./commands/fmt.ts")).fmt,
  },
  {
    name: "inspect",
    summary: "Show the layers of a model, its parameters and its cost",
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
  {
    name: "compile",
    summary: "Write a typed module that runs a model, with its plans and kernels",
    load: async () => (await import("./commands/compile.ts")).compile,
  },
  {
    name: "train",
    summary: "Train a model on a data set",
    load: async () => (await import("./commands/train.ts")).train,
  },
  {
    name: "evaluate",
    summary: "Measure a trained model on a test split",
    load: async () => (await import("./commands/evaluate.ts")).evaluate,
  },
  {
    name: "explain",
    summary: "Draw what every pixel contributes to a model's decision",
    load: async () => (await import("./commands/explain.ts")).explain,
  },
  {
    name: "import",
    summary: "Make weights of a model from a file of another program",
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  {
    name: "cosify",
    summary: "Turn the weights of a conventional network into those of its B-cos network",
    load: async () => (await import("./commands/cosify.ts")).cosify,
  },
  {
    name: "export",
    summary: "Write weights with the names of another program, or the model for TensorFlow.js",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "checkpoints",
    summary: "List the published weights that `bcosc import` knows",
    load: async () => (await import("./commands/checkpoints.ts")).checkpointsCommand,
  },
  {
    name: "tune",
    summary: "Measure which WebGPU kernels are the fastest on this machine",
    load: async () => (await import("./commands/tune.ts")).tune,
  },
  {
    name: "lsp",
    summary: "Serve editors: errors, shapes and completions while you type",
    load: async () => (await import("./commands/lsp.ts")).lsp,
  },
  {
    name: "explain-error",
    summary: "Explain a diagnostic code, with examples",
    load: async () => (await import("./commands/explain-error.ts")).explainError,
  },
  {
    name: "doctor",
    summary: "Show what this machine has and which device will compute",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
];

export const examples = [
  "bcosc check models/mnist.bcos",
  "bcosc inspect models/resnet34.bcos",
  "bcosc train models/mnist.bcos --data mnist --epochs 3 --out runs/mnist",
  "bcosc explain models/mnist.bcos --weights runs/mnist/model.safetensors --data mnist --out runs/explained",
];

/** Runs one call and resolves to its exit code. `words` are the arguments behind the program's name. */
export async function runCli(words: readonly string[], terminal: Terminal, debug: boolean): Promise<number> {
  let current = terminal;
  try {
    const choice = colorOf(words);
    current = choice === undefined ? terminal : terminal.withColor(choice);
    return await dispatch(words, current);
  } catch (error) {
    if (error instanceof BcosError) {
      report(error.diagnostics, readSource, current.err);
      return exitCodeOf(error.diagnostics) || exitCodes.findings;
    }
    current.err.write(internalErrorText(error, debug));
    return exitCodes.internal;
  }
}

async function dispatch(words: readonly string[], terminal: Terminal): Promise<number> {
  const { name, rest } = splitCommand(words);
  if (name === undefined) {
    if (rest.includes("--version") || rest.includes("-v")) {
      terminal.out.write(`bcosc ${version()}\n`);
      return exitCodes.ok;
    }
    const asked = rest.includes("--help") || rest.includes("-h");
    printHelp(createCac(commands), undefined, examples);
    return asked ? exitCodes.ok : exitCodes.usage;
  }
  if (name === "help") return dispatch(rest.length === 0 ? ["--help"] : [...rest, "--help"], terminal);
  const found = commands.find((c) => c.name === name);
  if (found === undefined) {
    const near = closest(name, [...commands.map((c) => c.name), "help"]);
    return fail(
      "usage/unknown-command",
      { command: name },
      near === undefined ? {} : { hints: [`did you mean \`${near}\`?`] },
    );
  }
  const entry = { name: found.name, summary: found.summary, command: await found.load() };
  if (wantsHelp(rest)) {
    printHelp(createCac([entry]), entry);
    return exitCodes.ok;
  }
  return entry.command.run(parseArguments(entry, rest), terminal);
}

/** The command is the first word that is no option; options that all commands have may stand before it. */
function splitCommand(words: readonly string[]): { name: string | undefined; rest: readonly string[] } {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("-")) return { name: word, rest: [...words.slice(0, i), ...words.slice(i + 1)] };
    const [option] = word.split("=", 1) as [string];
    if (commonOptions.some((o) => o.flags.startsWith(`${option} `))) {
      if (option === word) i++;
      continue;
    }
    const known = ["--help", "-h", "--version", "-v"];
    if (known.includes(word)) continue;
    const near = closest(option, known);
    fail(
      "usage/unknown-option",
      { option },
      { hints: [near === undefined ? "options of a command stand behind its name" : `did you mean \`${near}\`?`] },
    );
  }
  return { name: undefined, rest: words };
}

function wantsHelp(words: readonly string[]): boolean {
  const dashes = words.indexOf("--");
  const before = dashes < 0 ? words : words.slice(0, dashes);
  return before.includes("--help") || before.includes("-h");
}

/** `--color` holds for usage errors too, so it is looked up before anything is parsed. */
function colorOf(words: readonly string[]): (typeof colorChoices)[number] | undefined {
  const at = words.findIndex((w) => w === "--color" || w.startsWith("--color="));
  if (at < 0) return undefined;
  const given = words[at] === "--color" ? words[at + 1] : words[at]!.slice("--color=".length);
  if (given === undefined || given.startsWith("-"))
    fail("usage/missing-value", { option: "--color", usage: "--color <when>" });
  const found = colorChoices.find((c) => c === given);
  const expected = `one of ${colorChoices.map((c) => `\`${c}\``).join(", ")}`;
  return found ?? fail("usage/value", { option: "--color", expected, found: given });
}

/** What is said about a fault of bcosc itself. */
export function internalErrorText(error: unknown, debug: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  const trace = error instanceof Error && error.stack !== undefined ? error.stack : message;
  return [
    `internal error: ${message.split("\n", 1)[0]!}`,
    "This is a fault in bcosc, not in what you gave it. Please report it, with the command and the files it was about.",
    debug ? trace : "BCOSC_DEBUG=1 prints where it happened.",
    "",
  ].join("\n");
}
