/** The last map before the classifier: where Grad-CAM looks. */
import type { Form } from "../graph/program.ts";
import { layerTable } from "../layers/table.ts";
import { inForm } from "./forms.ts";
import type { LayerInstance, Network, NetworkValue } from "./network.ts";

/**
 * The path of the last value of more than one place, [H, W, C], that the classifier is computed from. The classifier is
 * everything from the first layer on whose path starts with the same name as that of the last layer with weights
 * (`classifier.0` … `classifier.2`). Undefined where there is none, as in networks whose last values are tokens.
 */
export function lastMap(source: Network, form: Form): string | undefined {
  const chain = chainToLogits(inForm(source, form).network);
  const last = chain.find(({ layer }) => layerTable[layer]?.weighted === true);
  if (last === undefined) return undefined;
  const first = chain.findLastIndex(({ path }) => nameOf(path) === nameOf(last.path));
  return chain.slice(first + 1).find(isMap)?.path;
}

/** The layers that the logits are computed by, the last one first, as far as each has one input. */
function chainToLogits({ layers, outputs }: Network): readonly LayerInstance[] {
  const chain: LayerInstance[] = [];
  const layerOf = (value: NetworkValue | undefined) => (typeof value === "number" ? layers[value] : undefined);
  let layer = layerOf(outputs[0]?.value);
  while (layer !== undefined) {
    chain.push(layer);
    layer = layer.inputs.length === 1 ? layerOf(layer.inputs[0]) : undefined;
  }
  return chain;
}

function nameOf(path: string): string {
  return path.split(".")[0]!;
}

function isMap({ shape }: LayerInstance): boolean {
  return shape.length === 3 && shape[0]! * shape[1]! > 1;
}
