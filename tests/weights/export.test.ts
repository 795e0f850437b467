import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import { exportTensors, type ExportOptions } from "../../src/runtime/weights/exchange/export-tensors.ts";
import { importFindings } from "../../src/runtime/weights/exchange/findings.ts";
import { importTensors, wantedShapes } from "../../src/runtime/weights/exchange/import-tensors.ts";
import type { SourceName } from "../../src/runtime/weights/exchange/sources.ts";
import { readSafetensors, writeSafetensors } from "../../src/runtime/weights/safetensors.ts";
import { markers, modelState, scrambled, smallNetwork, textState } from "./networks.ts";

type Preset = "v1" | "v2" | "cosified";

/** One network for every table that has names of its own. */
const networks: readonly (readonly [model: string, form: Form, preset: Preset | undefined, to: SourceName])[] = [
  ["resnet18.bcos", "bcos", undefined, "bcos-v2"],
  ["resnet50.bcos", "bcos", "v1", "bcos-v1"],
  ["resnet18.bcos", "bcos", "cosified", "bcosification"],
  ["resnet18.bcos", "standard", undefined, "torchvision"],
  ["resnet50.bcos", "standard", undefined, "timm"],
  ["densenet121.bcos", "bcos", undefined, "bcos-v2"],
  ["densenet121.bcos", "bcos", "cosified", "bcosification"],
  ["densenet121.bcos", "standard", undefined, "torchvision"],
  ["vgg11.bcos", "bcos", undefined, "bcos-v2"],
  ["vgg11.bcos", "bcos", "v1", "bcos-v1"],
  ["vgg11.bcos", "standard", undefined, "torchvision"],
  ["vgg11.bcos", "standard", undefined, "timm"],
  ["convnext-tiny.bcos", "bcos", undefined, "bcos-v2"],
  ["convnext-tiny-bnu.bcos", "bcos", undefined, "bcos-v2"],
  ["convnext-tiny.bcos", "standard", undefined, "torchvision"],
  ["convnext-tiny.bcos", "standard", undefined, "timm"],
  ["simple-vit-ti-patch16-224.bcos", "bcos", undefined, "bcos-v2"],
  ["simple-vit-ti-patch16-224.bcos", "standard", undefined, "torchvision"],
  ["vitc-ti-patch1-14.bcos", "bcos", undefined, "bcos-v2"],
  ["cifar/nine-layers.bcos", "bcos", undefined, "bcos-v1"],
  ["cifar/resnet20.bcos", "bcos", undefined, "bcos-v2"],
];

describe("exported weights", () => {
  it.each(networks)("of %s (%s, %s) with the names of %s are imported again", (model, form, preset, to) => {
    const state = modelState(model, form, preset);
    const own = markers(state);
    const { tensors, report } = exportTensors(state, own, { to, form });
    expect(report.mapped).toHaveLength(wantedShapes(state).size);
    for (const options of [{ from: to }, {}]) {
      const back = importTensors(state, tensors, options);
      expect(importFindings(back.report, { partial: false }, "f")).toEqual([]);
      expect(back.tensors).toEqual(own);
      expect(back.report.dropped.map((d) => d.name).sort()).toEqual([...report.restored].sort());
    }
  });
});

const dtypes = ["F64", "F32", "F16", "BF16"] as const;

describe("bits", () => {
  it.each<[Form, Preset, SourceName]>([
    ["bcos", "v2", "bcos-v2"],
    ["bcos", "v1", "bcos-v1"],
    ["bcos", "cosified", "bcosification"],
    ["standard", "v2", "torchvision"],
    ["standard", "v2", "timm"],
  ])("%s, %s: stay through a file of %s and back, whatever the types", (form, preset, to) => {
    const state = textState(smallNetwork, form, preset);
    const own = new Map(
      [...wantedShapes(state)].map(([path, shape], i) => [path, scrambled(dtypes[i % 4]!, shape, i)] as const),
    );
    const file = writeSafetensors(exportTensors(state, own, { to, form }).tensors);
    const back = importTensors(state, readSafetensors(file).tensors, { from: to });
    expect(back.tensors).toEqual(own);
    // And the same file comes out again.
    expect(writeSafetensors(exportTensors(state, back.tensors, { to, form }).tensors)).toEqual(file);
  });
});

function exported(model: string, form: Form, options: Omit<ExportOptions, "form">, preset?: Preset) {
  const state = modelState(model, form, preset);
  return exportTensors(state, markers(state), { ...options, form });
}

const shapesOf = (model: string, form: Form, to: SourceName, preset?: Preset): Record<string, string> =>
  Object.fromEntries(
    [...exported(model, form, { to }, preset).tensors].map(([name, { shape }]) => [name, shape.join(" ")]),
  );

describe("names and shapes elsewhere", () => {
  it("are those of torchvision's vgg11_bn", () => {
    const shapes = shapesOf("vgg11.bcos", "standard", "torchvision");
    const indices = (name: string): number[] =>
      Object.keys(shapes)
        .map((key) => new RegExp(`^features\\.(\\d+)\\.${name}$`).exec(key)?.[1])
        .filter((index) => index !== undefined)
        .map(Number);
    expect(indices("running_var")).toEqual([1, 5, 9, 12, 16, 19, 23, 26]);
    expect(indices("weight")).toEqual([0, 1, 4, 5, 8, 9, 11, 12, 15, 16, 18, 19, 22, 23, 25, 26]);
    expect(shapes).toMatchObject({
      "classifier.0.weight": "4096 25088",
      "classifier.0.bias": "4096",
      "classifier.3.weight": "4096 4096",
      "classifier.6.weight": "1000 4096",
      "features.1.num_batches_tracked": "",
    });
    expect(Object.keys(shapes)).toHaveLength(8 * 2 + 8 * 5 + 3 * 2);
    expect(shapesOf("vgg11.bcos", "standard", "timm")).toMatchObject({
      "features.25.weight": "512 512 3 3",
      "pre_logits.fc1.weight": "4096 512 7 7",
      "pre_logits.fc2.weight": "4096 4096 1 1",
      "head.fc.bias": "1000",
    });
  });

  it("are those of torchvision's and timm's convnext_tiny", () => {
    const shapes = shapesOf("convnext-tiny.bcos", "standard", "torchvision");
    expect(shapes).toMatchObject({
      "features.0.0.weight": "96 3 4 4",
      "features.0.1.bias": "96",
      "features.1.2.layer_scale": "96 1 1",
      "features.1.0.block.0.weight": "96 1 7 7",
      "features.1.0.block.2.weight": "96",
      "features.1.0.block.3.weight": "384 96",
      "features.1.0.block.5.bias": "96",
      "features.2.0.weight": "96",
      "features.2.1.weight": "192 96 2 2",
      "features.7.2.block.5.weight": "768 3072",
      "classifier.0.weight": "768",
      "classifier.2.weight": "1000 768",
    });
    // The published number of tensors: 4 of the stem, 18 blocks of 9, 3 times 4 between the stages, 4 of the head.
    expect(Object.keys(shapes)).toHaveLength(4 + 18 * 9 + 12 + 4);
    expect(shapesOf("convnext-tiny.bcos", "standard", "timm")).toMatchObject({
      "stem.0.weight": "96 3 4 4",
      "stages.0.blocks.0.conv_dw.weight": "96 1 7 7",
      "stages.0.blocks.2.gamma": "96",
      "stages.1.downsample.0.weight": "96",
      "stages.1.downsample.1.weight": "192 96 2 2",
      "stages.3.blocks.2.mlp.fc2.weight": "768 3072",
      "stages.2.blocks.8.norm.bias": "384",
      "head.norm.weight": "768",
      "head.fc.weight": "1000 768",
    });
  });

  it("are those of the published B-cos networks", () => {
    const resnet = exported("resnet18.bcos", "bcos", { to: "bcos-v2" });
    // 20 convolutions, 20 norms of 4 tensors, and the classifier.
    expect(resnet.tensors.size).toBe(101);
    expect(resnet.tensors.get("bn1.num_batches_tracked")).toEqual({
      dtype: "I64",
      shape: [],
      bytes: new Uint8Array(8),
    });
    expect([...resnet.tensors.get("bn1.running_mean")!.bytes]).toEqual([0, 0, 0, 0]);
    expect(shapesOf("resnet18.bcos", "bcos", "bcos-v2")).toMatchObject({
      "layer2.0.downsample.0.linear.weight": "128 64 1 1",
      "fc.linear.weight": "1000 512 1 1",
    });
    expect(shapesOf("simple-vit-ti-patch16-224.bcos", "bcos", "bcos-v2")).toMatchObject({
      "0.transformer.encoder_0.attn.to_qkv.weight": "576 192",
      "0.transformer.encoder_11.ff.net.linear1.linear.weight": "768 192",
      "0.linear_head.linear.linear.weight": "1000 192",
    });
    expect(shapesOf("convnext-tiny.bcos", "bcos", "bcos-v2")).toMatchObject({
      "features.2.0.layer_scale": "96 1 1",
      "features.2.0.block.2.linear.weight": "384 96 1 1",
    });
    expect(shapesOf("densenet121.bcos", "bcos", "bcosification", "cosified")).toMatchObject({
      "model.features.0.linear.weight": "64 6 7 7",
      "model.features.4.denselayer1.conv2.linear.weight": "32 128 3 3",
      "model.features.5.2.linear.weight": "128 256 1 1",
      "model.features.11.running_mean": "1024",
      "model.classifier.linear.weight": "1000 1024 1 1",
    });
    const early = Object.keys(shapesOf("vgg11.bcos", "bcos", "bcos-v1", "v1"));
    expect(early).toEqual([
      ...[0, 2, 4, 5, 7, 8, 10, 11].map((place) => `0.features.${place}.linear.weight`),
      ...[0, 1, 2].map((place) => `0.classifier.${place}.linear.weight`),
    ]);
    expect(Object.keys(shapesOf("cifar/nine-layers.bcos", "bcos", "bcos-v1"))[8]).toBe("8.linear.weight");
  });

  it("have the prefix that is given", () => {
    const { tensors, report } = exported("cifar/resnet20.bcos", "bcos", { to: "bcosification", prefix: "ema.module." });
    expect([...tensors.keys()].every((name) => name.startsWith("ema.module."))).toBe(true);
    expect(report.prefix).toBe("ema.module.");
  });
});

describe("what can't be exported", () => {
  const problem = (state: ReturnType<typeof textState>, options: ExportOptions): string => {
    try {
      exportTensors(state, markers(state), options);
    } catch (error) {
      if (error instanceof BcosError) return error.message;
      throw error;
    }
    return "accepted";
  };

  it("is the conventional form with names of B-cos networks", () => {
    const state = textState(smallNetwork, "standard");
    expect(problem(state, { to: "bcos-v2", form: "standard" })).toMatch(/^weights\/export: .*`standard`/);
    expect(problem(state, { to: "torchvision", form: "standard" })).toBe("accepted");
  });

  it("is a model whose names would be read otherwise", () => {
    const likeConvNeXt = smallNetwork
      .replace("conv1:", "features.2.0.block.3:")
      .replace("fc:", "classifier.1: linear(5) -> classifier.2:");
    const state = textState(likeConvNeXt, "standard");
    expect(problem(state, { to: "torchvision", form: "standard" })).toContain(
      "two weights would be named `classifier.2",
    );
    const strange = smallNetwork.replace("conv1:", "features.2.0.block.3:").replace("bn1:", "features.2.0.block.4:");
    expect(problem(textState(strange, "standard"), { to: "torchvision", form: "standard" })).toBe("accepted");
  });
});
