/** The settings of `bcos { … }` by the names that the language gives them, and what their values mean. */
import { normVariants } from "../composites/norm.ts";
import type { ArgumentType, ArgumentValue, LayerParameter, Variant } from "../layers/layer.ts";
import { presets } from "./presets.ts";
import type { BcosSettings } from "./settings.ts";

function setting(name: string, type: ArgumentType, doc: string): LayerParameter {
  return { name, type, required: false, default: undefined, doc };
}

/** No setting has a default of its own: what isn't written is as in the preset, and the preset is `v2` if none is named. */
export const settingTable: readonly LayerParameter[] = [
  setting(
    "preset",
    { kind: "enum", values: ["v1", "v2", "cosified"] },
    "Where the other settings start from: `v1` the networks of 2022 (MaxOut 2, a constant scale a layer, no norms), `v2` " +
      "those of 2024, `cosified` pretrained conventional networks turned into B-cos ones.",
  ),
  setting("b", { kind: "float", min: 1 }, "Exponent B: how strongly a layer prefers inputs aligned with its weights."),
  setting("maxout", { kind: "int", min: 1 }, "Units per output of every layer; the largest one counts."),
  setting(
    "scale",
    { kind: "variant", variants: { none: [], v1: ["float"], constant: ["float"] } },
    "Constant divisor of a layer's output: `none`, `v1(factor)` for k * sqrt(C) / factor with a k x k kernel and C input " +
      "channels, or `constant(divisor)`.",
  ),
  setting(
    "weights",
    { kind: "enum", values: ["unit", "free"] },
    "Whether the rows of the weights are normalised to length 1 (`unit`) or taken as they are (`free`).",
  ),
  setting("norm", { kind: "variant", variants: normVariants }, "What `norm` without a kind becomes; `none` drops it."),
  setting("norm_bias", { kind: "bool" }, "Whether norms have a bias. It is a constant part of explanations."),
  setting(
    "bias",
    { kind: "bool" },
    "Whether products with a bias keep it. It is added behind everything else, and is a constant part of explanations.",
  ),
  setting("relu", { kind: "enum", values: ["drop", "keep"] }, "Whether `relu` stays."),
  setting(
    "gelu",
    { kind: "enum", values: ["drop", "keep"] },
    "Whether `gelu` and `silu` stay, as products with a dynamic factor.",
  ),
  setting("max_pool", { kind: "enum", values: ["average", "keep"] }, "Whether `max_pool` becomes an average."),
  setting(
    "encode",
    { kind: "variant", variants: { add_inverse: [], add_inverse_normalized: ["list", "list"], none: [] } },
    "How the input is encoded: `add_inverse` as [x, 1 - x], which doubles its channels; " +
      "`add_inverse_normalized([means], [deviations])` normalises that inside the network; `none` leaves it. The " +
      "conventional form heeds this one alone: it normalises its input by the same lists.",
  ),
  setting(
    "head",
    { kind: "enum", values: ["before_pool", "after_pool"] },
    "Whether the classifier behind `global_avg_pool` is applied to the map before it, or stays behind.",
  ),
  setting(
    "logit_bias",
    { kind: "auto_float" },
    "Constant added to the logits. `auto` is -ln(classes - 1): every class starts at the probability 1 / classes.",
  ),
  setting("logit_temperature", { kind: "float" }, "What the logits are divided by before the bias is added."),
];

/** The value of a setting by the name that the language gives it: `max_pool` is the field `maxPool`. */
export function settingValue(settings: BcosSettings, name: string): ArgumentValue {
  const field = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const value = (settings as unknown as Readonly<Record<string, ArgumentValue | undefined>>)[field];
  if (value === undefined) throw new Error(`the settings have no ${field}`);
  return value;
}

/** Checked values by name → settings. What isn't there is as in the preset that is, else as in `base`. */
export function applySettings(
  base: BcosSettings,
  values: Readonly<Record<string, ArgumentValue | undefined>>,
): BcosSettings {
  // The checker guarantees the types that the table declares.
  const value = <T>(name: string): T | undefined => values[name] as T | undefined;
  const preset = value<BcosSettings["preset"]>("preset");
  const start = preset === undefined ? base : presets[preset];
  return {
    preset: start.preset,
    b: value<number>("b") ?? start.b,
    maxout: value<number>("maxout") ?? start.maxout,
    scale: value<Variant>("scale") ?? start.scale,
    weights: value<BcosSettings["weights"]>("weights") ?? start.weights,
    norm: value<Variant>("norm") ?? start.norm,
    normBias: value<boolean>("norm_bias") ?? start.normBias,
    bias: value<boolean>("bias") ?? start.bias,
    relu: value<"drop" | "keep">("relu") ?? start.relu,
    gelu: value<"drop" | "keep">("gelu") ?? start.gelu,
    maxPool: value<BcosSettings["maxPool"]>("max_pool") ?? start.maxPool,
    encode: value<Variant>("encode") ?? start.encode,
    head: value<BcosSettings["head"]>("head") ?? start.head,
    logitBias: value<"auto" | number>("logit_bias") ?? start.logitBias,
    logitTemperature: value<number>("logit_temperature") ?? start.logitTemperature,
  };
}
