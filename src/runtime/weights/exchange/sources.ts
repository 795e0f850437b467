/**
 * Where weights come from, and what the tensors are called there: tables of patterns.
 */
import { toFloat32, type StoredTensor } from "../safetensors.ts";
import { matchPattern } from "./patterns.ts";
import type { DropRule, RenameRule } from "./rules.ts";

export interface WeightSource {
  readonly name: SourceName;
  readonly summary: string;
  /** In order; of those that lead to a weight of the model the first counts, then the name as it is. */
  readonly rules: readonly RenameRule[];
  readonly drops: readonly DropRule[];
  /** Whether a file seems to be of this source. */
  readonly recognise: (tensors: ReadonlyMap<string, StoredTensor>) => boolean;
}

export const sourceNames = ["bcos-v2", "bcos-v1", "bcosification", "torchvision", "timm"] as const;
export type SourceName = (typeof sourceNames)[number];

const counters: readonly DropRule[] = [
  { file: "**.num_batches_tracked", reason: "counts training steps, which nothing reads" },
  { file: "n_averaged", reason: "counts averaged steps, which nothing reads" },
  { file: "**.n_averaged", reason: "counts averaged steps, which nothing reads" },
];

const bcosRules: readonly RenameRule[] = [
  // Queries, keys and values are no B-cos layer.
  { file: "**.to_qkv.weight", model: "**.to_qkv.weight" },
  // Convolutional networks have their linear layers as convolutions of 1x1, transformers as they are.
  {
    file: "**.linear.weight",
    model: "**.weight",
    minRank: 2,
    reshape: "pointwise",
    unless: "**.to_qkv.weight",
  },
  { file: "**.linear.weight", model: "**.weight", minRank: 2 },
  { file: "**.layer_scale", model: "**.layer_scale.weight", reshape: "per_channel" },
  // A bare sequence of layers, as the networks of nine layers are.
  { file: "#.linear.weight", model: "layer#.weight", minRank: 2 },
];

const isBcos = (tensors: ReadonlyMap<string, StoredTensor>): boolean =>
  someName(tensors, "**.linear.weight") && !someName(tensors, "**.linear.bias");
const hasNorms = (tensors: ReadonlyMap<string, StoredTensor>): boolean =>
  [...tensors.values()].some((tensor) => tensor.shape.length === 1);

const unusedMean = (zero: boolean): DropRule => ({
  file: "**.running_mean",
  beside: "**.running_var",
  zero,
  reason: zero
    ? "is zero: uncentred norms keep no mean"
    : "is kept by B-cosification, but uncentred norms do not use it",
});

/** In the order in which `auto` asks them. */
export const sources: readonly WeightSource[] = [
  {
    name: "bcos-v1",
    summary: "the networks of Böhle et al. 2022: no norms, MaxOut",
    rules: bcosRules,
    drops: counters,
    recognise: (tensors) => isBcos(tensors) && !hasNorms(tensors),
  },
  {
    name: "bcosification",
    summary: "pretrained networks turned into B-cos ones (Arya et al. 2024)",
    rules: bcosRules,
    drops: [...counters, unusedMean(false)],
    recognise: (tensors) =>
      isBcos(tensors) && [...tensors].some(([name, t]) => name.endsWith(".running_mean") && !isZero(t)),
  },
  {
    name: "bcos-v2",
    summary: "the networks of Böhle et al. 2024 and their conventional twins",
    rules: bcosRules,
    drops: [...counters, unusedMean(true)],
    recognise: isBcos,
  },
  {
    name: "timm",
    summary: "pytorch-image-models",
    rules: [
      { file: "pre_logits.fc1.weight", model: "classifier.0.weight" },
      { file: "pre_logits.fc1.bias", model: "classifier.0.bias" },
    ],
    drops: counters,
    recognise: (tensors) => someName(tensors, "pre_logits.fc1.weight"),
  },
  {
    name: "torchvision",
    summary: "torchvision, and whatever has its names or those of the model",
    rules: [],
    drops: counters,
    recognise: () => true,
  },
];

function someName(tensors: ReadonlyMap<string, StoredTensor>, pattern: string): boolean {
  return [...tensors.keys()].some((name) => matchPattern(pattern, name) !== undefined);
}

/** The table of a source. */
export function sourceOf(name: SourceName): WeightSource {
  return sources.find((source) => source.name === name)!;
}

/** The first source that a file seems to be of. */
export function recogniseSource(tensors: ReadonlyMap<string, StoredTensor>): WeightSource {
  return sources.find((source) => source.recognise(tensors))!;
}

/** Whether all numbers of a tensor are 0, of either sign. */
export function isZero(tensor: StoredTensor): boolean {
  return toFloat32(tensor.dtype, tensor.bytes).every((value) => value === 0);
}
