/**
 * What each layer of a network holds and costs. Layers are lowered one by one, and equal ones once, so that tools can ask
 * again after every keystroke, also for networks that end at an error.
 */
import { costOf } from "../graph/cost.ts";
import { sizeOf, type Shape } from "../graph/graph.ts";
import type { Form } from "../graph/program.ts";
import { layerTable } from "../layers/table.ts";
import { encodedShape, inForm } from "./forms.ts";
import { lowerAlone } from "./lower.ts";
import type { LayerInstance, Network } from "./network.ts";
import type { BcosSettings } from "./settings.ts";

export interface LayerMeasure {
  /** Of the output in the form, without the batch. */
  readonly shape: Shape;
  /** Trainable numbers. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products, a sample. */
  readonly macs: number;
}

export interface MeasuredLayer {
  /** As the form has it: a classifier may be a convolution before the pool. */
  readonly layer: LayerInstance;
  /** `undefined` where the form does not fit it, or a layer before it: see `checkForm`. */
  readonly measure: LayerMeasure | undefined;
}

/** In the order in which the form computes them. */
export function measureLayers(source: Network, form: Form): readonly MeasuredLayer[] {
  const { network } = inForm(source, form);
  const { settings } = network;
  const input = encodedShape(network.input.shape, settings, form);
  const settingsKey = JSON.stringify(settings);
  const found: MeasuredLayer[] = [];
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((value) => (value === "input" ? input : found[value]?.measure?.shape));
    const known = inputs.every((shape) => shape !== undefined);
    found.push({ layer, measure: known ? measured(layer, inputs, settings, form, settingsKey) : undefined });
  }
  return found;
}

/** By all that a measure depends on. */
const measures = new Map<string, LayerMeasure | undefined>();
const keptMeasures = 20_000;

function measured(
  layer: LayerInstance,
  inputs: readonly Shape[],
  settings: BcosSettings,
  form: Form,
  settingsKey: string,
): LayerMeasure | undefined {
  const key = `${form} ${layer.layer} ${JSON.stringify([layer.arguments, inputs])} ${settingsKey}`;
  if (measures.has(key)) return measures.get(key);
  if (measures.size >= keptMeasures) measures.clear();
  const measure = measureOne(layer, inputs, settings, form);
  measures.set(key, measure);
  return measure;
}

function measureOne(
  layer: LayerInstance,
  inputs: readonly Shape[],
  settings: BcosSettings,
  form: Form,
): LayerMeasure | undefined {
  const definition = layerTable[layer.layer];
  if (definition === undefined) throw new Error(`there is no layer ${layer.layer}`);
  const args = form === "bcos" ? (definition.settled?.(layer.arguments, settings) ?? layer.arguments) : layer.arguments;
  if ("problem" in definition.shape(args, inputs)) return undefined;
  const { graph, value, state } = lowerAlone(layer, inputs, settings, form);
  const weights = state.filter((spec) => spec.role === "weight");
  return {
    shape: graph.shapeOf(value).slice(1),
    parameters: weights.reduce((sum, spec) => sum + sizeOf(spec.shape), 0),
    macs: costOf(graph.finish()).total.macs,
  };
}
