/**
 * The published checkpoints of B-cos networks (Böhle et al. 2024; B-cos/B-cos-v2, release v0.0.1-weights): which file holds
 * which of the models in `models/`. Accuracies are those that were published, in percent on ImageNet.
 */

export interface Checkpoint {
  /** The entry point in Python. */
  readonly name: string;
  /** Behind the last `-` stand the first ten hexadecimal digits of its SHA-256, as torch.hub has it. */
  readonly file: string;
  readonly top1: number;
  readonly top5: number;
  readonly parameters: number;
  /** In the package. The form is `bcos`, the preset the file's own, `v2`; the names are those of the source `bcos-v2`. */
  readonly model: string;
}

export const checkpoints: readonly Checkpoint[] = [
  {
    name: "resnet18",
    file: "resnet_18-68b4160fff.pth",
    top1: 68.736,
    top5: 87.43,
    parameters: 11_693_120,
    model: "models/resnet18.bcos",
  },
  {
    name: "resnet34",
    file: "resnet_34-a63425a03e.pth",
    top1: 72.284,
    top5: 90.052,
    parameters: 21_797_568,
    model: "models/resnet34.bcos",
  },
  {
    name: "resnet50",
    file: "resnet_50-ead259efe4.pth",
    top1: 75.882,
    top5: 92.528,
    parameters: 25_538_880,
    model: "models/resnet50.bcos",
  },
  {
    name: "resnet101",
    file: "resnet_101-84c3658278.pth",
    top1: 76.532,
    top5: 92.538,
    parameters: 44_504_896,
    model: "models/resnet101.bcos",
  },
  {
    name: "resnet152",
    file: "resnet_152-42051a77c1.pth",
    top1: 76.484,
    top5: 92.398,
    parameters: 60_125_504,
    model: "models/resnet152.bcos",
  },
  {
    name: "resnext50_32x4d",
    file: "resnext_50_32x4d-57af241ab9.pth",
    top1: 75.82,
    top5: 91.81,
    parameters: 25_003_200,
    model: "models/resnext50-32x4d.bcos",
  },
  {
    name: "densenet121",
    file: "densenet_121-b8daf96afb.pth",
    top1: 73.612,
    top5: 91.106,
    parameters: 7_945_440,
    model: "models/densenet121.bcos",
  },
  {
    name: "densenet161",
    file: "densenet_161-9e9ea51353.pth",
    top1: 76.622,
    top5: 92.554,
    parameters: 28_584_144,
    model: "models/densenet161.bcos",
  },
  {
    name: "densenet169",
    file: "densenet_169-7037ee0604.pth",
    top1: 75.186,
    top5: 91.786,
    parameters: 14_078_688,
    model: "models/densenet169.bcos",
  },
  {
    name: "densenet201",
    file: "densenet_201-00ac87066f.pth",
    top1: 75.48,
    top5: 91.992,
    parameters: 19_907_808,
    model: "models/densenet201.bcos",
  },
  {
    name: "vgg11_bnu",
    file: "vgg_11_bnu-34036029f0.pth",
    top1: 69.31,
    top5: 88.388,
    parameters: 132_855_872,
    model: "models/vgg11.bcos",
  },
  {
    name: "convnext_tiny",
    file: "convnext_tiny_pn-539b1bfb37.pth",
    top1: 77.488,
    top5: 93.192,
    parameters: 28_543_392,
    model: "models/convnext-tiny.bcos",
  },
  {
    name: "convnext_base",
    file: "convnext_base_pn-b0495852c6.pth",
    top1: 79.65,
    top5: 94.614,
    parameters: 88_466_304,
    model: "models/convnext-base.bcos",
  },
  {
    name: "convnext_tiny_bnu",
    file: "convnext_tiny_bnu-dbd7f5ef9d.pth",
    top1: 76.826,
    top5: 93.09,
    parameters: 28_543_392,
    model: "models/convnext-tiny-bnu.bcos",
  },
  {
    name: "convnext_base_bnu",
    file: "convnext_base_bnu-7c32a704b3.pth",
    top1: 80.142,
    top5: 94.834,
    parameters: 88_466_304,
    model: "models/convnext-base-bnu.bcos",
  },
  {
    name: "densenet121_long",
    file: "densenet_121_long-5175461597.pth",
    top1: 77.302,
    top5: 93.234,
    parameters: 7_945_440,
    model: "models/densenet121.bcos",
  },
  {
    name: "resnet50_long",
    file: "resnet_50_long-ef38a88533.pth",
    top1: 79.468,
    top5: 94.452,
    parameters: 25_538_880,
    model: "models/resnet50.bcos",
  },
  {
    name: "resnet152_long",
    file: "resnet_152_long-0b4b434939.pth",
    top1: 80.144,
    top5: 94.116,
    parameters: 60_125_504,
    model: "models/resnet152.bcos",
  },
  {
    name: "simple_vit_ti_patch16_224",
    file: "bcos_simple_vit_ti_patch16_224-4b0824b1c1.pth",
    top1: 59.96,
    top5: 81.838,
    parameters: 5_800_128,
    model: "models/simple-vit-ti-patch16-224.bcos",
  },
  {
    name: "simple_vit_s_patch16_224",
    file: "bcos_simple_vit_s_patch16_224-75e99d1f73.pth",
    top1: 69.246,
    top5: 88.096,
    parameters: 22_217_088,
    model: "models/simple-vit-s-patch16-224.bcos",
  },
  {
    name: "simple_vit_b_patch16_224",
    file: "bcos_simple_vit_b_patch16_224-1fc4750806.pth",
    top1: 74.408,
    top5: 91.156,
    parameters: 86_901_504,
    model: "models/simple-vit-b-patch16-224.bcos",
  },
  {
    name: "simple_vit_l_patch16_224",
    file: "bcos_simple_vit_l_patch16_224-9613b2ad0a.pth",
    top1: 75.06,
    top5: 91.378,
    parameters: 178_787_328,
    model: "models/simple-vit-l-patch16-224.bcos",
  },
  {
    name: "vitc_ti_patch1_14",
    file: "bcos_vitc_ti_patch1_14-ddd6193a77.pth",
    top1: 67.26,
    top5: 86.774,
    parameters: 5_318_712,
    model: "models/vitc-ti-patch1-14.bcos",
  },
  {
    name: "vitc_s_patch1_14",
    file: "bcos_vitc_s_patch1_14-cf55c88f0c.pth",
    top1: 74.504,
    top5: 91.288,
    parameters: 20_878_704,
    model: "models/vitc-s-patch1-14.bcos",
  },
  {
    name: "vitc_b_patch1_14",
    file: "bcos_vitc_b_patch1_14-a13c46397b.pth",
    top1: 77.152,
    top5: 92.926,
    parameters: 81_326_016,
    model: "models/vitc-b-patch1-14.bcos",
  },
  {
    name: "vitc_l_patch1_14",
    file: "bcos_vitc_l_patch1_14-8739e18b8d.pth",
    top1: 77.782,
    top5: 92.966,
    parameters: 167_444_160,
    model: "models/vitc-l-patch1-14.bcos",
  },
];

/** Where the files are published. */
export const checkpointFolder = "https://github.com/B-cos/B-cos-v2/releases/download/v0.0.1-weights/";

/** The digits of the hash in the file's name. */
export function hashOf({ file }: Checkpoint): string {
  return /-([0-9a-f]{10})\.pth$/.exec(file)?.[1] ?? "";
}
