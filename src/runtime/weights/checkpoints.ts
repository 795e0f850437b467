/**
 * The published checkpoints of B-cos networks and of the conventional ones they are compared with: which of the models in
 * `models/` each belongs to, and with which settings. Data only; accuracies are those that were published, in percent.
 */
import type { Form } from "../../compiler/graph/program.ts";
import type { BcosSettings } from "../../compiler/network/settings.ts";
import type { SourceName } from "./exchange/sources.ts";

export interface Checkpoint {
  /** The entry point in Python, where there is one. */
  readonly name: string;
  /** As it is published, where that is known. Behind the last `-` stand digits of its SHA-256, as torch.hub has it. */
  readonly file?: string;
  /** Whose names its tensors have. */
  readonly source: SourceName;
  /** In the package. */
  readonly model: string;
  readonly form: Form;
  /** Where it is another than the file's. */
  readonly preset?: BcosSettings["preset"];
  /** B-cos settings over those of the preset and the file: `logit_temperature: 10`. */
  readonly settings?: string;
  readonly parameters?: number;
  readonly top1?: number;
  readonly top5?: number;
}

/** Böhle et al. 2024; the repository B-cos-v2, release v0.0.1-weights. */
const bcos2024: readonly Checkpoint[] = (
  [
    ["resnet18", "resnet_18-68b4160fff.pth", "resnet18.bcos", 11_693_120, 68.736, 87.43],
    ["resnet34", "resnet_34-a63425a03e.pth", "resnet34.bcos", 21_797_568, 72.284, 90.052],
    ["resnet50", "resnet_50-ead259efe4.pth", "resnet50.bcos", 25_538_880, 75.882, 92.528],
    ["resnet101", "resnet_101-84c3658278.pth", "resnet101.bcos", 44_504_896, 76.532, 92.538],
    ["resnet152", "resnet_152-42051a77c1.pth", "resnet152.bcos", 60_125_504, 76.484, 92.398],
    ["resnext50_32x4d", "resnext_50_32x4d-57af241ab9.pth", "resnext50-32x4d.bcos", 25_003_200, 75.82, 91.81],
    ["densenet121", "densenet_121-b8daf96afb.pth", "densenet121.bcos", 7_945_440, 73.612, 91.106],
    ["densenet161", "densenet_161-9e9ea51353.pth", "densenet161.bcos", 28_584_144, 76.622, 92.554],
    ["densenet169", "densenet_169-7037ee0604.pth", "densenet169.bcos", 14_078_688, 75.186, 91.786],
    ["densenet201", "densenet_201-00ac87066f.pth", "densenet201.bcos", 19_907_808, 75.48, 91.992],
    ["vgg11_bnu", "vgg_11_bnu-34036029f0.pth", "vgg11.bcos", 132_855_872, 69.31, 88.388],
    ["convnext_tiny", "convnext_tiny_pn-539b1bfb37.pth", "convnext-tiny.bcos", 28_543_392, 77.488, 93.192],
    ["convnext_base", "convnext_base_pn-b0495852c6.pth", "convnext-base.bcos", 88_466_304, 79.65, 94.614],
    ["convnext_tiny_bnu", "convnext_tiny_bnu-dbd7f5ef9d.pth", "convnext-tiny-bnu.bcos", 28_543_392, 76.826, 93.09],
    ["convnext_base_bnu", "convnext_base_bnu-7c32a704b3.pth", "convnext-base-bnu.bcos", 88_466_304, 80.142, 94.834],
    ["densenet121_long", "densenet_121_long-5175461597.pth", "densenet121.bcos", 7_945_440, 77.302, 93.234],
    ["resnet50_long", "resnet_50_long-ef38a88533.pth", "resnet50.bcos", 25_538_880, 79.468, 94.452],
    ["resnet152_long", "resnet_152_long-0b4b434939.pth", "resnet152.bcos", 60_125_504, 80.144, 94.116],
    [
      "simple_vit_ti_patch16_224",
      "bcos_simple_vit_ti_patch16_224-4b0824b1c1.pth",
      "simple-vit-ti-patch16-224.bcos",
      5_800_128,
      59.96,
      81.838,
    ],
    [
      "simple_vit_s_patch16_224",
      "bcos_simple_vit_s_patch16_224-75e99d1f73.pth",
      "simple-vit-s-patch16-224.bcos",
      22_217_088,
      69.246,
      88.096,
    ],
    [
      "simple_vit_b_patch16_224",
      "bcos_simple_vit_b_patch16_224-1fc4750806.pth",
      "simple-vit-b-patch16-224.bcos",
      86_901_504,
      74.408,
      91.156,
    ],
    [
      "simple_vit_l_patch16_224",
      "bcos_simple_vit_l_patch16_224-9613b2ad0a.pth",
      "simple-vit-l-patch16-224.bcos",
      178_787_328,
      75.06,
      91.378,
    ],
    ["vitc_ti_patch1_14", "bcos_vitc_ti_patch1_14-ddd6193a77.pth", "vitc-ti-patch1-14.bcos", 5_318_712, 67.26, 86.774],
    ["vitc_s_patch1_14", "bcos_vitc_s_patch1_14-cf55c88f0c.pth", "vitc-s-patch1-14.bcos", 20_878_704, 74.504, 91.288],
    ["vitc_b_patch1_14", "bcos_vitc_b_patch1_14-a13c46397b.pth", "vitc-b-patch1-14.bcos", 81_326_016, 77.152, 92.926],
    ["vitc_l_patch1_14", "bcos_vitc_l_patch1_14-8739e18b8d.pth", "vitc-l-patch1-14.bcos", 167_444_160, 77.782, 92.966],
  ] as const
).map(([name, file, model, parameters, top1, top5]) => ({
  name,
  file,
  source: "bcos-v2",
  model: `models/${model}`,
  form: "bcos",
  parameters,
  top1,
  top5,
}));

/** The conventional transformers beside them. Their files are named `standard_…`; the digits behind that are not known here. */
const standard2024: readonly Checkpoint[] = (
  [
    ["simple_vit_ti_patch16_224", 5_670_184, 70.23, 89.38],
    ["simple_vit_s_patch16_224", 21_956_200, 74.47, 91.226],
    ["simple_vit_b_patch16_224", 86_378_728, 75.3, 91.026],
    ["simple_vit_l_patch16_224", 178_104_296, 75.71, 90.05],
    ["vitc_ti_patch1_14", 5_334_952, 72.59, 90.788],
    ["vitc_s_patch1_14", 20_910_184, 75.756, 91.994],
    ["vitc_b_patch1_14", 81_388_648, 76.79, 92.024],
    ["vitc_l_patch1_14", 167_541_352, 77.866, 92.298],
  ] as const
).map(([name, parameters, top1, top5]) => ({
  name: `standard_${name}`,
  source: "torchvision",
  model: `models/${name.replaceAll("_", "-")}.bcos`,
  form: "standard",
  parameters,
  top1,
  top5,
}));

/** Böhle et al. 2022: no norms, two units an output. The names are ours. On ImageNet no accuracies are known here. */
const bcos2022: readonly Checkpoint[] = (
  [
    ["v1_vgg11", "vgg11", 265_706_240, "scale: v1(1000), logit_temperature: 0.1"],
    ["v1_resnet34", "resnet34", 43_578_112, "logit_temperature: 10"],
    ["v1_densenet121", "densenet121", 15_807_232, "logit_temperature: 1e-3"],
    ["v1_inception_v3", "inception-v3", 54_247_808, "scale: v1(200)"],
    ["v1_densenet121_long", "densenet121", 15_807_232, "logit_temperature: 1e-3"],
  ] as const
).map(([name, model, parameters, settings]) => ({
  name,
  source: "bcos-v1",
  model: `models/${model}.bcos`,
  form: "bcos",
  preset: "v1",
  settings,
  parameters,
}));

/** The networks of nine layers for CIFAR-10, one for each exponent B: every layer is divided by 10^(1.75 - 1.5 B). */
const nineLayers: readonly Checkpoint[] = (
  [
    [1, 1e-3, 93.53],
    [1.25, 1e-3, 93.81],
    [1.5, 1e-2, 93.69],
    [1.75, 10, 93.69],
    [2, 100, 93.19],
    [2.25, 100, 92.6],
    [2.5, 1000, 92.37],
  ] as const
).map(([b, temperature, top1]) => ({
  name: `v1_nine_layers_b${b}`,
  source: "bcos-v1",
  model: "models/cifar/nine-layers.bcos",
  form: "bcos",
  settings: `b: ${b}, scale: constant(${10 ** (1.75 - 1.5 * b)}), logit_bias: auto, logit_temperature: ${temperature}`,
  parameters: 3_772_160,
  top1,
}));

/** Arya et al. 2024: torchvision's networks after B-cosification. The names are ours; accuracies are not known here. */
const cosified: readonly Checkpoint[] = ["resnet18", "resnet50", "densenet121"].map((name) => ({
  name: `bcosified_${name}`,
  source: "bcosification",
  model: `models/${name}.bcos`,
  form: "bcos",
  preset: "cosified",
}));

export const checkpoints: readonly Checkpoint[] = [
  ...bcos2024,
  ...standard2024,
  ...bcos2022,
  ...nineLayers,
  ...cosified,
];

/** Where the files that have names here are published. */
export const checkpointFolder = "https://github.com/B-cos/B-cos-v2/releases/download/v0.0.1-weights/";

/** The digits of the hash in the file's name; `undefined` where there are none. */
export function hashOf({ file = "" }: Checkpoint): string | undefined {
  return /-([0-9a-f]{10})\.pth$/.exec(file)?.[1];
}

/** What commands are told besides the model's file to have this network, as it is written on a command line. */
export function optionsOf({ form, preset, settings }: Checkpoint): string {
  if (form === "standard") return "--as standard";
  const more = settings === undefined ? [] : [`--settings "${settings}"`];
  return [...(preset === undefined ? [] : [`--preset ${preset}`]), ...more].join(" ");
}
