/** `bcosc compile FILE…`: a typed module for every model, with its plans and kernels; once, or again whenever a file changes. */
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { diagnosticsToJson } from "../../diagnostics/json.ts";
import { targetNames, type TargetName } from "../../compiler/plan/plan.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { compileAll, type Compilation } from "../compiled/compile-all.ts";
import { compareOutput, writeOutput, type OutputChange } from "../compiled/output-folder.ts";
import type { EmitSettings } from "../compiled/settings.ts";
import { watchFiles } from "../compiled/watch-files.ts";
import { readStorage, storageOption } from "../device-option.ts";
import { exitCodeOf, exitCodes } from "../exit.ts";
import { classesOption } from "../explained/class-names.ts";
import { readSource } from "../files.ts";
import { createInterrupt } from "../interrupt.ts";
import { modelOptions, readModelOptions } from "../model-options.ts";
import { report } from "../report.ts";
import { countOf } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { graphOptionNames, graphOptions, readTrainSettings } from "../training/settings.ts";

export const compile: Command = {
  positionals: "<...files>",
  options: [
    { flags: "--out <folder>", summary: "Where the modules go" },
    classesOption,
    {
      flags: "--target <names>",
      summary: `Devices to compile for, with commas between: ${targetNames.join(",")} (all)`,
    },
    { flags: "--batch <n>", summary: "Images that are computed at once (1)" },
    storageOption,
    ...modelOptions,
    { flags: "--at <layer>", summary: "Let its neurons be explained; may be repeated", repeatable: true },
    { flags: "--train <n>", summary: "Let the module train, in batches of so many images" },
    ...graphOptions,
    { flags: "--check", summary: "Write nothing, and say which files are not what would be written" },
    { flags: "--watch", summary: "Compile again whenever a file changes, until Ctrl-C" },
    { flags: "--json", summary: "Write JSON, with --watch a line for each time" },
  ],
  examples: [
    "bcosc compile models/mnist.bcos --out src/models",
    "bcosc compile models/resnet18.bcos --out src/models --classes names.txt --target webgpu",
    "bcosc compile models/mnist.bcos --out src/models --train 32 --optimizer sgd",
    "bcosc compile models/*.bcos --out src/models --check",
  ],
  run: async (args, terminal) => {
    const settings = readEmitSettings(args);
    const watching = args.flag("--watch");
    const check = args.flag("--check");
    if (watching && check) fail("usage/conflict", { option: "--watch", other: "--check" });
    const json = args.flag("--json");
    const once = async (): Promise<Compilation & { readonly code: number }> => {
      const compilation = await compileAll(args.positionals, settings);
      const result = await settle(compilation, settings.out, check);
      const written = json ? jsonText(result, watching) : plainText(result, settings.out, check, terminal);
      terminal.out.write(written);
      return { ...compilation, code: codeOf(result, check) };
    };
    if (!watching) return (await once()).code;
    const controller = new AbortController();
    const interrupt = createInterrupt(() => controller.abort());
    try {
      await watchFiles(once, controller.signal, () => {
        if (!json) terminal.err.write("watching for changes; Ctrl-C ends\n");
      });
      return exitCodes.interrupted;
    } finally {
      interrupt.dispose();
    }
  },
};

function readEmitSettings(args: Arguments): EmitSettings {
  const model = readModelOptions(args);
  const out = args.required("--out");
  const targets = readTargets(args);
  const storage = readStorage(args);
  if (storage === "f16" && !targets.includes("webgpu")) {
    fail("usage/needs-option", { option: "--storage f16", other: "--target webgpu" });
  }
  const batch = args.integer("--train", { min: 1, max: 65536 });
  const stray = graphOptionNames.find((option) => args.given.has(option));
  if (batch === undefined && stray !== undefined) fail("usage/needs-option", { option: stray, other: "--train" });
  const layers = args.texts("--at");
  if (layers.length > 0 && model.form === "standard")
    fail("usage/conflict", { option: "--at", other: "--as standard" });
  const classes = args.text("--classes");
  return {
    out,
    model,
    targets,
    storage,
    layers,
    batch: args.integer("--batch", { min: 1, max: 65536 }) ?? 1,
    ...(classes === undefined ? {} : { classes }),
    ...(batch === undefined ? {} : { train: { batch, settings: readTrainSettings(args, model.form) } }),
  };
}

function readTargets(args: Arguments): readonly TargetName[] {
  const given = args.text("--target");
  if (given === undefined) return targetNames;
  const names = given.split(",").map((name) => name.trim());
  const found = targetNames.filter((target) => names.includes(target));
  if (names.every((name) => (targetNames as readonly string[]).includes(name))) return found;
  const expected = `${targetNames.map((name) => `\`${name}\``).join(", ")}, or several with commas between`;
  return fail("usage/value", { option: "--target", expected, found: given });
}

interface Settled extends Compilation {
  /** Of the output folder; nothing where the sources have faults. */
  readonly changes: readonly OutputChange[];
}

/** Writes what was compiled, or compares it. Where anything has a fault nothing is written. */
async function settle(compilation: Compilation, out: string, check: boolean): Promise<Settled> {
  const files = compilation.models.flatMap(({ emitted }) => [...emitted.files]);
  if (exitCodeOf(compilation.diagnostics) !== exitCodes.ok) return { ...compilation, changes: [] };
  try {
    return { ...compilation, changes: await (check ? compareOutput : writeOutput)(out, new Map(files)) };
  } catch (error) {
    if (!(error instanceof BcosError)) throw error;
    return { ...compilation, changes: [], diagnostics: [...compilation.diagnostics, ...error.diagnostics] };
  }
}

function codeOf({ diagnostics, changes }: Settled, check: boolean): number {
  const code = exitCodeOf(diagnostics);
  return code === exitCodes.ok && check && changes.length > 0 ? exitCodes.findings : code;
}

function plainText({ diagnostics, models, changes }: Settled, out: string, check: boolean, terminal: Terminal): string {
  report(worthSaying(diagnostics), readSource, terminal.err);
  if (exitCodeOf(diagnostics) !== exitCodes.ok) return "";
  if (check) {
    const lines = changes.map(({ file, change }) => `${file} ${WORDS[change]}\n`);
    const last = changes.length === 0 ? `${countOf(models.length, "model")} up to date in ${out}\n` : "";
    return lines.join("") + last;
  }
  const lines = models.map(({ file, module, network, emitted, form }) => {
    const written = changes.filter((c) => emitted.files.has(c.name)).length;
    const what = written === 0 ? "unchanged" : `${countOf(written, "file")} written`;
    return `${module}: ${network.name} (${form}) of ${file}, ${what}\n`;
  });
  const left = changes.flatMap(({ file, change }) =>
    change === "stale" ? [`${file} removed\n`] : change === "orphaned" ? [`${file} ${WORDS[change]}\n`] : [],
  );
  return [...lines, ...left].join("");
}

/** In the order in which they come: findings, but not what the form changes, which `bcosc check` shows. */
function worthSaying(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity !== "info");
}

const WORDS = {
  differs: "differs",
  missing: "is missing",
  stale: "is stale",
  orphaned: "is stale: its source is gone",
} as const;

function jsonText({ diagnostics, models, changes }: Settled, oneLine: boolean): string {
  const json = {
    models: models.map(({ file, module, network, emitted, form }) => ({
      file,
      model: network.name,
      form,
      module,
      architecture: emitted.architecture,
      planHash: emitted.planHash,
      files: Object.fromEntries([...emitted.files].map(([name, content]) => [name, byteLength(content)])),
    })),
    changes: changes.map(({ file, change }) => ({ file, change })),
    diagnostics: diagnosticsToJson(diagnostics, readSource),
  };
  return `${JSON.stringify(json, null, oneLine ? undefined : 2)}\n`;
}

function byteLength(content: string | Uint8Array): number {
  return typeof content === "string" ? Buffer.byteLength(content) : content.length;
}
