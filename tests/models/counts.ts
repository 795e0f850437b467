/** How many weights the networks of the model files have, and so in which presets a file is a network that there is elsewhere. */
import type { Kind } from "./networks.ts";

/** By file. `v2` is also the number of the cosified network, which has the same tensors. */
export const counts: Readonly<Record<string, Partial<Record<Kind, number>>>> = {
  "mnist.bcos": { v2: 20_312 },
  "inception-v3.bcos": { v1: 54_247_808, standard: 27_161_264 },
  "resnet18.bcos": { v2: 11_693_120, standard: 11_689_512 },
  "resnet34.bcos": { v2: 21_797_568, v1: 43_578_112, standard: 21_797_672 },
  "resnet50.bcos": { v2: 25_538_880, standard: 25_557_032 },
  "resnet101.bcos": { v2: 44_504_896, standard: 44_549_160 },
  "resnet152.bcos": { v2: 60_125_504, standard: 60_192_808 },
  "resnext50-32x4d.bcos": { v2: 25_003_200, standard: 25_028_904 },
  "densenet121.bcos": { v2: 7_945_440, v1: 15_807_232, standard: 7_978_856 },
  "densenet161.bcos": { v2: 28_584_144, standard: 28_681_000 },
  "densenet169.bcos": { v2: 14_078_688, standard: 14_149_480 },
  "densenet201.bcos": { v2: 19_907_808, standard: 20_013_928 },
  "vgg11.bcos": { v2: 132_855_872, v1: 265_706_240, standard: 132_868_840 },
  "simple-vit-ti-patch16-224.bcos": { v2: 5_800_128, standard: 5_670_184 },
  "simple-vit-s-patch16-224.bcos": { v2: 22_217_088, standard: 21_956_200 },
  "simple-vit-b-patch16-224.bcos": { v2: 86_901_504, standard: 86_378_728 },
  "simple-vit-l-patch16-224.bcos": { v2: 178_787_328, standard: 178_104_296 },
  "vitc-ti-patch1-14.bcos": { v2: 5_318_712, standard: 5_334_952 },
  "vitc-s-patch1-14.bcos": { v2: 20_878_704, standard: 20_910_184 },
  "vitc-b-patch1-14.bcos": { v2: 81_326_016, standard: 81_388_648 },
  "vitc-l-patch1-14.bcos": { v2: 167_444_160, standard: 167_541_352 },
  "convnext-tiny.bcos": { v2: 28_543_392, standard: 28_589_128 },
  "convnext-base.bcos": { v2: 88_466_304, standard: 88_591_464 },
  "convnext-tiny-bnu.bcos": { v2: 28_543_392 },
  "convnext-base-bnu.bcos": { v2: 88_466_304 },
  "tiny-darknet.bcos": { standard: 1_042_104 },
  "cifar/nine-layers.bcos": { v1: 3_772_160 },
  "cifar/resnet20-padded.bcos": { standard: 269_722 },
  "cifar/resnet20.bcos": { v2: 272_112 },
  "cifar/resnet32.bcos": { v2: 466_096 },
  "cifar/resnet44.bcos": { v2: 660_080 },
  "cifar/resnet56.bcos": { v2: 854_064 },
};

/** The counts of a file with that of its cosified network. None for mnist.bcos: that preset's means are of three channels. */
export function countsOf(file: string): readonly (readonly [Kind, number])[] {
  const own = counts[file] ?? {};
  const given = file === "mnist.bcos" || own.v2 === undefined ? own : { ...own, cosified: own.v2 };
  return Object.entries(given) as [Kind, number][];
}
