/** Bounds the number of weights of a model, before anything makes room for them. */
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { layerTable } from "../layers/table.ts";
import type { LayerInstance } from "../network/network.ts";
import type { BcosSettings } from "../network/settings.ts";
import { limits } from "./limits.ts";

/** The finding at the layer with which the weights pass the limit, if they do. */
export function checkWeights(layers: readonly LayerInstance[], settings: BcosSettings): Diagnostic | undefined {
  let total = 0;
  for (const layer of layers) {
    total += weightsOf(layer, settings);
    // Not `total > limit`, so that a number that is none does not pass.
    if (total <= limits.weights) continue;
    const { span, expansion } = layer;
    return diagnose("limit/weights", { limit: "2^31", path: layer.path }, { span, expansion });
  }
  return undefined;
}

/** Weights of a product, k·k·C_in/groups·C_out·units, in the B-cos form. Other layers have at most a few a channel. */
function weightsOf({ layer, arguments: args, inputShapes, shape }: LayerInstance, settings: BcosSettings): number {
  if (layerTable[layer]?.category !== "linear") return 0;
  const { kernel, groups, multiplier, maxout } = args;
  const area = Array.isArray(kernel) ? kernel.reduce((a: number, b: number) => a * b, 1) : 1;
  const inputs = inputShapes[0]?.at(-1) ?? 0;
  // A layer with a multiplier treats each channel by itself.
  const seen = multiplier === undefined ? inputs / (typeof groups === "number" ? groups : 1) : 1;
  const units = typeof maxout === "number" ? maxout : settings.maxout;
  return area * seen * (shape.at(-1) ?? 0) * units;
}
