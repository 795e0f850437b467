import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { storeFloat32, writeSafetensors } from "../../src/runtime/weights/safetensors.ts";
import { createRandom } from "../../src/runtime/random.ts";
import { sizeOf } from "../../src/shape.ts";
import { textState } from "../weights/networks.ts";
import { lookFrom } from "./look-from.ts";
import { bcosc, bcoscHere, temporaryFolder } from "./run.ts";
import { tinyModel } from "./tiny.ts";

function weightsOf(form: "bcos" | "standard", seed: number): Uint8Array {
  const random = createRandom(seed, "weights");
  return writeSafetensors(
    [...wantedShapes(textState(tinyModel, form))].map(([path, shape]) => {
      const draw = /running_var$/.test(path) ? () => 0.5 + random.uniform() : () => random.uniform() - 0.5;
      return [path, storeFloat32(shape, Float32Array.from({ length: sizeOf(shape) }, draw))] as const;
    }),
  );
}

const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  "net.safetensors": weightsOf("bcos", 1),
  "other.safetensors": weightsOf("bcos", 2),
  "plain.safetensors": weightsOf("standard", 1),
  "names.txt": "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n",
  "few.txt": "zero\none\n",
});
const at = (name: string): string => join(folder, name);

/** The words of a call, with the folder in front of files. */
function words(weights: string, out: string, ...more: readonly string[]): string[] {
  return ["export", "--weights", at(weights), "--model", at("tiny.bcos"), "--to", "tfjs", "-o", at(out), ...more];
}

interface Model {
  readonly format: string;
  readonly generatedBy: string;
  readonly userDefinedMetadata: Readonly<Record<string, unknown>>;
  readonly weightsManifest: readonly { readonly paths: readonly string[] }[];
}

const readModel = (out: string): Model => JSON.parse(readFileSync(join(at(out), "model.json"), "utf8")) as Model;

describe("bcosc export --to tfjs", () => {
  it("writes a graph model with explanations that it has compared", async () => {
    const run = await bcosc(words("net.safetensors", "made/tiny", "--explain", "--classes", at("names.txt")));
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain(
      "Tiny (bcos) as a graph model of TensorFlow.js\n  takes  image          [any, 8, 8, 1]\n",
    );
    expect(run.out).toMatch(/loaded on `wasm` and compared with the device `wasm`: 3 of 3 images with the same class/);
    expect(run.out).toMatch(/contributions {2}differ by at most .*\n.*\n.*\n {2}largest relative residual \d\.\de-\d/);
    const model = readModel("made/tiny");
    expect(model).toMatchObject({
      format: "graph-model",
      generatedBy: expect.stringMatching(/^bcosc \d/) as string,
      userDefinedMetadata: {
        structuredOutputKeys: ["logits", "contributions", "weights", "constant", "target"],
        bcosc: {
          model: "Tiny",
          form: "bcos",
          input: { name: "image", shape: [8, 8, 1], from: 0, to: 1 },
          target: "target",
        },
      },
    });
    expect((model.userDefinedMetadata["bcosc"] as { classes: unknown }).classes).toHaveLength(10);
    expect(readdirSync(at("made/tiny")).sort()).toEqual(["model.json", ...model.weightsManifest[0]!.paths].sort());
  });

  it("reports as JSON, also of the conventional form, of a fixed batch and of what was not compared", async () => {
    const run = await bcoscHere(...words("plain.safetensors", "plain", "--as", "standard", "--batch", "2", "--json"));
    expect(run).toMatchObject({ code: 0, err: "" });
    const report = JSON.parse(run.out) as { comparison: { differences: Record<string, { relative: number }> } };
    expect(report).toMatchObject({
      model: "Tiny",
      form: "standard",
      target: "tfjs",
      replaced: false,
      batch: 2,
      inputs: { image: [2, 8, 8, 1] },
      outputs: { logits: [2, 10] },
      targetNode: null,
      comparison: { images: 2, samePredictions: 2 },
    });
    expect(report.comparison.differences["logits"]!.relative).toBeLessThan(1e-5);
    const unchecked = await bcoscHere(...words("net.safetensors", "unchecked", "--unchecked"));
    expect(unchecked).toMatchObject({ code: 0, err: "" });
    expect(unchecked.out).toContain("  not compared\nwrote ");
  });

  it("keeps tables of weights as halves, and explains as exactly", async () => {
    const sizes: number[] = [];
    for (const more of [[], ["--quantize", "float16"]]) {
      const run = await bcoscHere(...words("net.safetensors", `halves${more.length}`, "--explain", "--json", ...more));
      expect(run).toMatchObject({ code: 0, err: "" });
      const { files, comparison } = JSON.parse(run.out) as {
        files: Record<string, number>;
        comparison: { differences: Record<string, { relative: number }>; relativeResidual: number };
      };
      expect(comparison.relativeResidual).toBeLessThan(1e-5);
      const { relative } = comparison.differences["contributions"]!;
      expect([relative > 1e-5, relative < 1e-2]).toEqual([more.length > 0, true]);
      sizes.push(Object.entries(files).find(([name]) => name.endsWith(".bin"))![1]);
    }
    expect(sizes[1]! / sizes[0]!).toBeLessThan(0.7);
  });

  it("replaces a model of its own, with its shards, and leaves everything else alone", async () => {
    await bcoscHere(...words("net.safetensors", "again", "--unchecked"));
    const [shard] = readModel("again").weightsManifest[0]!.paths;
    writeFileSync(join(at("again"), "mine.txt"), "mine");
    const run = await bcoscHere(...words("other.safetensors", "again", "--unchecked"));
    expect(run.out).toMatch(/\nreplaced .*again\n$/);
    expect(existsSync(join(at("again"), shard!))).toBe(false);
    expect(readdirSync(at("again"))).toHaveLength(3);
    expect(readFileSync(join(at("again"), "mine.txt"), "utf8")).toBe("mine");
  });

  it.each([
    ["anything else", { "notes.txt": "mine" }],
    ["a model of another program", { "model.json": '{"format":"graph-model","generatedBy":"2.17.0"}' }],
    ["a model that is no model", { "model.json": "[1" }],
  ])("refuses a folder with %s", async (what, files) => {
    const out = what.replaceAll(" ", "-");
    mkdirSync(at(out));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(at(out), name), content);
    const run = await bcoscHere(...words("net.safetensors", out));
    expect(run.code).toBe(2);
    expect(run.err).toContain("error[usage/folder-not-empty]");
    expect(readdirSync(at(out))).toEqual(Object.keys(files));
  });

  it.each<[string, readonly string[], string]>([
    ["explanations of the conventional form", ["--as", "standard", "--explain"], "error[usage/conflict]"],
    ["a prefix of names", ["--prefix", "module."], "error[usage/conflict]"],
    ["weights of four bits", ["--quantize", "int4"], "error[usage/value]"],
    ["a batch of nothing", ["--batch", "0"], "error[usage/value]"],
    ["names of other classes", ["--classes", at("few.txt")], "error[data/class-names]"],
    ["weights of another form", ["--as", "standard"], "error[weights/"],
  ])("refuses %s", async (_, more, message) => {
    const run = await bcoscHere(...words("net.safetensors", "refused", ...more));
    expect(run.code).toBe(2);
    expect(run.err).toContain(message);
    expect(existsSync(at("refused"))).toBe(false);
  });

  it("refuses its options for other targets", async () => {
    const given = ["--weights", at("net.safetensors"), "--model", at("tiny.bcos"), "-o", at("x.safetensors")];
    const run = await bcoscHere("export", ...given, "--explain");
    expect(run.code).toBe(2);
    expect(run.err).toContain("`--explain` is of no use without `--to tfjs`");
  });

  it.each([
    ["of none", /^@tensorflow\//, "the package `@tensorflow/tfjs-core`"],
    ["of the reader of models", /^@tensorflow\/tfjs-converter$/, "@tensorflow/tfjs-converter"],
  ])("says what to install where there are packages of TensorFlow.js, but %s", async (_, names, missing) => {
    const run = await bcosc(words("net.safetensors", "missing"), { node: lookFrom(folder, names) });
    expect(run).toMatchObject({ code: 1, out: "" });
    expect(run.err).toMatch(/^error\[run\/no-converter\]: the exported model can not be loaded back, to be compared: /);
    expect(run.err).toContain(missing);
    expect(run.err).toContain("`npm install @tensorflow/tfjs-core@");
    expect(run.err).not.toMatch(/^ +at /m);
    expect(existsSync(at("missing"))).toBe(false);
  });

  it("needs no package of TensorFlow.js where nothing is compared", async () => {
    const run = await bcosc(words("net.safetensors", "without", "--unchecked"), {
      node: lookFrom(folder, /tensorflow/),
    });
    expect(run).toMatchObject({ code: 0, err: "" });
  });

  it("can not write where a file is", async () => {
    const run = await bcoscHere(...words("net.safetensors", "names.txt"));
    expect(run.code).toBe(2);
    expect(run.err).toContain("error[data/unwritable]");
  });
});
