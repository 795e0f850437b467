/**
 * `bcosc export --weights FILE --model MODEL`: a model's weights with the names and shapes of another program, or with `--to tfjs`
 * the whole model, for TensorFlow.js.
 */
import { fail } from "../../diagnostics/catalogue.ts";
import { exportTensors, type ExportReport } from "../../runtime/weights/exchange/export-tensors.ts";
import { sourceNames, usualTarget, type SourceName } from "../../runtime/weights/exchange/sources.ts";
import { loadSafetensors, saveSafetensors } from "../../runtime/weights/files.node.ts";
import { matchTensors } from "../../runtime/weights/weights.ts";
import type { Arguments } from "../arguments.ts";
import { optionName, type Command, type OptionSpec } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { exportGraphModel, graphModelOptions } from "../exported/graph-model.ts";
import { graphModelJson, graphModelText } from "../exported/report.ts";
import { writeJson } from "../json.ts";
import { countOf, formatCount, formatShape, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readWeightsModel, weightsModelOptions } from "../weights-model.ts";

/** The target that is no program's names. */
const tfjs = "tfjs";

/** Of weights alone. */
const nameOptions: readonly OptionSpec[] = [
  { flags: "--prefix <text>", summary: "What stands in front of every name (what the program has there)" },
];

export const exportCommand: Command = {
  positionals: "",
  options: [
    { flags: "--weights <file>", summary: "The safetensors file with the model's weights" },
    ...weightsModelOptions,
    { flags: "--out <path>", short: "-o", summary: "Where the file goes, safetensors too; the folder of `--to tfjs`" },
    {
      flags: "--to <program>",
      summary: `Whose names it gets: ${sourceNames.join(", ")} (that of the model's preset; \`standard\`: torchvision); \`tfjs\`: a graph model of TensorFlow.js`,
    },
    ...nameOptions,
    ...graphModelOptions,
    { flags: "--verbose", summary: "List every tensor, or what kinds of nodes a graph model has" },
    { flags: "--json", summary: "Write the report as JSON" },
  ],
  examples: [
    "bcosc export --weights resnet18.safetensors --model models/resnet18.bcos -o bcos.safetensors",
    "bcosc export --weights net.safetensors --model models/resnet50.bcos --as standard --to timm -o timm.safetensors",
    "bcosc export --weights net.safetensors --model models/resnet18.bcos --to tfjs --explain --classes names.txt -o public/net",
  ],
  run: async (args, terminal) => {
    const to = args.choice("--to", [...sourceNames, tfjs]);
    for (const option of (to === tfjs ? nameOptions : graphModelOptions).map(optionName)) {
      if (!args.given.has(option)) continue;
      if (to === tfjs) fail("usage/conflict", { option, other: `--to ${tfjs}` });
      fail("usage/needs-option", { option, other: `--to ${tfjs}` });
    }
    await (to === tfjs ? exportModel(args, terminal) : exportWeights(to, args, terminal));
    return exitCodes.ok;
  },
};

/** The whole model, for TensorFlow.js. */
async function exportModel(args: Arguments, terminal: Terminal): Promise<void> {
  const exported = await exportGraphModel(args, terminal);
  if (args.flag("--json")) writeJson(graphModelJson(exported), terminal.out);
  else terminal.out.write(graphModelText(exported, args.flag("--verbose")));
}

/** The weights, with the names that a program has for them. */
async function exportWeights(to: SourceName | undefined, args: Arguments, terminal: Terminal): Promise<void> {
  const [weights, out] = [args.required("--weights"), args.required("--out")];
  const { network, program } = readWeightsModel(args, terminal);
  const { tensors } = await loadSafetensors(weights);
  matchTensors(program, tensors, weights);
  const { model, form } = program;
  const exported = exportTensors(program.state, tensors, {
    to: to ?? usualTarget(form, network.settings.preset),
    form,
    prefix: args.text("--prefix"),
  });
  await saveSafetensors(out, exported.tensors, [["format", "pt"]]);
  const { report } = exported;
  if (args.flag("--json")) writeJson({ weights, model, form, ...report, out }, terminal.out);
  else terminal.out.write(reportText(`${weights}: ${model} (${form})`, report, out, args.flag("--verbose")));
}

function reportText(what: string, report: ExportReport, out: string, verbose: boolean): string {
  const { target, prefix, mapped, restored } = report;
  const renamed = mapped.filter(({ path, name }) => path !== name).length;
  const reshaped = mapped.filter(({ converted }) => converted !== undefined).length;
  const behind = prefix === "" ? "" : ` behind \`${prefix}\``;
  const rows = [
    ...mapped.map(({ path, name, shape, converted }) => [
      path,
      path === name ? "" : `→ ${name}`,
      converted === undefined ? formatShape(shape) : `${formatShape(converted)} → ${formatShape(shape)}`,
    ]),
    ...restored.map((name) => ["", `zeros: ${name}`]),
  ];
  const more = restored.length === 0 ? [] : [`  ${countOf(restored.length, "tensor")} of zeros that it has besides`];
  return [
    `${what} with the names of ${target}${behind}`,
    `  ${countOf(mapped.length, "tensor")}: ${formatCount(renamed)} renamed, ${formatCount(reshaped)} of another shape`,
    ...more,
    ...(verbose ? ["", ...formatTable(rows, ["left", "left", "left"]).map((line) => `  ${line}`), ""] : []),
    `wrote ${out}`,
    "",
  ].join("\n");
}
