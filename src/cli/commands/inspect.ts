/** `bcosc inspect FILE`: the layer table of a model, or a stage of its compilation as text. */
import { buildProgram } from "../../compiler/compile.ts";
import { plansFromJson } from "../../compiler/emit/program-json.ts";
import type { GraphName } from "../../compiler/graph/program.ts";
import { printGraph } from "../../compiler/graph/print.ts";
import { passes } from "../../compiler/graph/simplify.ts";
import type { Network } from "../../compiler/network/network.ts";
import type { StorageType } from "../../compiler/plan/storage.ts";
import { printPlan } from "../../compiler/plan/print-plan.ts";
import { codeTargets, type CodeTarget } from "../../compiler/targets/code-target.ts";
import { printTfjsPlan } from "../../compiler/targets/tfjs/print-plan.ts";
import { launchedKernels, printWgsl } from "../../compiler/targets/webgpu/print-wgsl.ts";
import { type LayerSummary, summarise } from "../../compiler/network/summary.ts";
import { diagnose, fail } from "../../diagnostics/catalogue.ts";
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { diagnosticsToJson } from "../../diagnostics/json.ts";
import { createPlaces } from "../../diagnostics/places.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { readStorage, storageOption } from "../device-option.ts";
import { exitCodes } from "../exit.ts";
import { readSource, requireReadable } from "../files.ts";
import { writeJson } from "../json.ts";
import { modelOptions, readModelOptions, type ModelOptions } from "../model-options.ts";
import { printNetwork } from "../print-network.ts";
import type { Terminal } from "../terminal.ts";
import { countOf, formatCount, formatShape, formatTable } from "../table.ts";
import { graphOptionNames, graphOptions, readTrainSettings } from "../training/settings.ts";

const stages = ["network", "graph", "plan", "wgsl"] as const;
const graphNames = ["predict", "train", "explain", "gradient"] as const satisfies readonly GraphName[];
const passNames = ["build", ...passes.map((p) => p.name)];

export const inspect: Command = {
  positionals: "<file>",
  options: [
    ...modelOptions,
    { flags: "--dump <stage>", summary: "Print a stage instead: `network`, `graph`, `plan` or `wgsl` (GPU kernels)" },
    { flags: "--target <name>", summary: `What to plan for: ${codeTargets.join(", ")} (wasm)` },
    storageOption,
    { flags: "--graph <name>", summary: `Which graph to dump, or to plan: ${graphNames.join(", ")} (predict)` },
    { flags: "--after <pass>", summary: `Dump the graph after a pass: ${passNames.join(", ")} (the last)` },
    { flags: "--batch <n>", summary: "Batch size of the dumped graph or plan (1)" },
    ...graphOptions,
    { flags: "--json", summary: "Write JSON" },
  ],
  examples: [
    "bcosc inspect models/resnet34.bcos",
    "bcosc inspect models/resnet34.bcos --as standard --set classes=10",
    "bcosc inspect models/mnist.bcos --dump graph --graph explain --after build",
    "bcosc inspect models/mnist.bcos --dump plan --graph train --batch 64",
    "bcosc inspect models/mnist.bcos --dump plan --target webgpu",
    "bcosc inspect models/mnist.bcos --dump plan --target tfjs:wasm --graph explain",
    "bcosc inspect plan.json",
    "bcosc inspect src/models/mnist.wasm.plan.json",
    "bcosc inspect models/mnist.bcos --dump wgsl --graph explain",
  ],
  run: (args, terminal) => {
    if (args.positionals[0]!.endsWith(".json")) return Promise.resolve(inspectPlanFile(args, terminal));
    const options = readModelOptions(args);
    const dump = readDump(args, options);
    const network = compileModel(args.positionals[0]!, options, terminal);
    const json = args.flag("--json");
    if (dump === undefined) {
      const layers = summarise(network, options.form);
      const { notes } = buildProgram(network, { form: options.form, batch: 1, graphs: [] });
      if (json) writeJson(inspectionJson(network, options, layers, notes), terminal.out);
      else terminal.out.write(inspectionText(network, options, layers, notes));
    } else if (dump.stage === "network") {
      if (json) writeJson(network, terminal.out);
      else terminal.out.write(printNetwork(network));
    } else {
      const { program } = buildProgram(network, {
        form: options.form,
        batch: dump.batch,
        graphs: [dump.graph],
        ...(dump.graph === "train" ? { train: readTrainSettings(args, options.form) } : {}),
        ...(dump.after === undefined ? {} : { stopAfter: dump.after }),
        ...(dump.target === undefined ? {} : { targets: [dump.target], storage: dump.storage }),
      });
      const calls = program.tfjs?.plans[dump.graph];
      if (calls !== undefined) {
        if (json) writeJson(calls, terminal.out);
        else terminal.out.write(printTfjsPlan(calls));
        return Promise.resolve(exitCodes.ok);
      }
      const plan = program.wasm?.plans[dump.graph] ?? program.webgpu?.plans[dump.graph];
      if (plan !== undefined) {
        const kernels = dump.stage === "wgsl" ? launchedKernels(plan, program.webgpu!) : undefined;
        if (json) writeJson(kernels ?? plan, terminal.out);
        else
          terminal.out.write(
            kernels === undefined ? printPlan(plan, createPlaces(readSource)) : printWgsl(kernels, readSource),
          );
        return Promise.resolve(exitCodes.ok);
      }
      const graph = program.graphs[dump.graph];
      if (graph === undefined)
        return fail("run/no-graph", { graph: dump.graph, available: "`predict`, `train`, `gradient`" });
      if (json) writeJson(graph, terminal.out);
      else terminal.out.write(printGraph(graph));
    }
    return Promise.resolve(exitCodes.ok);
  },
};

/** The plan that `--dump plan --json` wrote, or those that `bcosc compile` did: checked, hashes included, and printed. */
function inspectPlanFile(args: Arguments, terminal: Terminal): number {
  const file = args.positionals[0]!;
  const stray = [...args.given.keys()].find((option) => option !== "--json" && option !== "--color");
  if (stray !== undefined) fail("usage/conflict", { option: stray, other: file });
  requireReadable(file);
  const { plans, problems } = plansFromJson(readSource(file)!);
  if (plans === undefined) throw new BcosError(problems.map((problem) => diagnose("data/plan", { file, problem })));
  if (args.flag("--json")) writeJson(plans.length === 1 ? plans[0] : plans, terminal.out);
  else terminal.out.write(plans.map((plan) => printPlan(plan, createPlaces(readSource))).join("\n"));
  return exitCodes.ok;
}

type Dump =
  | { readonly stage: "network" }
  | {
      readonly stage: "graph" | "plan" | "wgsl";
      readonly graph: GraphName;
      readonly after: string | undefined;
      readonly batch: number;
      readonly target: CodeTarget | undefined;
      readonly storage: StorageType;
    };

function readDump(args: Arguments, options: ModelOptions): Dump | undefined {
  const stage = args.choice("--dump", stages);
  const graph = args.choice("--graph", graphNames);
  const after = args.choice("--after", passNames);
  const batch = args.integer("--batch", { min: 1, max: 65536 });
  const target = args.choice("--target", codeTargets);
  const storage = readStorage(args);
  const planned = stage === "plan" || stage === "wgsl";
  if (stage !== "plan" && target !== undefined)
    fail("usage/needs-option", { option: "--target", other: "--dump plan" });
  if (stage !== "graph") {
    const unused = planned ? ["--after"] : ["--graph", "--after", "--batch"];
    const stray = unused.find((option) => args.given.has(option));
    if (stray !== undefined) fail("usage/needs-option", { option: stray, other: "--dump graph" });
  }
  if ((stage !== "graph" && !planned) || graph !== "train") {
    const stray = graphOptionNames.find((option) => args.given.has(option));
    if (stray !== undefined) fail("usage/needs-option", { option: stray, other: "--dump graph --graph train" });
  }
  const plannedFor = stage === "wgsl" ? "webgpu" : stage === "plan" ? (target ?? "wasm") : undefined;
  if (args.given.has("--storage") && plannedFor !== "webgpu") {
    fail("usage/needs-option", { option: "--storage", other: "--dump plan --target webgpu" });
  }
  if (stage === undefined || stage === "network") return stage === undefined ? undefined : { stage };
  if (graph === "explain" && options.form === "standard") {
    fail("usage/conflict", { option: "--graph explain", other: "--as standard" });
  }
  if (storage === "f16" && graph === "train") {
    fail("usage/conflict", { option: "--storage f16", other: "--graph train" });
  }
  return { stage, graph: graph ?? "predict", after, batch: batch ?? 1, target: plannedFor, storage };
}

function totals(layers: readonly LayerSummary[]): { parameters: number; macs: number } {
  return {
    parameters: layers.reduce((sum, l) => sum + l.parameters, 0),
    macs: layers.reduce((sum, l) => sum + l.macs, 0),
  };
}

function inspectionJson(
  network: Network,
  { form }: ModelOptions,
  layers: readonly LayerSummary[],
  notes: readonly Diagnostic[],
): object {
  const { name, doc, parameters, input, outputs } = network;
  return {
    model: name,
    doc,
    form,
    values: parameters,
    input: { name: input.name, shape: input.shape },
    outputs: outputs.map((o) => ({ name: o.name, shape: o.shape })),
    layers,
    ...totals(layers),
    changes: diagnosticsToJson(notes, readSource),
  };
}

function inspectionText(
  network: Network,
  { form }: ModelOptions,
  layers: readonly LayerSummary[],
  notes: readonly Diagnostic[],
): string {
  const values = Object.entries(network.parameters).map(([name, value]) => `${name}: ${String(value)}`);
  const title = `${network.name}${values.length === 0 ? "" : `(${values.join(", ")})`} as ${form}`;
  const numberOf = (value: number): string => (value === 0 ? "" : formatCount(value));
  const rows = layers.map((l) => [
    l.path,
    l.became === l.layer ? l.layer : `${l.layer} → ${l.became}`,
    formatShape(l.shape),
    numberOf(l.parameters),
    numberOf(l.macs),
  ]);
  const head = ["path", "layer", "output", "parameters", "MACs"];
  const { parameters, macs } = totals(layers);
  const last = ["total", countOf(layers.length, "layer"), "", formatCount(parameters), formatCount(macs)];
  const first = [network.input.name, "input", formatShape(network.input.shape), "", ""];
  const table = formatTable([head, first, ...rows, last], ["left", "left", "left", "right", "right"]);
  const rule = "─".repeat(Math.max(...table.map((line) => line.length)));
  const changes = notes.map((n) => `  ${n.message}`);
  return [
    ...(network.doc === "" ? [] : [network.doc]),
    title,
    "",
    table[0]!,
    rule,
    ...table.slice(1, -1),
    rule,
    table.at(-1)!,
    ...(changes.length === 0 ? [] : ["", "What the B-cos form changed:", ...changes]),
    "",
  ].join("\n");
}
