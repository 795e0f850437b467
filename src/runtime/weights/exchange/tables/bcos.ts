/** Names of B-cos layers, which keep their product in a module of its own: `conv1.linear.weight`. */
import type { RenameRule, Telltale } from "../rules.ts";

const attention: Telltale = { file: "**.to_qkv.weight", model: "**.to_qkv.weight" };

/** Layers one after the other without names, as in the networks of nine layers. */
export const bareSequence: Telltale = { file: "#.linear.weight", model: "layer#.weight" };

export const isTransformer: Telltale = attention;

export const bcosRules: readonly RenameRule[] = [
  { ...bareSequence, minRank: 2 },
  // Queries, keys and values are no B-cos layer.
  { ...attention },
  // Convolutional networks have their linear layers as convolutions of 1x1, transformers as they are.
  { file: "**.linear.weight", model: "**.weight", minRank: 2, reshape: "pointwise", unless: attention },
  { file: "**.linear.weight", model: "**.weight", minRank: 2 },
  { file: "**.layer_scale", model: "**.layer_scale.weight", reshape: "per_channel" },
];
