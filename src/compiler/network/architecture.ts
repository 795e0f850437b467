/** What weights belong to: a hash of everything that decides what a network computes with them, and of nothing else. */
import { canonicalJson } from "../plan/plan-json.ts";
import { sha256 } from "../../hash.ts";
import type { Form } from "../graph/program.ts";
import { layerTable } from "../layers/table.ts";
import type { LayerInstance, Network } from "./network.ts";

/**
 * SHA-256, hexadecimal, of layers, their arguments, connections and shapes, of the form and, in the B-cos form, of its
 * settings. Names of models, inputs and layers without weights may change, and so may the source's text and place.
 */
export function architectureHash(network: Network, form: Form): string {
  const { input, outputs, layers, settings } = network;
  const content = {
    form,
    input: input.shape,
    outputs: outputs.map(({ value }) => value),
    layers: layers.map((layer) => ({
      layer: layer.layer,
      arguments: layer.arguments,
      inputs: layer.inputs,
      shape: layer.shape,
      ...(hasWeights(layer) ? { path: layer.path } : {}),
    })),
    ...(form === "bcos" ? { settings } : {}),
  };
  return sha256(new TextEncoder().encode(canonicalJson(content)));
}

function hasWeights({ layer }: LayerInstance): boolean {
  return layerTable[layer]?.weighted === true;
}
