/** `bcosc import FILE --model MODEL`: a model's weights from a file of another program, with a report of every tensor. */
import { basename, dirname, extname, join } from "node:path";
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { diagnosticsToJson } from "../../diagnostics/json.ts";
import { architectureNote } from "../../runtime/weights/architecture.ts";
import { importFindings } from "../../runtime/weights/exchange/findings.ts";
import { importTensors } from "../../runtime/weights/exchange/import-tensors.ts";
import { wildcardsOf } from "../../runtime/weights/exchange/patterns.ts";
import type { RenameRule } from "../../runtime/weights/exchange/rules.ts";
import { sourceNames } from "../../runtime/weights/exchange/sources.ts";
import { loadTensorFile, saveSafetensors } from "../../runtime/weights/files.node.ts";
import { firstFindings } from "../../runtime/weights/weights.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { readSource } from "../files.ts";
import { importJson, importText } from "../import-report.ts";
import { writeJson } from "../json.ts";
import { checkHash, checkpointModel, checkpointNotes, readCheckpoint } from "../checkpoint.ts";
import { readWeightsModel, weightsModelOptions } from "../weights-model.ts";

export const importCommand: Command = {
  positionals: "<file>",
  options: [
    ...weightsModelOptions,
    {
      flags: "--checkpoint <name>",
      summary: "Import a published file, in place of `--model`: see `bcosc checkpoints`",
    },
    { flags: "--out <file>", short: "-o", summary: "Where the weights go (FILE with the ending .safetensors)" },
    { flags: "--from <source>", summary: `Whose names the file has: ${sourceNames.join(", ")} or auto (auto)` },
    { flags: "--prefix <text>", summary: "Take the tensors whose names start so (the prefix that fits best)" },
    {
      flags: "--rename <from=to>",
      summary: "A rule of its own, e.g. `stem.*=conv1.*` (`*` a part, `**` several, `#` a number); may be repeated",
      repeatable: true,
    },
    { flags: "--by-order", summary: "Take the tensors in their order, whatever their names: all shapes have to fit" },
    { flags: "--partial", summary: "Allow weights that the file lacks, and tensors that the model does not know" },
    { flags: "--dry-run", summary: "Report, but write nothing" },
    { flags: "--verbose", summary: "List every tensor" },
    { flags: "--json", summary: "Write the report as JSON" },
  ],
  examples: [
    "bcosc import resnet_18-68b4160fff.pth --model models/resnet18.bcos -o resnet18.safetensors",
    "bcosc import resnet_18-68b4160fff.pth --checkpoint resnet18",
    "bcosc import resnet34.pth --model models/resnet34.bcos --as standard --from torchvision --dry-run --verbose",
  ],
  run: async (args, terminal) => {
    const file = args.positionals[0]!;
    const options = {
      from: args.choice("--from", [...sourceNames, "auto"]),
      prefix: args.text("--prefix"),
      renames: readRenames(args),
      order: args.flag("--by-order"),
      place: file,
    };
    for (const other of ["--prefix", "--rename"]) {
      if (options.order && args.given.has(other)) fail("usage/conflict", { option: "--by-order", other });
    }
    const out = readOut(args, file);
    const checkpoint = readCheckpoint(args);
    const program =
      checkpoint === undefined ? readWeightsModel(args, terminal).program : checkpointModel(checkpoint, terminal);
    const { format, tensors } = await loadTensorFile(file, (bytes) => {
      if (checkpoint !== undefined) checkHash(bytes, file, checkpoint);
    });
    const imported = importTensors(program.state, tensors, { ...options, from: checkpoint?.source ?? options.from });
    const findings = importFindings(imported.report, { partial: args.flag("--partial") }, file);
    const json = args.flag("--json");
    if (findings.length > 0 && !json) throw new BcosError(firstFindings(findings));
    if (findings.length === 0 && out !== undefined) {
      await saveSafetensors(out, imported.tensors, notesOf(program, imported.report.source));
    }
    const notes = checkpoint === undefined ? [] : checkpointNotes(checkpoint);
    const facts = { file, notes, format, program, report: imported.report, out: findings.length > 0 ? undefined : out };
    if (json) {
      writeJson({ ...importJson(facts), diagnostics: diagnosticsToJson(findings, readSource) }, terminal.out);
      return findings.length > 0 ? exitCodes.usage : exitCodes.ok;
    }
    terminal.out.write(importText(facts, args.flag("--verbose")));
    return exitCodes.ok;
  },
};

/** Where the weights go; `undefined` for a dry run. */
function readOut(args: Arguments, file: string): string | undefined {
  const given = args.text("--out");
  if (args.flag("--dry-run")) {
    return given === undefined ? undefined : fail("usage/conflict", { option: "--dry-run", other: "--out" });
  }
  if (given !== undefined) return given;
  const out = join(dirname(file), `${basename(file, extname(file))}.safetensors`);
  return out === join(file) ? args.required("--out") : out;
}

function readRenames(args: Arguments): readonly RenameRule[] {
  return args.texts("--rename").map((text) => {
    const [file = "", model = "", ...more] = text.split("=");
    const isSound = file !== "" && model !== "" && more.length === 0;
    const expected = "FROM=TO with the same wildcards on both sides";
    if (!isSound || wildcardsOf(file).join(" ") !== wildcardsOf(model).join(" ")) {
      return fail("usage/value", { option: "--rename", expected, found: text });
    }
    return { file, model };
  });
}

/** What the file says about itself. */
function notesOf(program: Program, source: string): readonly (readonly [string, string])[] {
  return [["model", program.model], ["form", program.form], ...architectureNote(program), ["source", source]];
}
