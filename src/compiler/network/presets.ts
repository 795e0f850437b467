/** The presets of the B-cos settings. */
import type { BcosSettings } from "./settings.ts";

/** The networks of Böhle et al. 2024 (TPAMI): no activations, uncentred batch norm, one unit an output. */
const v2: BcosSettings = {
  preset: "v2",
  b: 2,
  maxout: 1,
  scale: { variant: "none", args: [] },
  weights: "unit",
  norm: { variant: "batch_uncentered", args: [] },
  normBias: false,
  bias: false,
  relu: "drop",
  gelu: "drop",
  maxPool: "average",
  encode: { variant: "add_inverse", args: [] },
  head: "before_pool",
  logitBias: "auto",
  logitTemperature: 1,
};

/**
 * The networks of Böhle et al. 2022 (CVPR): two units an output and a constant divisor in every layer instead of norms. The
 * published ones differ in `scale` (VGG 1000, Inception 200) and in `logit_temperature`.
 */
const v1: BcosSettings = {
  ...v2,
  preset: "v1",
  maxout: 2,
  scale: { variant: "v1", args: [100] },
  norm: { variant: "none", args: [] },
  logitBias: Math.log(0.01 / 0.99),
};

/**
 * Pretrained conventional networks turned into B-cos ones (Arya et al. 2024): weights and activations as they are, the
 * input's normalisation inside the network. Means and deviations are ImageNet's.
 */
const cosified: BcosSettings = {
  ...v2,
  preset: "cosified",
  weights: "free",
  relu: "keep",
  gelu: "keep",
  encode: {
    variant: "add_inverse_normalized",
    args: [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ],
  },
};

export const presets: Readonly<Record<BcosSettings["preset"], BcosSettings>> = { v1, v2, cosified };

/** What a file without a `bcos { … }` block means. */
export const defaultSettings: BcosSettings = v2;
