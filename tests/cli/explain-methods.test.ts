/** `bcosc explain --method NAME`: what other methods attribute to pixels, of conventional networks too. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { methodNames } from "../../src/runtime/posthoc/attribute.ts";
import { at, bytes, checkSums, explained, fillFolder, npy, refused, run } from "./explaining.ts";

beforeAll(fillFolder);

const photo = "meine Bilder/Größe 02.png";
const others = methodNames.filter((name) => name !== "bcos");

describe("bcosc explain with another method", () => {
  it.each([
    ["gradient", []],
    ["intgrad", ["--steps", "3", "--baseline", "black"]],
    ["gradcam", ["--at", "conv1"]],
    ["occlusion", ["--kernel", "3", "--stride", "2"]],
    ["rise", ["--masks", "7", "--seed", "3"]],
  ])("draws what `%s` attributes", async (method, words) => {
    const out = `p/${method}`;
    const ran = await run("colour", photo, "猫 one.jpg", "--method", method, ...words, "--npy", "--out", out);
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: "" });
    expect(ran.out).toMatch(/^image +predicted +explained +probability +amount +Σ attributions\n/);
    expect(ran.out).not.toContain("residual");
    const file = explained(out);
    expect(file.method).toBe(method);
    expect(file.images).toHaveLength(2);
    for (const { explanations, attributions, logits, predicted, files } of file.images) {
      expect(explanations).toEqual([]);
      const [a, ...more] = attributions!;
      expect(more).toEqual([]);
      expect(a!.target).toEqual(predicted);
      expect(a!.explained).toBeCloseTo(Math.max(...logits), 5);
      const { shape, values } = npy(`${out}/${a!.files.arrays["attributions"]!}`);
      expect(shape).toEqual([12, 10]);
      expect(values.reduce((x, y) => x + y, 0)).toBeCloseTo(a!.attributions, 4);
      expect(a!.scales.attributions.full).toBeGreaterThan(0);
      for (const name of [files.pictures["input"]!, a!.files.pictures["attributions"]!]) {
        expect(bytes(`${out}/${name}`).subarray(1, 4)).toEqual(Uint8Array.of(0x50, 0x4e, 0x47));
      }
    }
  });

  it("explains as ever where the network's own is asked for by name", async () => {
    await run("colour", photo, "--method", "bcos", "--out", "q");
    await run("colour", photo, "--out", "r");
    checkSums(explained("q"));
    expect(explained("q")).toEqual(explained("r"));
    expect(explained("q").method).toBe("bcos");
  });

  it("asks about the classes that it is told", async () => {
    await run("colour", photo, "--method", "ixg", "--top", "2", "--versus", "3", "--out", "s");
    const [image] = explained("s").images;
    expect(image!.attributions!.map(({ target }) => target)).toEqual(image!.top.slice(0, 2));
    for (const { target, versus, explained: amount } of image!.attributions!) {
      expect(versus!.index).toBe(3);
      expect(amount).toBeCloseTo(target!.logit - image!.logits[3]!, 5);
    }
  });

  it("explains conventional networks", async () => {
    const { code, out } = await run("conventional", photo, "--as", "standard", "--method", "gradcam", "--out", "t");
    expect(code).toBe(0);
    expect(out).toMatch(/probability/);
    const [image] = explained("t").images;
    // Of classes that exclude each other.
    const powers = image!.logits.map(Math.exp);
    const sum = powers.reduce((x, y) => x + y, 0);
    expect(image!.predicted.probability).toBeCloseTo(Math.max(...powers) / sum, 10);
  });

  it.each([
    [["--method", "magic"], "`--method` takes one of `bcos`, `gradient`, "],
    [["--steps", "3"], "`--steps` is of no use without `--method intgrad`"],
    [["--method", "rise", "--kernel", "3"], "`--kernel` is of no use without `--method occlusion`"],
    [["--method", "gradient", "--baseline", "black"], "`--baseline` is of no use without `--method ixg|"],
    [["--method", "occlusion", "--kernel", "1"], "`--kernel` takes a whole number from 2, not `1`"],
    [["--method", "ixg", "--baseline", "grey"], "`--baseline` takes one of `zero`, `black`, not `grey`"],
    [["--method", "gradient", "--at", "conv1"], "`--at` can not be used together with `--method gradient`"],
    [["--method", "gradcam", "--unit", "1"], "`--unit` can not be used together with `--method gradcam`"],
  ])("refuses %j, and writes nothing", async (words, message) => {
    const { code, err } = await refused("colour", photo, ...words);
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(existsSync(at("g"))).toBe(false);
  });

  it("refuses what a method can not look at", async () => {
    const cam = await refused("colour", photo, "--method", "gradcam", "--at", "cells");
    expect([cam.code, cam.err]).toEqual([1, expect.stringContaining("error[run/input]: ")]);
    const none = await refused("colour", photo, "--method", "gradcam", "--at", "conv7");
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("error[run/no-layer]: ")]);
    const large = await refused("colour", photo, "--method", "occlusion", "--kernel", "11");
    expect(large.err).toContain("`kernel` takes a whole number from 2 to 10, not 11");
    for (const method of ["deeplift", "guided"]) {
      const ran = await refused("conventional", photo, "--as", "standard", "--method", method);
      expect(ran.err).toContain(`\`${method}\` takes a network without \`relu\`, for which it has a rule of its own`);
    }
    expect(others).toContain("deeplift");
  });
});
