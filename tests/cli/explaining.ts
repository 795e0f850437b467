/** A folder to explain images in: two models that were not trained, a data set, and pictures with all kinds of names. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import type { ImageRecord } from "../../src/cli/explained/records.ts";
import { openSession } from "../../src/runtime/session.ts";
import { saveWeights } from "../../src/runtime/weights/files.node.ts";
import { sizeOf } from "../../src/shape.ts";
import { bcosc, bcoscHere, temporaryFolder } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

/** A net for small pictures in colour, with a map, tokens and a vector in it. */
const colourModel = `model Colour(classes: int = 4) {
  input  image: [12, 10, 3]
  output logits: [classes]

  stem   = image -> conv1: conv(6, kernel: 3) -> bn1: norm -> relu -> conv2: conv(8, kernel: 3, stride: 2)
  cells  = stem -> tokens
  logits = cells -> global_avg_pool -> fc: linear(classes)
}
`;

/** A net that is trained as a conventional one. */
const conventionalModel = `model Conventional() {
  input  image: [12, 10, 3]
  output logits: [4]

  stem   = image -> conv1: conv(6, kernel: 3, stride: 2) -> bn1: norm -> relu
  logits = stem -> global_avg_pool -> fc: linear(4)
}
`;

export interface ExplanationFile {
  readonly method: string;
  readonly contactSheet: string;
  readonly classes: string | null;
  readonly images: readonly ImageRecord[];
  readonly failed: readonly { readonly code: string; readonly place: string | null }[];
}

type Model = "tiny" | "colour" | "conventional";

export const folder = temporaryFolder({
  ...{ "tiny.bcos": tinyModel, "colour.bcos": colourModel, "conventional.bcos": conventionalModel },
  ...tinyData(1),
});
export const at = (path: string): string => join(folder, path);
export const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(at(path)));
export const explained = (out: string): ExplanationFile =>
  JSON.parse(readFileSync(at(`${out}/explanation.json`), "utf8")) as ExplanationFile;
export const run = (model: Model, ...words: readonly string[]) =>
  bcosc(["explain", `${model}.bcos`, "--weights", `${model}.safetensors`, ...words], { cwd: folder });

/** The same in this process, for what is refused: quicker. Words with a point in them, and `data`, are files of the folder. */
export const refused = (model: Model, ...words: readonly string[]) =>
  bcoscHere(
    "explain",
    at(`${model}.bcos`),
    "--weights",
    at(`${model}.safetensors`),
    ...words.map((word) => (/\.|^(data|empty)$/.test(word) ? at(word) : word)),
    "--out",
    at("g"),
  );

async function saveRandomWeights(file: string, source: string, form: Form = "bcos"): Promise<void> {
  const [network] = checkFile(createMemoryHost({ "net.bcos": source }), "net.bcos").networks;
  const { program } = buildProgram(network!, { form, batch: 1, graphs: ["predict"] });
  const session = await openSession(program, { device: "reference", seed: 5 });
  await saveWeights(at(file), await session.exportWeights());
}

/** A picture of stripes that no other `seed` has. */
export function savePhoto(path: string, height: number, width: number, seed: number): Promise<unknown> {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    return 128 + 127 * Math.sin(seed + (channel + 1) * 7 * x + (3 - channel) * 5 * y);
  });
  return sharp(data, { raw: { height, width, channels: 3 } }).toFile(at(path));
}

export const names = ["kit fox", "crane", "crane", "süße Katze, tabby"];

/** Models that were not trained, and pictures. */
export async function fillFolder(): Promise<void> {
  await saveRandomWeights("tiny.safetensors", tinyModel);
  await saveRandomWeights("colour.safetensors", colourModel);
  await saveRandomWeights("conventional.safetensors", conventionalModel, "standard");
  mkdirSync(at("meine Bilder"));
  for (let i = 0; i < 18; i++) await savePhoto(`meine Bilder/Größe ${String(i).padStart(2, "0")}.png`, 20, 30, i);
  await savePhoto("猫 one.jpg", 24, 20, 3);
  writeFileSync(at("meine Bilder/notes.txt"), "no image");
  writeFileSync(at("broken.png"), bytes("meine Bilder/Größe 00.png").subarray(0, 100));
  writeFileSync(at("text.png"), "no image either");
  writeFileSync(at("names.txt"), `${names.join("\n")}\n`);
  writeFileSync(at("names.json"), JSON.stringify(Object.fromEntries(names.map((name, i) => [i, [`id${i}`, name]]))));
}

/** The records' sums, as far as float32 goes. */
export function checkSums({ images }: ExplanationFile): void {
  for (const { explanations } of images) {
    for (const e of explanations) {
      expect(Math.abs(e.explained - e.constant - e.contributions)).toBeLessThan(1e-4);
      expect(e.residual).toBeLessThan(1e-4);
      expect(e.relativeResidual).toBeLessThan(1e-4);
    }
  }
}

/** A NumPy array of float32. */
export function npy(path: string): { readonly shape: readonly number[]; readonly values: Float32Array } {
  const file = bytes(path);
  const start = 10 + new DataView(file.buffer, file.byteOffset).getUint16(8, true);
  const shape = /'shape': \(([^)]*)\)/.exec(new TextDecoder().decode(file.subarray(10, start)))![1]!;
  const axes = shape.split(",").flatMap((part) => (part.trim() === "" ? [] : [Number(part)]));
  const values = new Float32Array(file.slice(start).buffer);
  expect(values).toHaveLength(sizeOf(axes));
  return { shape: axes, values };
}
