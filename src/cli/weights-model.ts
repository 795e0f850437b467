/** The model that weights are imported for or exported from: `--model` names its file. */
import { buildProgram } from "../compiler/compile.ts";
import type { Program } from "../compiler/graph/program.ts";
import type { Network } from "../compiler/network/network.ts";
import type { Arguments } from "./arguments.ts";
import { optionName, type OptionSpec } from "./command.ts";
import { compileModel } from "./compile-model.ts";
import { modelOptions, readModelOptions, type ModelOptions } from "./model-options.ts";
import type { Terminal } from "./terminal.ts";

export const weightsModelOptions: readonly OptionSpec[] = [
  { flags: "--model <file>", summary: "The model's file, or FILE#NAME where it has several models" },
  ...modelOptions.filter((option) => optionName(option) !== "--model"),
];

/** A network, and its program without graphs: names and shapes of its weights. */
export interface WeightsModel {
  readonly network: Network;
  readonly program: Program;
}

/** Throws what is wrong with the model. */
export function readWeightsModel(args: Arguments, terminal: Terminal): WeightsModel {
  const { file, options } = readWeightsModelOptions(args);
  return weightsModelOf(file, options, terminal);
}

/** What is asked for, before the file is read. */
export function readWeightsModelOptions(args: Arguments): { readonly file: string; readonly options: ModelOptions } {
  const given = args.required("--model");
  const { file, name } = splitName(given);
  return { file, options: { ...readModelOptions(args), model: name } };
}

export function weightsModelOf(file: string, options: ModelOptions, terminal: Terminal): WeightsModel {
  const network = compileModel(file, options, terminal);
  return { network, program: buildProgram(network, { form: options.form, batch: 1, graphs: [] }).program };
}

/** `net.bcos#Small` → the file and the model. */
function splitName(given: string): { readonly file: string; readonly name: string | undefined } {
  const [, file = given, name] = /^(.+\.bcos)#(\w+)$/s.exec(given) ?? [];
  return { file, name };
}
