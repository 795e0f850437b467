import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { encodePng } from "../../src/runtime/pictures/png.node.ts";
import { openSession } from "../../src/runtime/session.ts";
import { loadSafetensors } from "../../src/runtime/weights/files.node.ts";
import { weightsToSafetensors } from "../../src/runtime/weights/weights.ts";
import { writeSafetensors } from "../../src/runtime/weights/safetensors.ts";
import { networkOf } from "../check/helper.ts";
import { bcosc, bcoscHere, temporaryFolder } from "./run.ts";
import { tinyData } from "./tiny.ts";

const grey = `bcos { encode: add_inverse_normalized([0.3], [0.4]) }
model Grey {
  input  image: [8, 8, 1]
  output logits: [10]
  logits = image -> conv1: conv(6, kernel: 3) -> bn1: norm -> relu -> max_pool(2) -> global_avg_pool -> fc: linear(10)
}
`;
const colour = `model Colour {
  input  image: [8, 8, 3]
  output logits: [4]
  logits = image -> conv1: conv(6, kernel: 3, bias: true) -> relu -> conv2: conv(4, kernel: 1) -> global_avg_pool
}
`;
const depthwise = colour.replace("conv1: conv(6, kernel: 3, bias: true)", "first: depthwise_conv(3)");

/** Random weights of the conventional form, as a file. */
async function weightsOf(text: string): Promise<Uint8Array> {
  const { program } = buildProgram(networkOf(text), { form: "standard", batch: 1, graphs: [] });
  const session = await openSession(program, { device: "reference", seed: 3 });
  const weights = await session.exportWeights();
  await session.dispose();
  return writeSafetensors(weightsToSafetensors(weights), []);
}

function picture(shade: number): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: 8 * 8 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * shade) % 256));
  return encodePng({ width: 8, height: 8, data });
}

const folder = temporaryFolder({
  "grey.bcos": grey,
  "colour.bcos": colour,
  "both.bcos": `${colour}${colour.replace("Colour", "Other")}`,
  "depthwise.bcos": depthwise,
  "grey.safetensors": await weightsOf(grey),
  "colour.safetensors": await weightsOf(colour),
  "depthwise.safetensors": await weightsOf(depthwise),
  "a.png": await picture(7),
  "b.png": await picture(11),
  ...tinyData(20, 12),
});
const at = (name: string): string => join(folder, name);
const onReference = ["--device", "reference"];

const cosify = (name: string, ...words: readonly string[]): ReturnType<typeof bcoscHere> =>
  bcoscHere("cosify", "--model", at(`${name}.bcos`), "--weights", at(`${name}.safetensors`), ...onReference, ...words);

describe("bcosc cosify", () => {
  it("makes weights that the other commands take, and says what each step changes", async () => {
    const out = at("made/grey.safetensors");
    const words = ["--model", at("grey.bcos"), "--weights", at("grey.safetensors"), ...onReference, "-o", out];
    const run = await bcosc(["cosify", ...words, "--data", at("data"), "--count", "12"]);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("on 12 images; the largest |logit|");
    const rows = run.out.split("\n").filter((line) => line.startsWith("  "));
    const effects = rows.map((row) => /^ +(\w+) .*?(preserved|shifted alike|changed) /.exec(row)?.slice(1).join(" "));
    expect(effects.slice(1)).toEqual([
      ...["encode preserved", "head preserved", "norm preserved", "max_pool changed", "b changed", "bias changed"],
      "logit_layer shifted alike",
    ]);
    expect(run.out).toContain(`wrote ${out}; the commands take it with \`--preset cosified\``);
    const { tensors, metadata } = await loadSafetensors(out);
    expect([...tensors.keys()].toSorted()).toEqual(["bn1.running_var", "bn1.weight", "conv1.weight", "fc.weight"]);
    expect(tensors.get("conv1.weight")!.shape).toEqual([6, 2, 3, 3]);
    expect(Object.fromEntries(metadata)).toEqual({
      ...{ model: "Grey", form: "bcos", preset: "cosified" },
      source: "cosified from grey.safetensors",
      architecture: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const taken = ["--weights", out, "--data", at("data"), "--preset", "cosified", ...onReference];
    expect(await bcosc(["evaluate", at("grey.bcos"), ...taken])).toMatchObject({ code: 0, err: "" });
    const trained = [
      "--init",
      out,
      "--data",
      at("data"),
      "--preset",
      "cosified",
      "--epochs",
      "1",
      "--batch",
      "10",
      ...onReference,
    ];
    const training = await bcosc(["train", at("grey.bcos"), ...trained, "--out", at("run")]);
    expect(training).toMatchObject({ code: 0, err: "" });
  });

  it("takes image files, and reports without writing", async () => {
    const run = await cosify("colour", "--image", at("a.png"), "--image", at("b.png"), "--dry-run", "--json");
    expect(run).toMatchObject({ code: 0, err: "" });
    const report = JSON.parse(run.out) as { steps: readonly { name: string; change: number }[] };
    expect(report).toMatchObject({ model: "Colour", preset: "cosified", images: 2, synthetic: false, out: null });
    expect(report.steps.map(({ name }) => name)).toEqual(["encode", "b", "bias", "logit_layer"]);
    expect(report.steps[0]).toMatchObject({ effect: "preserves", sameClass: 2 });
    expect(report.steps[3]!.change).toBeCloseTo(Math.log(3), 4);
  });

  it("makes up images where none are named, and says so", async () => {
    const run = await cosify("colour", "-o", at("colour-cosified.safetensors"));
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("on 8 images made of waves");
    const json = await cosify("colour", "--dry-run", "--json");
    expect(JSON.parse(json.out)).toMatchObject({ images: 8, synthetic: true });
  });

  it("takes settings over those of the file, and says that they belong to the weights", async () => {
    const settings = "encode: add_inverse_normalized([0, 0, 0], [1, 1, 1])";
    const run = await cosify("colour", "--settings", settings, "-o", at("plain.safetensors"));
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain(`with \`--preset cosified --settings "${settings}"\``);
    const wrong = await cosify("colour", "--settings", "c: 1", "-o", at("none.safetensors"));
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain("error[name/unknown]: there is no B-cos setting named `c`");
    const json = await cosify("colour", "--settings", settings, "--dry-run", "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      preset: "cosified",
      settings,
      steps: [{ effect: "preserves" }, {}, {}, {}],
    });
  });

  it.each<[string, string, readonly string[], string]>([
    ["a first layer with groups", "depthwise", ["--dry-run"], "error[weights/cosify]"],
    ["a preset without means", "colour", ["--preset", "v2", "--dry-run"], "error[weights/cosify]"],
    ["no place to write to", "colour", [], "the argument `--out` is missing"],
    ["a dry run that writes", "colour", ["--dry-run", "-o", "x"], "error[usage/conflict]"],
    ["images of two kinds", "colour", ["--image", "a.png", "--data", "d", "--dry-run"], "error[usage/conflict]"],
    ["an index without data", "colour", ["--index", "1", "--dry-run"], "error[usage/needs-option]"],
    ["an image that is none", "colour", ["--image", at("grey.bcos"), "--dry-run"], "error[data/"],
    ["the conventional form", "colour", ["--as", "standard", "--dry-run"], "error[usage/unknown-option]"],
  ])("refuses %s", async (_name, model, words, message) => {
    const run = await cosify(model, ...words);
    expect(run).toMatchObject({ code: 2, out: "" });
    expect(run.err).toContain(message);
  });

  it("refuses weights of another model, and a model that is not named", async () => {
    const other = ["--weights", at("grey.safetensors"), "-o", at("none.safetensors"), ...onReference];
    const run = await bcoscHere("cosify", "--model", at("colour.bcos"), ...other);
    expect(run.code).toBe(2);
    expect(run.err).toContain("error[weights/shape]: the tensor `conv1.weight` has the shape [6, 1, 3, 3]");
    expect(existsSync(at("none.safetensors"))).toBe(false);
    const two = await bcoscHere("cosify", "--model", at("both.bcos"), ...other);
    expect(two.err).toContain("error[usage/which-model]");
    expect((await bcoscHere("cosify", ...other)).err).toContain("the argument `--model` is missing");
    const without = await bcoscHere("cosify", "--model", at("colour.bcos"), "--dry-run");
    expect(without.err).toContain("the argument `--weights` is missing");
  });
});
