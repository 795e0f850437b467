/**
 * Where weights come from, and what the tensors are called there: tables of patterns.
 */
import type { Form } from "../../../compiler/graph/program.ts";
import type { BcosSettings } from "../../../compiler/network/settings.ts";
import { bytesOf, isFloat } from "../dtypes.ts";
import type { StoredTensor } from "../safetensors.ts";
import { matchPattern } from "./patterns.ts";
import type { DropRule, PrefixRule, RenameRule, RestoreRule } from "./rules.ts";
import { bareSequence, bcosRules, isTransformer } from "./tables/bcos.ts";
import { timmConvNeXt, torchvisionConvNeXt } from "./tables/convnext.ts";
import { numbered, numberedDenseNet } from "./tables/densenet.ts";
import { timmVgg, torchvisionVgg, vggWithoutNorms } from "./tables/vgg.ts";

export interface WeightSource {
  readonly name: SourceName;
  readonly summary: string;
  /** In order; of those that lead to a weight of the model the first counts, then the name as it is. */
  readonly rules: readonly RenameRule[];
  readonly drops: readonly DropRule[];
  /** What its files have beside the weights of a model. */
  readonly restores: readonly RestoreRule[];
  readonly prefixes: readonly PrefixRule[];
  /** Where its names are only for networks of one form. */
  readonly form?: Form;
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

const restoredCounter: RestoreRule = {
  file: "**.num_batches_tracked",
  beside: "**.running_var",
  content: "counter",
};
const restoredMean: RestoreRule = { file: "**.running_mean", beside: "**.running_var", content: "zeros" };

const isBcos = (tensors: ReadonlyMap<string, StoredTensor>): boolean =>
  someName(tensors, "*.linear.weight") && !someName(tensors, "*.linear.bias");
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
    rules: [...vggWithoutNorms, ...bcosRules],
    drops: counters,
    restores: [],
    prefixes: [{ prefix: "0.", unless: bareSequence }],
    form: "bcos",
    recognise: (tensors) => isBcos(tensors) && !hasNorms(tensors),
  },
  {
    name: "bcosification",
    summary: "pretrained networks turned into B-cos ones (Arya et al. 2024)",
    rules: [...numberedDenseNet, ...bcosRules],
    drops: [...counters, unusedMean(false)],
    restores: [restoredMean, restoredCounter],
    prefixes: [{ prefix: "model." }],
    form: "bcos",
    recognise: (tensors) =>
      isBcos(tensors) &&
      (someName(tensors, numbered.file) ||
        [...tensors].some(([name, t]) => name.endsWith(".running_mean") && !isZero(t))),
  },
  {
    name: "bcos-v2",
    summary: "the networks of Böhle et al. 2024",
    rules: bcosRules,
    drops: [...counters, unusedMean(true)],
    restores: [restoredMean, restoredCounter],
    prefixes: [{ prefix: "0.", when: isTransformer }],
    form: "bcos",
    recognise: isBcos,
  },
  {
    name: "timm",
    summary: "pytorch-image-models",
    rules: [...timmVgg, ...timmConvNeXt],
    drops: counters,
    restores: [restoredCounter],
    prefixes: [],
    recognise: (tensors) =>
      someName(tensors, "pre_logits.fc1.weight") || someName(tensors, "stages.#.blocks.#.conv_dw.weight"),
  },
  {
    name: "torchvision",
    summary: "torchvision, and whatever has its names or those of the model",
    rules: [...torchvisionVgg, ...torchvisionConvNeXt],
    drops: counters,
    restores: [restoredCounter],
    prefixes: [],
    recognise: () => true,
  },
];

/** Whether a tensor has a name of the pattern, behind whatever prefix. */
function someName(tensors: ReadonlyMap<string, StoredTensor>, pattern: string): boolean {
  const patterns = [pattern, `**.${pattern}`];
  return [...tensors.keys()].some((name) => patterns.some((p) => matchPattern(p, name) !== undefined));
}

/** The table of a source. */
export function sourceOf(name: SourceName): WeightSource {
  return sources.find((source) => source.name === name)!;
}

/** Whose networks are of the form and have the preset. */
export function usualTarget(form: Form, preset: BcosSettings["preset"]): SourceName {
  if (form === "standard") return "torchvision";
  return preset === "cosified" ? "bcosification" : `bcos-${preset}`;
}

/** The first source that a file seems to be of. */
export function recogniseSource(tensors: ReadonlyMap<string, StoredTensor>): WeightSource {
  return sources.find((source) => source.recognise(tensors))!;
}

/** Whether all numbers of a tensor are 0, of either sign. */
export function isZero({ dtype, bytes }: StoredTensor): boolean {
  const size = bytesOf(dtype);
  // The sign of a floating point number is the first bit of its last byte.
  return bytes.every((byte, i) => byte === 0 || (byte === 0x80 && isFloat(dtype) && i % size === size - 1));
}
