/** `bcosc explain FILE`: pictures of what every pixel contributes, and the numbers that show that they add up. */
import { join } from "node:path";
import { buildProgram } from "../../compiler/compile.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { explain as explainSession } from "../../runtime/explain/explainer.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import { openSession, type Session } from "../../runtime/session.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { dataSummary } from "../data.ts";
import { deviceOptions, readDevice, storageOption } from "../device-option.ts";
import { exitCodes } from "../exit.ts";
import {
  checkSelection,
  loadImages,
  selectImages,
  type ImageSelection,
  type SourceImage,
} from "../explained/images.ts";
import { savePictures, type Explained } from "../explained/pictures.ts";
import { writeJson } from "../json.ts";
import { modelOptions, readModelOptions } from "../model-options.ts";
import { profiled, profileOption, readProfile } from "../profile.ts";
import { formatTable } from "../table.ts";
import { loadWeights } from "../weights.ts";

export const explain: Command = {
  positionals: "<file> [...images]",
  options: [
    { flags: "--weights <file>", summary: "The safetensors file with the trained weights" },
    { flags: "--image <path>", summary: "A PNG, JPEG or WebP file; may be repeated", repeatable: true },
    { flags: "--data <name>", summary: `Explain images of a test split: ${dataSummary}` },
    { flags: "--index <list>", summary: "Which images of the data, from 0: 0,1,2" },
    { flags: "--count <n>", summary: "The first images of the data (8)" },
    { flags: "--class <c>", summary: "Explain this class instead of the predicted one" },
    { flags: "--top <k>", summary: "Explain the classes with the k largest logits" },
    { flags: "--versus <c>", summary: "Explain the difference to this class" },
    { flags: "--out <folder>", summary: "Where pictures and explanation.json go (runs/explained)" },
    ...modelOptions,
    ...deviceOptions,
    storageOption,
    profileOption,
    { flags: "--json", summary: "Write explanation.json to standard output too" },
  ],
  examples: [
    "bcosc explain models/mnist.bcos --weights runs/mnist/model.safetensors --data mnist --index 0,1,2",
    "bcosc explain models/mnist.bcos --weights runs/mnist/model.safetensors digit.png --class 3 --versus 8",
    "bcosc explain models/mnist.bcos --weights runs/mnist/model.safetensors digit.png --top 3",
  ],
  run: async (args, terminal) => {
    const file = args.positionals[0]!;
    const weightsPath = args.text("--weights") ?? fail("usage/missing-argument", { argument: "`--weights`" });
    const selection = selectImages(args);
    const choice = readChoice(args);
    const out = args.text("--out") ?? join("runs", "explained");
    const options = readModelOptions(args);
    const device = await readDevice(args, terminal);
    const profile = readProfile(args);
    const network = compileModel(file, options, terminal);
    const weights = await loadWeights(weightsPath);
    const { program } = buildProgram(network, {
      form: options.form,
      batch: batchFor(selection),
      graphs: ["explain"],
      ...device.program,
      cutBatch: true,
    });
    if (program.graphs.explain === undefined) fail("run/no-graph", { graph: "explain", available: "none" });
    checkSelection(selection, program.input);
    const { images, classes } = await loadImages(selection, program);
    const session = await openSession(program, device.session);
    try {
      await session.importWeights(weights, weightsPath);
      const traceFile = profile && (profile.file ?? join(out, "profile.json"));
      const profileOut = args.flag("--json") ? terminal.err : terminal.out;
      const explanations = await profiled(session, traceFile, profileOut, () => explainAll(session, images, choice));
      const explained = explanations.map((e): Explained => ({ image: images[e.image]!, explanation: e }));
      const nameOf = (c: number): string => classes?.[c] ?? String(c);
      const pictures = await savePictures(out, explained, program.input, nameOf);
      const json = {
        model: program.model,
        file,
        weights: weightsPath,
        device: session.device,
        contactSheet: pictures.contactSheet,
        images: explained.map((e, i) => explanationJson(e, pictures.files[i]!, nameOf)),
      };
      await writeFileAtomic(join(out, "explanation.json"), `${JSON.stringify(json, null, 2)}\n`);
      if (args.flag("--json")) writeJson(json, terminal.out);
      else
        terminal.out.write(explanationText(explained, nameOf, join(out, pictures.contactSheet ?? "explanation.json")));
      return exitCodes.ok;
    } finally {
      await session.dispose();
    }
  },
};

/** More images at once need more memory and are no faster. */
const mostAtOnce = 16;

function batchFor(selection: ImageSelection): number {
  return Math.min(mostAtOnce, selection.kind === "files" ? selection.paths.length : selection.count);
}

interface Choice {
  readonly target?: number | { readonly top: number };
  readonly versus?: number;
}

function readChoice(args: Arguments): Choice {
  const most = args.integer("--top", { min: 1 });
  if (most !== undefined && args.given.has("--class")) fail("usage/conflict", { option: "--top", other: "--class" });
  const target = most === undefined ? args.integer("--class", { min: 0 }) : { top: most };
  const versus = args.integer("--versus", { min: 0 });
  return { ...(target === undefined ? {} : { target }), ...(versus === undefined ? {} : { versus }) };
}

async function explainAll(session: Session, images: readonly SourceImage[], choice: Choice): Promise<Explanation[]> {
  const size = images[0]!.pixels.length;
  const all = new Float32Array(images.length * size);
  images.forEach((image, i) => all.set(image.pixels, i * size));
  checkClasses(session, choice);
  return explainSession(session, all, choice);
}

function checkClasses(session: Session, choice: Choice): void {
  const { classes } = session.program;
  const { target, versus } = choice;
  if (typeof target === "object" && target.top > classes) {
    const expected = `a number up to ${classes}, the number of classes`;
    fail("usage/value", { option: "--top", expected, found: String(target.top) });
  }
  const single = typeof target === "object" ? undefined : target;
  for (const [option, value] of [["--class", single] as const, ["--versus", versus] as const]) {
    if (value !== undefined && value >= classes) {
      fail("usage/value", { option, expected: `a class from 0 to ${classes - 1}`, found: String(value) });
    }
  }
}

function explanationJson({ image, explanation: e }: Explained, files: object, nameOf: (c: number) => string): object {
  return {
    image: image.name,
    label: image.label === undefined ? null : nameOf(image.label),
    predicted: nameOf(e.predicted),
    target: e.target === undefined ? null : nameOf(e.target),
    versus: e.versus === undefined ? null : nameOf(e.versus),
    logits: [...e.logits],
    explained: e.explained,
    contributions: sum(e.contributions),
    constant: e.constant,
    constants: e.constants,
    residual: e.residual,
    relativeResidual: e.relativeResidual,
    files,
  };
}

function explanationText(explained: readonly Explained[], nameOf: (c: number) => string, result: string): string {
  const head = [
    "image",
    "label",
    "predicted",
    "class",
    "explained",
    "Σ contributions",
    "constant",
    "residual",
    "relative",
  ];
  const rows = explained.map(({ image, explanation: e }) => [
    image.name,
    image.label === undefined ? "" : nameOf(image.label),
    nameOf(e.predicted),
    [e.target, e.versus].flatMap((c) => (c === undefined ? [] : [nameOf(c)])).join(" − "),
    e.explained.toFixed(4),
    sum(e.contributions).toFixed(4),
    e.constant.toFixed(4),
    e.residual.toExponential(1),
    e.relativeResidual.toExponential(1),
  ]);
  const table = formatTable(
    [head, ...rows],
    ["left", "left", "left", "left", "right", "right", "right", "right", "right"],
  );
  const largest = Math.max(...explained.map((e) => e.explanation.relativeResidual));
  return `${table.join("\n")}\nlargest relative residual ${largest.toExponential(1)}\nsaved ${result}\n`;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
