/** `bcosc explain` on a data set and on image files, with models that were not trained. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import {
  at,
  bytes,
  checkSums,
  explained,
  fillFolder,
  folder,
  names,
  npy,
  refused,
  run,
  savePhoto,
} from "./explaining.ts";
import { bcosc, bcoscHere } from "./run.ts";

beforeAll(fillFolder);

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
