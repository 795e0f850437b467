/**
 * `bcosc explain FILE`: pictures of what every pixel contributes, and the numbers that show that they add up; or what another
 * method attributes to each.
 */
import { join } from "node:path";
import { buildProgram } from "../../compiler/compile.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import { BcosError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { diagnosticsToJson } from "../../diagnostics/json.ts";
import { requireImageShape } from "../../runtime/data/pixels.ts";
import { writeFileAtomic } from "../../runtime/files/atomic-write.node.ts";
import type { ProgressOptions } from "../../runtime/posthoc/progress.ts";
import { openSession, type Session } from "../../runtime/session.ts";
import type { Command } from "../command.ts";
import { compileModel } from "../compile-model.ts";
import { deviceOptions, readDevice, storageOption } from "../device-option.ts";
import { exitCodeOf, exitCodes } from "../exit.ts";
import { classesOption, loadClassNames } from "../explained/class-names.ts";
import {
  sizeOfSelection,
  imageOptions,
  imagesInParts,
  listImages,
  openImages,
  pixelsOf,
  selectImages,
  type SourceImage,
} from "../explained/images.ts";
import {
  createSheet,
  mapScale,
  saveAttribution,
  saveExplanation,
  saveInput,
  type FileOptions,
  type Sheet,
} from "../explained/pictures.ts";
import { fedWithImages, methodOptions, programOptionsFor, readMethod } from "../explained/method.ts";
import {
  attributionRecord,
  explanationRecord,
  imageRecord,
  recordsTable,
  type AttributionRecord,
  type ExplanationRecord,
  type ImageRecord,
} from "../explained/records.ts";
import { createExplainer, isExplanation, readSubject, subjectOptions, type Explainer } from "../explained/subject.ts";
import { readSource } from "../files.ts";
import { createInterrupt } from "../interrupt.ts";
import { writeJson } from "../json.ts";
import { modelOptions, readModelOptions } from "../model-options.ts";
import { profiled, profileOption, readProfile } from "../profile.ts";
import { createProgress } from "../progress.ts";
import { report } from "../report.ts";
import { checkShorterSide } from "../resize-option.ts";
import { countOf } from "../table.ts";
import { loadWeights } from "../weights.ts";

export const explain: Command = {
  positionals: "<file> [...images]",
  options: [
    { flags: "--weights <file>", summary: "The safetensors file with the trained weights" },
    ...imageOptions,
    ...subjectOptions,
    ...methodOptions,
    classesOption,
    { flags: "--out <folder>", summary: "Where pictures and explanation.json go (runs/explained)" },
    { flags: "--npy", summary: "Write input, contributions, W(x) and colours as NumPy arrays too" },
    ...modelOptions,
    ...deviceOptions,
    storageOption,
    profileOption,
    { flags: "--json", summary: "Write explanation.json to standard output too" },
  ],
  examples: [
    "bcosc explain models/mnist.bcos --weights runs/mnist/model.safetensors --data mnist --index 0,1,2",
    "bcosc explain models/mnist.bcos --weights runs/mnist/model.safetensors digit.png --class 3 --versus 8",
    "bcosc explain models/resnet18.bcos --weights resnet18.safetensors photos/ --classes names.txt --top 3",
    "bcosc explain models/resnet18.bcos --weights resnet18.safetensors cat.jpg --at layer3.1 --unit 17 --pixel 4,9",
    "bcosc explain models/resnet18.bcos --as standard --weights resnet18.safetensors cat.jpg --method gradcam",
  ],
  run: async (args, terminal) => {
    const file = args.positionals[0]!;
    const weightsPath = args.required("--weights");
    const selection = await listImages(selectImages(args, args.positionals.slice(1)));
    const method = readMethod(args);
    const subject = readSubject(args, method.name);
    const out = args.text("--out") ?? join("runs", "explained");
    const options = readModelOptions(args);
    const device = await readDevice(args, terminal);
    const profile = readProfile(args);
    const network = compileModel(file, options, terminal);
    const weights = await loadWeights(weightsPath);
    const { program } = buildProgram(network, {
      form: options.form,
      batch: Math.min(mostAtOnce, sizeOfSelection(selection)),
      ...programOptionsFor(method, subject, network, options.form),
      ...device.program,
      cutBatch: true,
    });
    if (method.name === "bcos" && program.graphs.explain === undefined) {
      fail("run/no-graph", { graph: "explain", available: "none" });
    }
    const { input, classes } = fedWithImages(program);
    const { encodedShape } = input;
    const shape = requireImageShape(input.shape, file);
    checkShorterSide(selection.shorterSide, shape);
    const classesFile = args.text("--classes");
    const given = classesFile === undefined ? undefined : await loadClassNames(classesFile, program);
    const source = await openImages(selection, { input, classes });
    const names = given ?? source.classes;
    const explainer = createExplainer(subject, method, program, names);

    const failed: Diagnostic[] = [];
    const parts = imagesInParts(source, program.batch, failed);
    // Read before a device is opened: where nothing can be read, nothing else is done.
    const first = await nextOf(parts);
    if (first === undefined) throw new BcosError(failed);
    const session = await openSession(program, device.session);
    const bar = createProgress(terminal.err, "explain", source.count);
    const interrupt = createInterrupt(() => undefined);
    try {
      await session.importWeights(weights, weightsPath);
      const independent = options.form === "bcos";
      const files: FileOptions = { folder: out, shape, encodedShape, names, independent, arrays: args.flag("--npy") };
      const sheet = createSheet(explainer.times, files);
      const images: ImageRecord[] = [];
      const explainAll = async (): Promise<void> => {
        for (let part: typeof first | undefined = first; part !== undefined; part = await nextOf(parts)) {
          const before = part[0]!.number;
          const onProgress = (runs: number, all: number): void => bar.update(before, `${runs} of ${all} runs`);
          const done = await explainPart(session, explainer, part, { sheet, files, onProgress }).catch(
            (error: unknown) => {
              // What is done stays: the files of the images before are there, and are named in explanation.json.
              if (!(error instanceof BcosError) || images.length === 0) throw error;
              failed.push(...error.diagnostics);
            },
          );
          if (done === undefined) return;
          images.push(...done);
          bar.update(part.at(-1)!.number + 1, "");
          await interrupt.breathe();
          if (interrupt.requested) return;
        }
      };
      const traceFile = profile && (profile.file ?? join(out, "profile.json"));
      await profiled(session, traceFile, args.flag("--json") ? terminal.err : terminal.out, explainAll);
      bar.clear();
      const contactSheet = await sheet.save();
      const json = {
        model: program.model,
        file,
        weights: weightsPath,
        method: method.name,
        device: session.device,
        classes: classesFile ?? null,
        contactSheet,
        images,
        failed: diagnosticsToJson(failed, readSource),
      };
      await writeFileAtomic(join(out, "explanation.json"), `${JSON.stringify(json, null, 2)}\n`);
      if (args.flag("--json")) writeJson(json, terminal.out);
      else terminal.out.write(summaryText(images, source.count, join(out, contactSheet)));
      report(failed, readSource, terminal.err);
      return interrupt.requested ? exitCodes.interrupted : exitCodeOf(failed);
    } finally {
      bar.clear();
      interrupt.dispose();
      await session.dispose();
    }
  },
};

/** More images at once need more memory and are no faster. */
const mostAtOnce = 16;

async function nextOf<T>(parts: AsyncGenerator<T, void>): Promise<T | undefined> {
  const next = await parts.next();
  return next.done === true ? undefined : next.value;
}

/** Explains images that are in memory together and writes their files. */
async function explainPart(
  session: Session,
  explainer: Explainer,
  images: readonly SourceImage[],
  { sheet, files, onProgress }: { readonly sheet: Sheet; readonly files: FileOptions } & Required<ProgressOptions>,
): Promise<ImageRecord[]> {
  const all = await explainer.run(
    session,
    pixelsOf(images),
    images.map(({ name }) => name),
    { onProgress },
  );
  const records: ImageRecord[] = [];
  for (const [i, image] of images.entries()) {
    const found = all.filter((e) => e.image === i);
    const explanations: ExplanationRecord[] = [];
    const attributions: AttributionRecord[] = [];
    for (const e of found) {
      const scale = mapScale(e);
      sheet.add(image, e);
      if (isExplanation(e)) {
        explanations.push(explanationRecord(e, files, scale, await saveExplanation(image, e, scale, files)));
      } else attributions.push(attributionRecord(e, files, scale, await saveAttribution(image, e, scale, files)));
    }
    const described = attributions.length > 0 ? { explanations, attributions } : { explanations };
    records.push(imageRecord(image, found[0]!.logits, files, await saveInput(image, files), described));
  }
  return records;
}

function summaryText(images: readonly ImageRecord[], asked: number, saved: string): string {
  const residuals = images.flatMap(({ explanations }) => explanations.map((e) => e.relativeResidual));
  return [
    ...recordsTable(images),
    ...(residuals.length === 0 ? [] : [`largest relative residual ${Math.max(...residuals).toExponential(1)}`]),
    ...(images.length < asked ? [`explained ${images.length} of ${countOf(asked, "image")}`] : []),
    `saved ${saved}`,
    "",
  ].join("\n");
}
