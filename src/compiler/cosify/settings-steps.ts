/**
 * From a conventional network to its B-cos network in steps, each a B-cos network by itself: the first has settings under
 * which nothing but the input changes, and each step gives some settings the values that are wanted.
 */
import type { LayerArguments } from "../layers/layer.ts";
import type { LayerInstance, Network } from "../network/network.ts";
import type { BcosSettings } from "../network/settings.ts";

export const stepNames = [
  ...(["conventional", "encode", "head", "norm", "relu", "gelu", "max_pool", "weights", "scale", "b", "bias"] as const),
  "logit_layer",
] as const;

export type CosificationStepName = (typeof stepNames)[number];

type Later = Exclude<CosificationStepName, "conventional" | "encode">;

/** Which settings a step gives their values. Biases are the last that goes, as in the published procedure. */
const steps: readonly (readonly [Later, readonly (keyof BcosSettings)[]])[] = [
  ["head", ["head"]],
  ["norm", ["norm"]],
  ["relu", ["relu"]],
  ["gelu", ["gelu"]],
  ["max_pool", ["maxPool"]],
  ["weights", ["weights"]],
  ["scale", ["scale"]],
  ["b", ["b"]],
  ["bias", ["bias", "normBias"]],
  ["logit_layer", ["logitBias", "logitTemperature"]],
];

/** Under these a B-cos network is its conventional one. The exponent 1 makes a layer linear. */
const linearSettings: Omit<BcosSettings, "preset" | "encode" | "maxout"> = {
  b: 1,
  scale: { variant: "none", args: [] },
  weights: "free",
  norm: { variant: "batch", args: [] },
  normBias: true,
  bias: true,
  relu: "keep",
  gelu: "keep",
  maxPool: "keep",
  head: "after_pool",
  logitBias: 0,
  logitTemperature: 1,
};

export interface SettingsStep {
  readonly name: Exclude<CosificationStepName, "conventional">;
  readonly network: Network;
}

/** The last step is the network itself. */
export function settingsSteps(network: Network): readonly SettingsStep[] {
  let settings: BcosSettings = { ...network.settings, ...linearSettings };
  const wanted = new Set<keyof BcosSettings>();
  const found: SettingsStep[] = [{ name: "encode", network: withSettings(network, settings, wanted) }];
  for (const [name, keys] of steps) {
    for (const key of keys) wanted.add(key);
    settings = { ...settings, ...Object.fromEntries(keys.map((key) => [key, network.settings[key]])) };
    found.push({ name, network: withSettings(network, settings, wanted) });
  }
  return found;
}

/** Layers keep their own exponent, and whether their rows are normalised, once these are `wanted`. */
function withSettings(network: Network, settings: BcosSettings, wanted: ReadonlySet<keyof BcosSettings>): Network {
  const own = (layer: LayerInstance): LayerArguments => ({
    ...layer.arguments,
    ...(layer.arguments["b"] === undefined || wanted.has("b") ? {} : { b: 1 }),
    ...(layer.arguments["weights"] === undefined || wanted.has("weights") ? {} : { weights: "free" }),
  });
  return { ...network, settings, layers: network.layers.map((layer) => ({ ...layer, arguments: own(layer) })) };
}
