/** The options of all commands that compile a model. */
import { readParameter, type ParameterValue } from "../compiler/check/parameter-text.ts";
import { fail } from "../diagnostics/catalogue.ts";
import type { Form } from "../compiler/graph/program.ts";
import type { BcosSettings } from "../compiler/network/settings.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";

export interface ModelOptions {
  readonly form: Form;
  /** Values for the model's parameters. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Which model of the file; without it the file must have one. */
  readonly model: string | undefined;
  /** Where the B-cos settings start from, in place of the preset that the file names. */
  readonly preset: BcosSettings["preset"] | undefined;
  /** B-cos settings over those of the file. */
  readonly settings: string | undefined;
}

export const modelOptions: readonly OptionSpec[] = [
  { flags: "--as <form>", summary: "Compile as `bcos` (the default) or as the conventional network, `standard`" },
  { flags: "--set <name=value>", summary: "Give a parameter of the model a value; may be repeated", repeatable: true },
  { flags: "--preset <name>", summary: "B-cos settings to start from instead of the file's: `v1`, `v2` or `cosified`" },
  {
    flags: "--settings <text>",
    summary: 'B-cos settings over those of the file, as in `bcos { … }`: "b: 1.5, relu: keep"',
  },
  { flags: "--model <name>", summary: "Which model of the file, where it has several" },
];

const presetNames = ["v1", "v2", "cosified"] as const satisfies readonly BcosSettings["preset"][];
export const forms = ["bcos", "standard"] as const;

export function readModelOptions(args: Arguments): ModelOptions {
  return {
    form: args.choice("--as", forms) ?? "bcos",
    parameters: readParameters(args.texts("--set")),
    model: args.text("--model"),
    preset: args.choice("--preset", presetNames),
    settings: args.text("--settings"),
  };
}

/** `classes=10` → { classes: 10 }. */
export function readParameters(settings: readonly string[]): Record<string, ParameterValue> {
  const parameters = new Map<string, ParameterValue>();
  for (const setting of settings) {
    const read = readParameter(setting);
    if (read === undefined) return fail("usage/value", { option: "--set", expected: "NAME=VALUE", found: setting });
    if (parameters.has(read.name)) fail("usage/repeated-option", { option: `--set ${read.name}` });
    parameters.set(read.name, read.value);
  }
  return Object.fromEntries(parameters);
}
