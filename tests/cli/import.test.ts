import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadSafetensors } from "../../src/runtime/weights/files.node.ts";
import { externalData, onnxFile, onnxTensor } from "../../scripts/fuzz/onnx-file.ts";
import { tfjsData, tfjsModel, type TfjsWeight } from "../../scripts/fuzz/tfjs-file.ts";
import { archive, floats, op, pickle, tensor, type Bytes } from "../../scripts/fuzz/torch-file.ts";
import { bcosc, bcoscHere, temporaryFolder } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const shapes: Readonly<Record<string, readonly number[]>> = {
  "conv1.linear.weight": [8, 2, 3, 3],
  "bn1.weight": [8],
  "bn1.running_mean": [8],
  "bn1.running_var": [8],
  "fc.linear.weight": [10, 8, 1, 1],
};

/** A state dict of the tiny model as the published networks have it. */
function stateDict(without: readonly string[] = []): Uint8Array {
  const names = Object.keys(shapes).filter((name) => !without.includes(name));
  const storages: Record<string, Bytes> = {};
  const pairs = names.map((name, key) => {
    const shape = shapes[name]!;
    const length = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length }, (_, i) => (name.endsWith("mean") ? 0 : 1.5 + Math.sin(i + key)));
    storages[key] = floats(...values);
    return [op.text(name), tensor({ key: String(key), length, shape })] as const;
  });
  return archive(pickle(op.dict(...pairs)), storages);
}

/** The weights of the tiny model as a program of Keras has them. */
const kerasWeights: readonly TfjsWeight[] = [
  { name: "c/kernel", shape: [3, 3, 2, 8], bytes: floats(...Array(144).keys()) },
  { name: "b/gamma", shape: [8], bytes: floats(...Array(8).fill(1)) },
  { name: "d/kernel", shape: [8, 10], bytes: floats(...Array(80).keys()) },
  { name: "b/moving_variance", shape: [8], bytes: floats(...Array(8).fill(2)) },
];

const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  "two.bcos": `${tinyModel}${tinyModel.replace("Tiny", "Other")}`,
  "net.pth": stateDict(),
  "part.pth": stateDict(["fc.linear.weight"]),
  "bad.pth": archive(pickle(op.global("posix", "system"))),
  "net.onnx": onnxFile(
    Object.entries(shapes).map(([name, shape]) =>
      onnxTensor({ name, shape, data: externalData({ location: "data" }) }),
    ),
  ),
  "keras/model.json": tfjsModel(kerasWeights),
  "keras/group1-shard1of1.bin": tfjsData(kerasWeights),
  "elsewhere/model.json": tfjsModel(kerasWeights, { paths: ["../keras/group1-shard1of1.bin"] }),
  "alone/model.json": tfjsModel(kerasWeights),
  "page.pth": new TextEncoder().encode("<html>not found</html>"),
  ...tinyData(),
});
const at = (name: string): string => join(folder, name);

describe("bcosc import", () => {
  it("makes weights that the other commands take", async () => {
    const out = at("made/net.safetensors");
    const run = await bcosc(["import", at("net.pth"), "--model", at("tiny.bcos"), "-o", out]);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("4 tensors mapped: 2 renamed, 0 of another shape\n  1 tensor left out");
    const { tensors, metadata } = await loadSafetensors(out);
    expect([...tensors.keys()].sort()).toEqual(["bn1.running_var", "bn1.weight", "conv1.weight", "fc.weight"]);
    expect(Object.fromEntries(metadata)).toEqual({
      model: "Tiny",
      form: "bcos",
      source: "bcos-v2",
      architecture: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const data = at("data");
    const used = await bcosc(["evaluate", at("tiny.bcos"), "--weights", out, "--data", data, "--device", "reference"]);
    expect(used).toMatchObject({ code: 0, err: "" });
  });

  it("reads layers models of TensorFlow.js, by name or in order", async () => {
    const words = ["import", at("keras/model.json"), "--model", at("tiny.bcos"), "-o", at("made/keras.safetensors")];
    const named = await bcoscHere(...words, "--rename", "c.*=conv1.*", "--rename", "b.*=bn1.*", "--rename", "d.*=fc.*");
    expect(named).toMatchObject({ code: 0, err: "" });
    const byName = await loadSafetensors(at("made/keras.safetensors"));
    const unknown = await bcoscHere(...words);
    expect(unknown.err).toContain("error[weights/missing]");
    const ordered = await bcoscHere(...words, "--by-order", "--verbose");
    expect(ordered).toMatchObject({ code: 0, err: "" });
    expect(ordered.out).toContain("(tfjs)");
    expect(ordered.out).toMatch(/b\.running_var +→ bn1\.running_var/);
    expect((await loadSafetensors(at("made/keras.safetensors"))).tensors).toEqual(byName.tensors);
  });

  it("writes beside the file where nothing else is said", async () => {
    const run = await bcoscHere("import", at("net.pth"), "--model", `${at("two.bcos")}#Other`);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain(`weights of Other (bcos) with the names of bcos-v2`);
    expect(run.out).toContain(`wrote ${at("net.safetensors")}`);
    const again = await bcoscHere("import", at("net.safetensors"), "--model", at("tiny.bcos"));
    expect(again.err).toContain("the argument `--out` is missing");
  });

  it("reports without writing", async () => {
    const words = ["import", at("part.pth"), "--model", at("tiny.bcos"), "--dry-run"];
    const strict = await bcoscHere(...words);
    expect(strict.code).toBe(2);
    expect(strict.err).toContain("error[weights/missing]: the weights have no tensor `fc.weight`");
    const partial = await bcoscHere(...words, "--partial", "--verbose");
    expect(partial).toMatchObject({ code: 0, err: "" });
    expect(partial.out).toContain("1 tensor of the model missing");
    expect(partial.out).toMatch(/conv1\.linear\.weight +→ conv1\.weight +F32 +\[8, 2, 3, 3\]/);
    expect(partial.out).toMatch(/missing: fc\.weight +\[10, 8, 1, 1\]/);
    const json = await bcoscHere(...words, "--json");
    expect(json.code).toBe(2);
    expect(JSON.parse(json.out)).toMatchObject({
      format: "pytorch",
      source: "bcos-v2",
      renamed: 1,
      converted: 0,
      missing: [{ path: "fc.weight", shape: [10, 8, 1, 1] }],
      dropped: [{ name: "bn1.running_mean" }],
      out: null,
      diagnostics: [{ code: "weights/missing" }],
    });
    expect(existsSync(at("part.safetensors"))).toBe(false);
  });

  it.each<[string, readonly string[], string]>([
    ["a pickle that calls something", ["bad.pth", "--model", "tiny.bcos"], "error[weights/pickle]"],
    ["a file of no known format", ["page.pth", "--model", "tiny.bcos"], 'it starts with "<html>not fo"'],
    ["no file", ["none.pth", "--model", "tiny.bcos"], "error[data/unreadable]"],
    ["an initialiser whose file is missing", ["net.onnx", "--model", "tiny.bcos"], "error[data/unreadable]"],
    ["a shard in another folder", ["elsewhere/model.json", "--model", "tiny.bcos"], "error[weights/tfjs]"],
    ["a shard that is missing", ["alone/model.json", "--model", "tiny.bcos"], "error[data/unreadable]"],
    [
      "an order that is another",
      ["keras/model.json", "--model", "tiny.bcos", "--as", "standard", "--by-order"],
      "error[weights/order]",
    ],
    [
      "an order and rules",
      ["keras/model.json", "--model", "tiny.bcos", "--by-order", "--rename", "c.*=conv1.*"],
      "error[usage/conflict]",
    ],
    ["no model", ["net.pth"], "the argument `--model` is missing"],
    ["one of two models", ["net.pth", "--model", "two.bcos"], "error[usage/which-model]"],
    ["an unknown source", ["net.pth", "--model", "tiny.bcos", "--from", "tf"], "error[usage/value]"],
    ["a rule that is none", ["net.pth", "--model", "tiny.bcos", "--rename", "a"], "error[usage/value]"],
    ["a rule of other wildcards", ["net.pth", "--model", "tiny.bcos", "--rename", "a.*=b.#"], "error[usage/value]"],
    ["a dry run that writes", ["net.pth", "--model", "tiny.bcos", "--dry-run", "-o", "x"], "error[usage/conflict]"],
    ["the conventional form", ["net.pth", "--model", "tiny.bcos", "--as", "standard"], "error[weights/"],
  ])("refuses %s", async (_name, [file, ...words], message) => {
    const placed = words.map((word) => (word.endsWith(".bcos") ? at(word) : word));
    const before = readFileSync(at("net.pth"));
    const run = await bcoscHere("import", at(file!), ...placed);
    expect(run.code).toBe(2);
    expect(run.err).toContain(message);
    expect(readFileSync(at("net.pth"))).toEqual(before);
  });
});
