/** `bcosc export --weights FILE --model MODEL`: a model's weights with the names and shapes of another program. */
import { exportTensors, type ExportReport } from "../../runtime/weights/exchange/export-tensors.ts";
import { sourceNames, usualTarget } from "../../runtime/weights/exchange/sources.ts";
import { loadSafetensors, saveSafetensors } from "../../runtime/weights/files.node.ts";
import { matchTensors } from "../../runtime/weights/weights.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { writeJson } from "../json.ts";
import { countOf, formatCount, formatShape, formatTable } from "../table.ts";
import { readWeightsModel, weightsModelOptions } from "../weights-model.ts";

export const exportCommand: Command = {
  positionals: "",
  options: [
    { flags: "--weights <file>", summary: "The safetensors file with the model's weights" },
    ...weightsModelOptions,
    { flags: "--out <file>", short: "-o", summary: "Where the file goes: safetensors too" },
    {
      flags: "--to <program>",
      summary: `Whose names it gets: ${sourceNames.join(", ")} (that of the model's preset; \`standard\`: torchvision)`,
    },
    { flags: "--prefix <text>", summary: "What stands in front of every name (what the program has there)" },
    { flags: "--verbose", summary: "List every tensor" },
    { flags: "--json", summary: "Write the report as JSON" },
  ],
  examples: [
    "bcosc export --weights resnet18.safetensors --model models/resnet18.bcos -o bcos.safetensors",
    "bcosc export --weights net.safetensors --model models/resnet50.bcos --as standard --to timm -o timm.safetensors",
  ],
  run: async (args, terminal) => {
    const [weights, out] = [args.required("--weights"), args.required("--out")];
    const to = args.choice("--to", sourceNames);
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
    return exitCodes.ok;
  },
};

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
