import { describe, expect, it } from "vitest";
import { jsonFile, tfjsData, tfjsModel, type TfjsWeight } from "../../scripts/fuzz/tfjs-file.ts";
import { floats } from "../../scripts/fuzz/torch-file.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { importFindings } from "../../src/runtime/weights/exchange/findings.ts";
import { importTensors } from "../../src/runtime/weights/exchange/import-tensors.ts";
import { filesBeside, readTensorFile } from "../../src/runtime/weights/read-tensors.ts";
import { toFloat32, type StoredTensor } from "../../src/runtime/weights/safetensors.ts";
import { textState } from "./networks.ts";

const shard = "group1-shard1of1.bin";

function read(file: Uint8Array, data: Uint8Array): ReadonlyMap<string, StoredTensor> {
  return readTensorFile(file, "model.json", new Map([[shard, data]])).tensors;
}

function problem(file: Uint8Array, data = new Uint8Array(0)): string {
  try {
    filesBeside(file, "model.json");
    read(file, data);
  } catch (error) {
    if (error instanceof BcosError) return error.message;
    throw error;
  }
  return "accepted";
}

const numbers = ({ dtype, bytes }: StoredTensor): number[] => [...toFloat32(dtype, bytes)];
const counted = (name: string, shape: readonly number[], from = 0): TfjsWeight => {
  const length = shape.reduce((a, b) => a * b, 1);
  return { name, shape, bytes: floats(...Array.from({ length }, (_, i) => from + i)) };
};

/** A network whose layers have names of Keras; the numbers count up. */
const network = [
  counted("conv2d/kernel", [3, 3, 2, 5]),
  counted("batch_normalization/gamma", [5], 1),
  counted("batch_normalization/beta", [5], 2),
  counted("dense/kernel", [5, 4], 3),
  counted("dense/bias", [4], 4),
  // Statistics stand behind all weights.
  counted("batch_normalization/moving_mean", [5], 5),
  counted("batch_normalization/moving_variance", [5], 6),
];

const text = (conv: string, norm: string, dense: string) => `model Net() {
  input  image: [8, 8, 2]
  output logits: [4]
  logits = image -> ${conv}: conv(5, kernel: 3) -> ${norm}: norm -> relu -> global_avg_pool -> ${dense}: linear(4)
}`;

describe("layers models", () => {
  it("get PyTorch's names and layouts", () => {
    const file = tfjsModel(network, { kinds: { conv2d: "Conv2D", dense: "Dense" } });
    expect(filesBeside(file, "f")).toEqual([shard]);
    const tensors = read(file, tfjsData(network));
    expect([...tensors.keys()]).toEqual([
      "conv2d.weight",
      "batch_normalization.weight",
      "batch_normalization.bias",
      "dense.weight",
      "dense.bias",
      "batch_normalization.running_mean",
      "batch_normalization.running_var",
    ]);
    const kernel = tensors.get("conv2d.weight")!;
    expect(kernel.shape).toEqual([5, 2, 3, 3]);
    const values = numbers(kernel);
    for (let o = 0; o < 5; o++)
      for (let i = 0; i < 2; i++)
        for (let y = 0; y < 3; y++)
          for (let x = 0; x < 3; x++) expect(values[((o * 2 + i) * 3 + y) * 3 + x]).toBe(((y * 3 + x) * 2 + i) * 5 + o);
    expect(tensors.get("dense.weight")).toMatchObject({ shape: [4, 5] });
    expect(numbers(tensors.get("dense.weight")!).slice(0, 6)).toEqual([3, 7, 11, 15, 19, 4]);
  });

  it("have a convolution for each channel", () => {
    const weights = [counted("dw/depthwise_kernel", [2, 2, 3, 2])];
    const { shape, ...rest } = read(tfjsModel(weights), tfjsData(weights)).get("dw.weight")!;
    expect(shape).toEqual([6, 1, 2, 2]);
    // Output channel c·M + m is that of input channel c.
    expect(numbers({ shape, ...rest }).slice(4, 8)).toEqual([1, 7, 13, 19]);
  });

  it("may be of several files and groups, and of numbers in fewer bytes", () => {
    const quantised = [
      { name: "a/bias", shape: [3], bytes: [0, 1, 255], quantization: { dtype: "uint8", scale: 0.5, min: -1 } },
      { name: "b/bias", shape: [2], bytes: [0, 1, 255, 255], quantization: { dtype: "uint16", scale: 2, min: 1 } },
      { name: "c/bias", shape: [2], bytes: [0, 0x3c, 0, 0xc0], quantization: { dtype: "float16" } },
      { name: "d/bias", shape: [2], bytes: [3, 0, 0, 0, 255, 255, 255, 255], dtype: "int32" },
    ];
    const data = tfjsData(quantised);
    const file = tfjsModel(quantised, { paths: ["a.bin", "b.bin"] });
    const beside = new Map([
      ["a.bin", data.subarray(0, 5)],
      ["b.bin", data.subarray(5)],
    ]);
    const { tensors } = readTensorFile(file, "f", beside);
    expect([...tensors].map(([name, t]) => [name, t.dtype, numbers(t)])).toEqual([
      ["a.bias", "F32", [-1, -0.5, 126.5]],
      ["b.bias", "F32", [513, 131071]],
      ["c.bias", "F16", [1, -2]],
      ["d.bias", "I32", [3, -1]],
    ]);
  });

  it("are imported by name, or in order where names carry nothing", () => {
    const tensors = read(tfjsModel(network), tfjsData(network));
    const named = textState(text("conv2d", "batch_normalization", "dense"), "standard");
    const byName = importTensors(named, tensors);
    expect(importFindings(byName.report, { partial: false }, "f")).toEqual([]);

    const other = textState(text("c", "n", "d"), "standard");
    expect(importTensors(other, tensors).report.missing).toHaveLength(7);
    const byOrder = importTensors(other, tensors, { order: true });
    expect(importFindings(byOrder.report, { partial: false }, "f")).toEqual([]);
    expect(byOrder.report.mapped.map((m) => `${m.name} ${m.path}`)).toContain(
      "batch_normalization.running_var n.running_var",
    );
    expect([...byOrder.tensors.values()]).toEqual([...byName.tensors.values()]);
  });
});

describe("the order", () => {
  const tensors = read(tfjsModel(network), tfjsData(network));
  const orderProblem = (source: string): string => {
    try {
      importTensors(textState(source, "standard"), tensors, { order: true });
    } catch (error) {
      if (error instanceof BcosError) return error.message;
      throw error;
    }
    return "accepted";
  };
  const plain = text("c", "n", "d");

  it.each<[string, string, string]>([
    ["another width", plain.replace("conv(5", "conv(6"), "[5, 2, 3, 3], the model `c.weight` of [6, 2, 3, 3]"],
    ["one layer more", plain.replace("-> relu", "-> relu -> e: conv(5, kernel: 3)"), "[4, 5], the model `e.weight`"],
    ["one layer less", plain.replace("-> n: norm", ""), "the model `d.weight`"],
    ["a layer more at the end", plain.replace("d: linear(4)", "d: linear(4) -> e: linear(4)"), "the file has no more"],
    ["a bias more", plain.replace("kernel: 3)", "kernel: 3, bias: true)"), "the model `c.bias`"],
  ])("is refused with %s", (_name, source, message) => {
    expect(orderProblem(source)).toMatch(/^weights\/order: /);
    expect(orderProblem(source)).toContain(message);
  });
});

describe("broken models", () => {
  const one = [counted("a/bias", [2])];
  const data = tfjsData(one);
  const manifest = (weight: object, paths: unknown = [shard]): Uint8Array =>
    jsonFile({ weightsManifest: [{ paths, weights: [{ name: "a/bias", shape: [2], dtype: "float32", ...weight }] }] });

  it.each<[string, Uint8Array, string]>([
    ["no JSON", new TextEncoder().encode('{"a":'), "it is not JSON"],
    ["no manifest", jsonFile({ format: "layers-model" }), "no `weightsManifest`"],
    ["a graph model", jsonFile({ format: "graph-model", weightsManifest: [] }), "graph model"],
    ["a group that is none", jsonFile({ weightsManifest: [1] }), "is not an object"],
    ["no list of files", manifest({}, "a.bin"), "no list of files"],
    ["no list of weights", jsonFile({ weightsManifest: [{ paths: [] }] }), "no list of weights"],
    ["a file elsewhere", manifest({}, ["../a.bin"]), '"../a.bin" is not one in its folder'],
    ["a file by its whole path", manifest({}, ["/etc/passwd"]), "is not one in its folder"],
    ["a file in the web", manifest({}, ["https://a.b/c"]), "is not one in its folder"],
    ["a file that is not there", manifest({}, ["b.bin"]), 'the file "b.bin" is not there'],
    ["a file twice", manifest({}, [shard, shard]), "is named twice"],
    [
      "many files",
      manifest(
        {},
        Array.from({ length: 2000 }, (_, i) => `${i}`),
      ),
      "more than the limit of 1000",
    ],
    ["no name", manifest({ name: 1 }), "a weight has no name"],
    ["a long name", manifest({ name: "n".repeat(2000) }), "2000 characters"],
    ["no shape", manifest({ shape: "2" }), "has no shape"],
    ["a negative length", manifest({ shape: [-2] }), "has no shape"],
    ["a fraction", manifest({ shape: [1.5] }), "has no shape"],
    ["a shape bomb", manifest({ shape: [2 ** 50, 2 ** 50] }), "too large"],
    ["a shape of zero and infinity", manifest({ shape: [...Array<number>(31).fill(2 ** 52), 0] }), "too large"],
    ["texts", manifest({ dtype: "string" }), "a type that no weight has"],
    ["a type of the prototype", manifest({ dtype: "constructor" }), "a type that no weight has"],
    ["unknown quantisation", manifest({ quantization: { dtype: "toString", scale: 1, min: 0 } }), "unknown way"],
    ["a scale that is none", manifest({ quantization: { dtype: "uint8", scale: null, min: 0 } }), "unknown way"],
    ["less data", manifest({ shape: [3] }), "reaches behind the end"],
    ["more data", manifest({ shape: [1] }), "4 bytes of its files belong to no weight"],
    ["lists in lists", new TextEncoder().encode(`{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`), "deeper than 64"],
    ["a large text", jsonFile({ a: "x".repeat(2 ** 22), weightsManifest: [] }), "more than the limit"],
  ])("refuse %s", (_name, file, message) => {
    const found = problem(file, data);
    expect(found).toMatch(/^weights\/tfjs: .*\(model\.json\)$/s);
    expect(found).toContain(message);
  });

  it.each<[string, string, readonly number[], string]>([
    ["a transposed convolution", "Conv2DTranspose", [3, 3, 2, 5], "a layer of the kind Conv2DTranspose"],
    ["a recurrent layer", "LSTM", [5, 4], "a layer of the kind LSTM"],
    ["a convolution in one dimension", "Conv2D", [3, 2, 5], "a kernel of 3 axes"],
  ])("refuse %s", (_name, kind, shape, message) => {
    const weights = [counted("l/kernel", shape)];
    expect(problem(tfjsModel(weights, { kinds: { l: kind } }), tfjsData(weights))).toContain(message);
  });

  it("refuse two weights of one name", () => {
    const twice = [counted("a/bias", [1]), counted("a/beta", [1])];
    expect(problem(tfjsModel(twice), tfjsData(twice))).toContain('two weights are named "a.bias"');
  });
});
