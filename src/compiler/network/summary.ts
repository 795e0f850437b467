/** The layer table of a network, as `inspect` lists it. */
import { BcosError } from "../../diagnostics/diagnostic.ts";
import type { Shape } from "../graph/graph.ts";
import type { Form } from "../graph/program.ts";
import { layerTable } from "../layers/table.ts";
import { checkForm } from "./forms.ts";
import { measureLayers } from "./measure.ts";
import type { Network } from "./network.ts";

export interface LayerSummary {
  readonly path: string;
  /** Name of the layer in the source. */
  readonly layer: string;
  /** What the form makes of it: `B-cos conv, B 2`, `batch_uncentered`, `dropped`; the layer's name where it stays. */
  readonly became: string;
  /** Of the output, without the batch. */
  readonly shape: Shape;
  /** Trainable numbers. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products, a sample. */
  readonly macs: number;
}

/**
 * In the order in which the form computes them: the classifier may stand before the pool. Throws a `BcosError` where the
 * network can't be lowered in the form (see `checkForm`).
 */
export function summarise(network: Network, form: Form): readonly LayerSummary[] {
  const problems = checkForm(network, form);
  if (problems.length > 0) throw new BcosError(problems);
  return summariseKnown(network, form).map((layer) => {
    const { parameters, macs } = layer;
    if (parameters === undefined || macs === undefined) throw new Error(`${layer.path} has no measure`);
    return { ...layer, parameters, macs };
  });
}

export type KnownSummary = Omit<LayerSummary, "parameters" | "macs"> & {
  readonly parameters: number | undefined;
  readonly macs: number | undefined;
};

/** The same of a network that may have errors: where the form does not fit, parameters and MACs are unknown. */
export function summariseKnown(network: Network, form: Form): readonly KnownSummary[] {
  const written = new Map(network.layers.map((layer) => [layer.path, layer.layer]));
  return measureLayers(network, form).map(({ layer, measure }) => {
    const becomes = form === "bcos" ? layerTable[layer.layer]?.becomes : undefined;
    return {
      path: layer.path,
      layer: written.get(layer.path) ?? layer.layer,
      became: becomes?.(layer.arguments, network.settings) ?? layer.layer,
      shape: layer.shape,
      parameters: measure?.parameters,
      macs: measure?.macs,
    };
  });
}
