/** `bcosc explain` on a data set and on image files, with models that were not trained. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { recordsTable, type ExplanationRecord, type ImageRecord } from "../../src/cli/explained/records.ts";
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

interface ExplanationFile {
  readonly contactSheet: string;
  readonly classes: string | null;
  readonly images: readonly ImageRecord[];
  readonly failed: readonly { readonly code: string; readonly place: string | null }[];
}

const folder = temporaryFolder({ "tiny.bcos": tinyModel, "colour.bcos": colourModel, ...tinyData(1) });
const at = (path: string): string => join(folder, path);
const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(at(path)));
const explained = (out: string): ExplanationFile =>
  JSON.parse(readFileSync(at(`${out}/explanation.json`), "utf8")) as ExplanationFile;
const run = (model: "tiny" | "colour", ...words: readonly string[]) =>
  bcosc(["explain", `${model}.bcos`, "--weights", `${model}.safetensors`, ...words], { cwd: folder });

/** The same in this process, for what is refused: quicker. Words with a point in them, and `data`, are files of the folder. */
const refused = (model: "tiny" | "colour", ...words: readonly string[]) =>
  bcoscHere(
    "explain",
    at(`${model}.bcos`),
    "--weights",
    at(`${model}.safetensors`),
    ...words.map((word) => (/\.|^(data|empty)$/.test(word) ? at(word) : word)),
    "--out",
    at("g"),
  );

async function saveRandomWeights(file: string, source: string): Promise<void> {
  const [network] = checkFile(createMemoryHost({ "net.bcos": source }), "net.bcos").networks;
  const { program } = buildProgram(network!, { form: "bcos", batch: 1, graphs: ["predict"] });
  const session = await openSession(program, { device: "reference", seed: 5 });
  await saveWeights(at(file), await session.exportWeights());
}

/** A picture of stripes that no other `seed` has. */
function savePhoto(path: string, height: number, width: number, seed: number): Promise<unknown> {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    return 128 + 127 * Math.sin(seed + (channel + 1) * 7 * x + (3 - channel) * 5 * y);
  });
  return sharp(data, { raw: { height, width, channels: 3 } }).toFile(at(path));
}

const names = ["kit fox", "crane", "crane", "süße Katze, tabby"];

beforeAll(async () => {
  await saveRandomWeights("tiny.safetensors", tinyModel);
  await saveRandomWeights("colour.safetensors", colourModel);
  mkdirSync(at("meine Bilder"));
  for (let i = 0; i < 18; i++) await savePhoto(`meine Bilder/Größe ${String(i).padStart(2, "0")}.png`, 20, 30, i);
  await savePhoto("猫 one.jpg", 24, 20, 3);
  writeFileSync(at("meine Bilder/notes.txt"), "no image");
  writeFileSync(at("broken.png"), bytes("meine Bilder/Größe 00.png").subarray(0, 100));
  writeFileSync(at("text.png"), "no image either");
  writeFileSync(at("names.txt"), `${names.join("\n")}\n`);
  writeFileSync(at("names.json"), JSON.stringify(Object.fromEntries(names.map((name, i) => [i, [`id${i}`, name]]))));
});

/** The records' sums, as far as float32 goes. */
function checkSums({ images }: ExplanationFile): void {
  for (const { explanations } of images) {
    for (const e of explanations) {
      expect(Math.abs(e.explained - e.constant - e.contributions)).toBeLessThan(1e-4);
      expect(e.residual).toBeLessThan(1e-4);
      expect(e.relativeResidual).toBeLessThan(1e-4);
    }
  }
}

describe("bcosc explain on a data set", () => {
  it("writes pictures and numbers that add up", async () => {
    const { code, out, err } = await run("tiny", "--data", "data", "--index", "3,1", "--out", "a");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^data 3 .*\ndata 1 .*\nlargest relative residual \d\S*\nsaved a\/contact-sheet\.png\n$/m);
    const file = explained("a");
    checkSums(file);
    expect(file.images.map(({ image, label, source }) => [image, label!.name, source])).toEqual([
      ["data 3", "1", null],
      ["data 1", "7", null],
    ]);
    for (const { logits, predicted, top, explanations } of file.images) {
      const [e] = explanations;
      expect(explanations).toHaveLength(1);
      expect(e!.target).toEqual(predicted);
      expect(predicted.logit).toBe(Math.max(...logits));
      expect(predicted.logit).toBe(logits[predicted.index]);
      expect(predicted.probability).toBeCloseTo(1 / (1 + Math.exp(-predicted.logit)), 12);
      expect(top).toHaveLength(5);
      expect(top.map(({ logit }) => logit)).toEqual([...logits].sort((x, y) => y - x).slice(0, 5));
      expect(e!.scales.contributions.percentile).toBe(99.5);
      expect(e!.scales.contributions.full).toBeGreaterThan(0);
      expect(e!.scales.colour).toMatchObject({ percentile: 99.5, smooth: 3 });
    }
    const pictures = file.images.flatMap((image) => [image, ...image.explanations].map(({ files }) => files.pictures));
    const written = [file.contactSheet, ...pictures.flatMap((files) => Object.values(files))];
    expect(written).toHaveLength(1 + 2 * 3);
    for (const name of written) expect(bytes(`a/${name}`).subarray(1, 4)).toEqual(Uint8Array.of(0x50, 0x4e, 0x47));
    expect(written).toContain("pictures/001-data-1-input.png");
  });

  it("explains the classes with the largest logits, each image's together", async () => {
    const { code, out } = await run("tiny", "--data", "data", "--index", "3,1", "--top", "3", "--out", "b");
    expect(code).toBe(0);
    expect(out.match(/^data [31] /gm)).toEqual(["data 3 ", "data 3 ", "data 3 ", "data 1 ", "data 1 ", "data 1 "]);
    for (const [i, { explanations, top, logits }] of explained("b").images.entries()) {
      expect(explanations.map(({ target }) => target)).toEqual(top.slice(0, 3));
      expect(logits).toEqual(explained("a").images[i]!.logits);
      expect({ ...explanations[0], files: {} }).toEqual({ ...explained("a").images[i]!.explanations[0], files: {} });
    }
  });

  it.each([
    [["--class", "10"], 2, "usage/value"],
    [["--top", "11"], 2, "usage/value"],
    [["--index", "30"], 2, "usage/value"],
    [["--resize", "7"], 2, "usage/value"],
    [["--resize", "9"], 2, "usage/conflict"],
    [["--class", "eleven"], 2, "usage/value"],
    [["--as", "standard"], 1, "run/no-graph"],
    [["--at", "conv2"], 1, "run/no-layer"],
  ])("refuses %j", async (words, code, finding) => {
    const ran = await refused("tiny", "--data", "data", ...words);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(`error[${finding}]: `);
    expect(existsSync(at("g"))).toBe(false);
  });
});

describe("bcosc explain on image files", () => {
  it("takes files and folders with any names, more than are computed at once, and says what it made of them", async () => {
    const { code, err } = await run("colour", "meine Bilder", "猫 one.jpg", "--out", "c");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const file = explained("c");
    checkSums(file);
    expect(file.images).toHaveLength(19);
    expect(file.images[17]!.image).toBe("meine Bilder/Größe 17.png");
    expect(file.images[17]!.source).toEqual({ height: 20, width: 30, shorterSide: 12 });
    expect(file.images[18]!.image).toBe("猫 one.jpg");
    expect(file.images[18]!.files.pictures).toEqual({ input: "pictures/018-猫-one-input.png" });
    expect(existsSync(at("c/pictures/018-猫-one-input.png"))).toBe(true);
    // One alone has the same numbers as among the others.
    await run("colour", "meine Bilder/Größe 17.png", "--out", "d");
    expect(explained("d").images[0]!.logits).toEqual(file.images[17]!.logits);
    const inputs = new Set(file.images.map(({ files }) => bytes(`c/${files.pictures["input"]!}`).join()));
    expect(inputs.size).toBe(19);
  });

  it("leaves out what can't be read, says so, and loses nothing else", async () => {
    const words = ["broken.png", "猫 one.jpg", "not-there.png", "meine Bilder/Größe 03.png", "text.png"];
    const { code, out, err } = await run("colour", ...words, "--out", "e");
    expect(code).toBe(2);
    expect(err.match(/^error\[data\/\w+\]/gm)).toHaveLength(3);
    expect(err).toContain("─ broken.png\n");
    expect(err).toContain("can not read not-there.png: no such file or folder");
    expect(out).toContain("explained 2 of 5 images\nsaved e/contact-sheet.png\n");
    const { images, failed } = explained("e");
    expect(failed.map((f) => f.code)).toEqual(["data/image", "data/unreadable", "data/image"]);
    expect(images.map(({ image, files }) => [image, files.pictures["input"]])).toEqual([
      ["猫 one.jpg", "pictures/001-猫-one-input.png"],
      ["meine Bilder/Größe 03.png", "pictures/003-Größe-03-input.png"],
    ]);
    expect(images[1]!.logits).toEqual(explained("c").images[3]!.logits);
  });

  it("takes the shorter side that it is given", async () => {
    const { code } = await run("colour", "meine Bilder/Größe 01.png", "--resize", "20", "--out", "f");
    expect(code).toBe(0);
    const [image] = explained("f").images;
    expect(image!.source).toEqual({ height: 20, width: 30, shorterSide: 20 });
    const cut = await sharp(at("meine Bilder/Größe 01.png"))
      .extract({ left: 10, top: 4, width: 10, height: 12 })
      .raw()
      .toBuffer();
    const { data } = await sharp(at(`f/${image!.files.pictures["input"]!}`))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data]).toEqual([...cut]);
  });

  it("takes it for the images of a data set too, in evaluations as in explanations", async () => {
    mkdirSync(at("photos/test"), { recursive: true });
    for (const name of ["a", "b", "c", "d"]) mkdirSync(at(`photos/test/${name}`));
    await savePhoto("photos/test/b/1.png", 20, 30, 1);
    const data = ["--data", "photos", "--resize", "20"];
    const ran = await run("colour", ...data, "--out", "m");
    expect(ran.code).toBe(0);
    const [image] = explained("m").images;
    expect(image!.logits).toEqual(explained("f").images[0]!.logits);
    expect(image!.label).toEqual({ index: 1, name: "b" });
    const evaluated = await bcosc(["evaluate", "colour.bcos", "--weights", "colour.safetensors", ...data, "--json"], {
      cwd: folder,
    });
    const { confusion } = JSON.parse(evaluated.out) as { confusion: number[][] };
    expect(confusion[1]![image!.predicted.index]).toBe(1);
    const tooSmall = await bcoscHere(
      "evaluate",
      at("colour.bcos"),
      "--weights",
      at("colour.safetensors"),
      "--data",
      at("photos"),
      "--resize",
      "9",
    );
    expect([tooSmall.code, tooSmall.err]).toEqual([2, expect.stringContaining("error[usage/value]: `--resize` takes")]);
  });

  it("calls classes by their names", async () => {
    for (const [classes, out] of [
      ["names.txt", "h"],
      ["names.json", "i"],
    ] as const) {
      const words = ["猫 one.jpg", "--classes", classes, "--class", "Tabby", "--versus", "KIT_FOX"];
      expect((await run("colour", ...words, "--out", out, "--json")).code).toBe(0);
      const file = explained(out);
      expect(file.classes).toBe(classes);
      const [image] = file.images;
      expect(image!.top.map(({ index, name }) => name === names[index])).toEqual([true, true, true, true]);
      const [e] = image!.explanations;
      expect([e!.target!.index, e!.versus!.index]).toEqual([3, 0]);
      expect(e!.subject).toBe("süße Katze, tabby - kit fox");
      expect(e!.explained).toBeCloseTo(image!.logits[3]! - image!.logits[0]!, 5);
      expect(e!.files.pictures["colour"]).toBe("pictures/000-猫-one-3-süße-Katze-tabby-minus-0-kit-fox-colour.png");
    }
    const { out } = await run("colour", "猫 one.jpg", "--classes", "names.txt", "--top", "4", "--out", "h2");
    expect(out.match(/ crane /g)!.length).toBeGreaterThanOrEqual(2);
    expect(new Set(explained("h2").images[0]!.explanations.map(({ files }) => files.pictures["colour"])).size).toBe(4);
  });

  it("writes the same to standard output as to the file", async () => {
    const { out } = await run("colour", "猫 one.jpg", "--out", "j", "--json");
    expect(JSON.parse(out)).toEqual(explained("j"));
  });

  it("writes arrays that add up", async () => {
    const { code } = await run("colour", "猫 one.jpg", "--class", "2", "--npy", "--out", "k");
    expect(code).toBe(0);
    const [image] = explained("k").images;
    const [e] = image!.explanations;
    const { contributions, weights, colour } = e!.files.arrays;
    const [input, w, map] = [image!.files.arrays["input"]!, weights!, contributions!].map((name) => npy(`k/${name}`));
    expect([input!.shape, w!.shape, map!.shape]).toEqual([
      [12, 10, 3],
      [12, 10, 6],
      [12, 10],
    ]);
    expect(npy(`k/${colour!}`).shape).toEqual([12, 10, 4]);
    const sums = Array.from(map!.values, (_, p) => {
      let sum = 0;
      for (let c = 0; c < 3; c++) {
        const x = input!.values[3 * p + c]!;
        sum += w!.values[6 * p + c]! * x + w!.values[6 * p + 3 + c]! * (1 - x);
      }
      return sum;
    });
    sums.forEach((sum, p) => expect(sum).toBeCloseTo(map!.values[p]!, 5));
    expect(sums.reduce((x, y) => x + y, 0) + e!.constant).toBeCloseTo(image!.logits[2]!, 4);
  });

  it.each([
    [["tiny.bcos"], "data/image"],
    [["not-there.png", "also-not.png"], "data/unreadable"],
    [["empty"], "data/not-found"],
    [["猫 one.jpg", "--classes", "short.txt"], "data/class-names"],
    [["猫 one.jpg", "--classes", "猫 one.jpg"], "data/class-names"],
    [["猫 one.jpg", "--classes", "not-there.txt"], "data/unreadable"],
    [["猫 one.jpg", "--classes", "names.txt", "--class", "crane"], "usage/value"],
    [["猫 one.jpg", "--classes", "names.txt", "--class", "kit fax"], "did you mean `kit fox`?"],
    [["猫 one.jpg", "--class", "kit fox"], "`--classes FILE` says how the classes are called"],
    [["猫 one.jpg", "--class", "1", "--versus", "1"], "`--versus` takes another class than `--class`"],
    [["猫 one.jpg", "--resize", "9"], "`--resize` takes a whole number from 10 on"],
    [["meine Bilder/Größe 01.png", "--resize", "11"], "it is 11 × 16, smaller than 12 × 10"],
  ])("refuses %j, and writes nothing", async (words, message) => {
    mkdirSync(at("empty"), { recursive: true });
    writeFileSync(at("short.txt"), "a\nb\n");
    const ran = await refused("colour", ...words);
    expect(ran.err).toContain(message);
    expect(ran.code).toBe(2);
    expect(existsSync(at("g"))).toBe(false);
  });
});

describe("bcosc explain of neurons", () => {
  const photo = "meine Bilder/Größe 02.png";

  it.each([
    ["conv2", ["--unit", "5", "--pixel", "2,4"], "conv2 unit 5 at 2,4", { layer: "conv2", unit: 5, place: [2, 4] }],
    ["cells", ["--unit", "5", "--pixel", "14"], "cells unit 5 at 14", { layer: "cells", unit: 5, place: [14] }],
    ["logits", ["--unit", "2"], "logits unit 2", { layer: "logits", unit: 2, place: [] }],
  ])("explains one of `%s`", async (layer, words, subject, neuron) => {
    const { code, out } = await run("colour", photo, "--at", layer, ...words, "--out", `n/${layer}`);
    expect(code).toBe(0);
    expect(out).toContain(`  ${subject}  `);
    const file = explained(`n/${layer}`);
    checkSums(file);
    const [e] = file.images[0]!.explanations;
    expect(e).toMatchObject({ subject, neuron, target: null, versus: null });
    expect(e!.files.pictures["contributions"]).toContain(`-${subject.replace(/[ ,]/g, "-")}-contributions.png`);
    // The same cell of the map, and the logit without its constant.
    const [image] = file.images;
    const conv2 = explained("n/conv2").images[0]!.explanations[0]!;
    if (layer === "cells") expect(e!.explained).toBeCloseTo(conv2.explained, 5);
    if (layer === "logits") expect(e!.explained - Math.log(3)).toBeCloseTo(image!.logits[2]!, 5);
  });

  it("takes the strongest where nothing else is said", async () => {
    await run("colour", photo, "猫 one.jpg", "--at", "conv2", "--out", "o");
    const strongest = explained("o").images.map(({ explanations }) => explanations[0]!);
    expect(strongest).toHaveLength(2);
    const other = explained("n/conv2").images[0]!.explanations[0]!;
    expect(strongest[0]!.explained).toBeGreaterThanOrEqual(other.explained);
  });

  it.each([
    [["--at", "conv2", "--unit", "8"], "`--unit` takes a channel of `conv2`, 0 to 7, not `8`"],
    [["--at", "conv2", "--pixel", "6,0"], "`--pixel` takes a place of `conv2`, 0 to 5, 0 to 4, not `6, 0`"],
    [["--at", "conv2", "--pixel", "3"], "`--pixel` takes a place of `conv2`"],
    [["--at", "conv2", "--pixel", "a,b"], "`--pixel` takes y,x in the layer's map, or a token's number"],
    [["--at", "cells", "--pixel", "30"], "`--pixel` takes a place of `cells`, 0 to 29, not `30`"],
    [["--at", "logits", "--pixel", "0,0"], "`--pixel` takes nothing: `logits` is a vector"],
    [["--at", "conv2", "--class", "1"], "`--at` can not be used together with `--class`"],
    [["--unit", "1"], "`--unit` is of no use without `--at`"],
    [["--pixel", "1,1"], "`--pixel` is of no use without `--at`"],
  ])("refuses %j", async (words, message) => {
    const { code, err } = await refused("colour", photo, ...words);
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(existsSync(at("g"))).toBe(false);
  });
});

describe("the table of explanations", () => {
  const logit = { index: 1, name: "crane", logit: 0, probability: 0.5 };
  const explanation: ExplanationRecord = {
    subject: "crane",
    target: logit,
    versus: null,
    neuron: null,
    explained: -0.00001234,
    contributions: 2.5,
    constant: 0,
    constants: {},
    residual: 1e-7,
    relativeResidual: 2e-7,
    scales: { contributions: { percentile: 99.5, full: 1 }, colour: null },
    files: { pictures: {}, arrays: {} },
  };
  const image: ImageRecord = {
    image: "a\u001b[2J\n.png",
    source: null,
    label: null,
    predicted: logit,
    top: [logit],
    logits: [0],
    files: { pictures: {}, arrays: {} },
    explanations: [explanation],
  };

  it("has no empty columns, shows small amounts, and keeps names from writing over the terminal", () => {
    expect(recordsTable([image])).toEqual([
      "image       predicted  explained  probability    amount  Σ contributions  constant  residual  relative",
      "a?[2J?.png  crane      crane           50.0 %  -1.23e-5           2.5000    0.0000    1.0e-7    2.0e-7",
    ]);
  });

  it("gives a probability to logits alone", () => {
    const difference = { ...explanation, subject: "crane - 2", versus: { ...logit, index: 2, name: null } };
    const neuron = { ...explanation, subject: "fc unit 1", target: null, neuron: { layer: "fc", unit: 1, place: [] } };
    const labelled = { ...image, label: { index: 3, name: null }, explanations: [difference, neuron] };
    const [head, first, second] = recordsTable([labelled]);
    expect(head).toMatch(/^image +label +predicted +explained +amount /);
    expect(first).toMatch(/^\S+ +3 +crane +crane - 2 +-1\.23e-5 /);
    expect(second).toMatch(/^\S+ +3 +crane +fc unit 1 +-1\.23e-5 /);
  });
});

function npy(path: string): { readonly shape: readonly number[]; readonly values: Float32Array } {
  const file = bytes(path);
  const start = 10 + new DataView(file.buffer, file.byteOffset).getUint16(8, true);
  const shape = /'shape': \(([^)]*)\)/.exec(new TextDecoder().decode(file.subarray(10, start)))![1]!;
  const axes = shape.split(",").flatMap((part) => (part.trim() === "" ? [] : [Number(part)]));
  const values = new Float32Array(file.slice(start).buffer);
  expect(values).toHaveLength(sizeOf(axes));
  return { shape: axes, values };
}
