/** The B-cos settings after presets are applied. docs/language.md, "B-cos settings". */
import type { Variant } from "../layers/layer.ts";

export interface BcosSettings {
  readonly preset: "v1" | "v2" | "cosified";
  /** Exponent B ≥ 1. */
  readonly b: number;
  /** Units per output, ≥ 1. */
  readonly maxout: number;
  /** `none` · `v1(factor)` (divide by k·√C_in/factor, as Böhle et al. 2022 do) · `constant(divisor)`. */
  readonly scale: Variant;
  readonly weights: "unit" | "free";
  /**
   * What `norm` becomes. `batch`, `all`, `layer`, `position`, `instance`, `group(n)`, each also with `_uncentered`, or
   * `none`: over what the statistics go is written at the layer `norm`.
   */
  readonly norm: Variant;
  /** Whether B-cos norms keep their bias (published models do not). */
  readonly normBias: boolean;
  /** Whether B-cos layers keep the bias that their conventional ones have (published models do not). */
  readonly bias: boolean;
  readonly relu: "drop" | "keep";
  readonly gelu: "drop" | "keep";
  readonly maxPool: "average" | "keep";
  /** `add_inverse` · `add_inverse_normalized([mean…], [std…])` · `none`. */
  readonly encode: Variant;
  readonly head: "before_pool" | "after_pool";
  /** "auto" is −ln(classes − 1). */
  readonly logitBias: "auto" | number;
  readonly logitTemperature: number;
}
