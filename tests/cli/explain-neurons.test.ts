/** `bcosc explain --at LAYER`: neurons. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { at, checkSums, explained, fillFolder, refused, run } from "./explaining.ts";

beforeAll(fillFolder);

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
