/** `bcosc check FILE…`: what is wrong with the files, and one line for every model that is sound. */
import { checkFile } from "../../compiler/check/check.ts";
import { createNodeHost } from "../../compiler/check/node-host.node.ts";
import { buildProgram } from "../../compiler/compile.ts";
import type { Form } from "../../compiler/graph/program.ts";
import { sizeOf } from "../../compiler/graph/graph.ts";
import { checkForm } from "../../compiler/network/forms.ts";
import type { Network } from "../../compiler/network/network.ts";
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { renderSummary } from "../../diagnostics/frame.ts";
import { diagnosticsToJson } from "../../diagnostics/json.ts";
import type { Command } from "../command.ts";
import { distinctDiagnostics } from "../distinct-diagnostics.ts";
import { exitCodeOf } from "../exit.ts";
import { readSource, requireReadable } from "../files.ts";
import { writeJson } from "../json.ts";
import { modelOptions, readModelOptions, type ModelOptions } from "../model-options.ts";
import { report } from "../report.ts";
import { countOf, formatShape } from "../table.ts";

export const check: Command = {
  positionals: "<...files>",
  options: [
    ...modelOptions,
    { flags: "--verbose", summary: "Show every change that the B-cos form makes" },
    { flags: "--json", summary: "Write JSON" },
  ],
  examples: [
    "bcosc check models/mnist.bcos",
    "bcosc check models/*.bcos --as standard",
    "bcosc check models/resnet34.bcos --set classes=10 --json",
  ],
  run: (args, { out }) => {
    const options = readModelOptions(args);
    const checked = args.positionals.map((file) => checkOne(file, options));
    const diagnostics = distinctDiagnostics(checked.flatMap((c) => c.diagnostics));
    const findings = diagnostics.filter((d) => d.severity !== "info");
    const models = checked.flatMap((c) => c.models);
    if (args.flag("--json")) {
      writeJson({ diagnostics: diagnosticsToJson(diagnostics, readSource), models }, out);
    } else {
      const verbose = args.flag("--verbose");
      report(verbose ? diagnostics : findings, readSource, out);
      for (const model of models) out.write(`${modelText(model, verbose)}\n`);
      if (findings.length > 0) out.write(`${renderSummary(findings, { color: out.color })}\n`);
      else if (models.length === 0) out.write(`${countOf(args.positionals.length, "file")} without a finding\n`);
    }
    return Promise.resolve(exitCodeOf(diagnostics));
  },
};

interface CheckedModel {
  readonly file: string;
  readonly model: string;
  readonly form: Form;
  readonly layers: number;
  readonly parameters: number;
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Changes that the form makes. */
  readonly changes: number;
}

interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  readonly models: readonly CheckedModel[];
}

function checkOne(file: string, { form, model, parameters, preset, settings }: ModelOptions): Checked {
  try {
    requireReadable(file);
  } catch (error) {
    // The other files are still checked.
    if (error instanceof BcosError) return { diagnostics: error.diagnostics, models: [] };
    throw error;
  }
  const { diagnostics, networks } = checkFile(createNodeHost(), file, { model, parameters, preset, settings });
  const lowered = networks.map((network) => lowerOne(file, network, form));
  return {
    diagnostics: [...diagnostics, ...lowered.flatMap((l) => l.diagnostics)],
    models: lowered.flatMap((l) => l.models),
  };
}

function lowerOne(file: string, network: Network, form: Form): Checked {
  const problems = checkForm(network, form);
  if (problems.length > 0) return { diagnostics: problems, models: [] };
  const { program, notes } = buildProgram(network, { form, batch: 1, graphs: [] });
  const weights = program.state.filter((s) => s.role === "weight");
  const model: CheckedModel = {
    file,
    model: network.name,
    form,
    layers: network.layers.length,
    parameters: weights.reduce((sum, s) => sum + sizeOf(s.shape), 0),
    input: network.input.shape,
    output: network.outputs[0]!.shape,
    changes: notes.length,
  };
  return { diagnostics: notes, models: [model] };
}

function modelText(m: CheckedModel, verbose: boolean): string {
  const shapes = `${formatShape(m.input)} → ${formatShape(m.output)}`;
  const changes =
    m.changes === 0
      ? ""
      : `; ${countOf(m.changes, "change")} to the B-cos form${verbose ? "" : " (--verbose shows them)"}`;
  return `${m.file}: ${m.model} (${m.form}), ${shapes}, ${countOf(m.layers, "layer")}, ${countOf(m.parameters, "parameter")}${changes}`;
}
