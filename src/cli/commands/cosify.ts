/** `bcosc cosify --model MODEL --weights FILE`: a B-cos network's weights from those of its conventional form. */
import { basename } from "node:path";
import { buildProgram } from "../../compiler/compile.ts";
import { cosificationSteps, type CosificationStep } from "../../compiler/cosify/cosification.ts";
import { architectureHash } from "../../compiler/network/architecture.ts";
import type { Network } from "../../compiler/network/network.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { convertWeights, type BuiltStep } from "../../runtime/cosify/convert.ts";
import { measureSteps } from "../../runtime/cosify/measure.ts";
import { syntheticImages } from "../../runtime/data/synthetic.ts";
import { requireImageShape } from "../../runtime/data/pixels.ts";
import { architectureNote } from "../../runtime/weights/architecture.ts";
import { saveWeights } from "../../runtime/weights/files.node.ts";
import type { Arguments } from "../arguments.ts";
import { optionName, type Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { cosifyJson, cosifyText } from "../cosify-report.ts";
import { deviceOptions, readDevice, type DeviceSettings } from "../device-option.ts";
import { exitCodes } from "../exit.ts";
import {
  asksForImages,
  imageOptions,
  listImages,
  openImages,
  pixelsOf,
  selectImages,
  type ImageSelection,
  type SourceImage,
} from "../explained/images.ts";
import { writeJson } from "../json.ts";
import { checkShorterSide } from "../resize-option.ts";
import { readWeightsModelOptions, weightsModelOptions } from "../weights-model.ts";
import { loadWeights } from "../weights.ts";

export const cosify: Command = {
  positionals: "",
  options: [
    ...weightsModelOptions.filter((option) => !["--as", "--preset"].includes(optionName(option))),
    { flags: "--preset <name>", summary: "B-cos settings to start from instead of `cosified`" },
    { flags: "--weights <file>", summary: "The safetensors file with the weights of the conventional network" },
    { flags: "--out <file>", short: "-o", summary: "Where the weights of the B-cos network go" },
    ...imageOptions,
    ...deviceOptions,
    { flags: "--dry-run", summary: "Report, but write nothing" },
    { flags: "--json", summary: "Write the report as JSON" },
  ],
  examples: [
    "bcosc cosify --model models/resnet18.bcos --weights resnet18.safetensors -o resnet18-cosified.safetensors",
    "bcosc cosify --model models/resnet18.bcos --weights resnet18.safetensors --image cat.jpg --dry-run",
  ],
  run: async (args, terminal) => {
    const { file, options } = readWeightsModelOptions(args);
    const weightsFile = args.required("--weights");
    const out = readOut(args);
    const preset = options.preset ?? "cosified";
    const selection = asksForImages(args) ? await listImages(selectImages(args, [])) : undefined;
    const device = await readDevice(args, terminal);
    const network = compileModel(file, { ...options, preset }, terminal);
    const steps = cosificationSteps(network);
    const weights = await loadWeights(weightsFile);
    const { names, images } = await readImages(selection, network, file);
    const built = steps.map((step) => build(step, Math.min(names.length, mostAtOnce), device));
    const measured = await measureSteps(built, weights, images, { ...device.session, place: weightsFile });
    if (out !== undefined) {
      const cosified = convertWeights(built.at(-1)!, weights, weightsFile);
      await saveWeights(out, cosified, [
        ["model", network.name],
        ["form", "bcos"],
        ["preset", network.settings.preset],
        ...architectureNote({ architecture: architectureHash(network, "bcos") }),
        ["source", `cosified from ${basename(weightsFile)}`],
      ]);
    }
    const facts = { file, weightsFile, network, names, steps, measured, settings: options.settings, out };
    if (args.flag("--json")) writeJson(cosifyJson(facts), terminal.out);
    else terminal.out.write(cosifyText(facts));
    return exitCodes.ok;
  },
};

/** Images at once: more need more memory and are no faster. */
const mostAtOnce = 16;

/** Where nobody names images. */
const syntheticCount = 8;

function readOut(args: Arguments): string | undefined {
  if (!args.flag("--dry-run")) return args.required("--out");
  return args.text("--out") === undefined ? undefined : fail("usage/conflict", { option: "--dry-run", other: "--out" });
}

function build(step: CosificationStep, batch: number, device: DeviceSettings): BuiltStep {
  const options = { form: step.form, batch, graphs: ["predict"] as const, ...device.program, cutBatch: true };
  return { program: buildProgram(step.network, options).program, recipes: step.recipes };
}

interface SampleImages {
  /** `undefined` for an image that was made up. */
  readonly names: readonly (string | undefined)[];
  readonly images: Float32Array;
}

async function readImages(
  selection: ImageSelection | undefined,
  network: Network,
  file: string,
): Promise<SampleImages> {
  const { shape } = network.input;
  if (selection === undefined) {
    const names = new Array<undefined>(syntheticCount).fill(undefined);
    return { names, images: syntheticImages(shape, syntheticCount) };
  }
  const { program } = buildProgram(network, { form: "standard", batch: 1, graphs: [] });
  if (selection.kind === "files") requireImageShape(shape, file);
  checkShorterSide(selection.shorterSide, shape);
  const source = await openImages(selection, program);
  const images: SourceImage[] = [];
  for (let number = 0; number < source.count; number++) images.push(await source.load(number));
  return { names: images.map((image) => image.name), images: pixelsOf(images) };
}
