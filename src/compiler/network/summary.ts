/** The layer table of a network, as `inspect` lists it. */
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { costOf } from "../graph/cost.ts";
import { sizeOf, type Shape } from "../graph/graph.ts";
import type { Form } from "../graph/program.ts";
import { layerTable } from "../layers/table.ts";
import { checkForm, inForm } from "./forms.ts";
import { lower } from "./lower.ts";
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
  const lowered = lower(network, { name: "predict", form, batch: 1, training: false });
  const cost = costOf(lowered.graph.finish());
  const parameters = new Map<string, number>();
  for (const spec of lowered.state) {
    if (spec.role !== "weight") continue;
    const path = spec.path.slice(0, spec.path.lastIndexOf("."));
    parameters.set(path, (parameters.get(path) ?? 0) + sizeOf(spec.shape));
  }
  const written = new Map(network.layers.map((layer) => [layer.path, layer.layer]));
  return inForm(network, form).network.layers.map((layer) => {
    const becomes = form === "bcos" ? layerTable[layer.layer]?.becomes : undefined;
    return {
      path: layer.path,
      layer: written.get(layer.path) ?? layer.layer,
      became: becomes?.(layer.arguments, network.settings) ?? layer.layer,
      shape: layer.shape,
      parameters: parameters.get(layer.path) ?? 0,
      macs: cost.layers.get(layer.path)?.macs ?? 0,
    };
  });
}
