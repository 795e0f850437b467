/** The expanded network as text, one line a layer. The same network always gives the same text. */
import type { ArgumentValue } from "../compiler/layers/layer.ts";
import type { Network, NetworkValue } from "../compiler/network/network.ts";
import { formatShape } from "./table.ts";

/** e.g. `%3 = conv(%2) width=64 kernel=[3,3] : [56, 56, 64]   # layer1.0.conv1` */
export function printNetwork(network: Network): string {
  const valueName = (value: NetworkValue): string => (value === "input" ? `%${network.input.name}` : `%${value}`);
  const values = Object.entries(network.parameters).map(([name, value]) => `${name}=${String(value)}`);
  const layers = network.layers.map((layer, i) => {
    const inputs = layer.inputs.map(valueName).join(", ");
    const args = Object.entries(layer.arguments)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${argumentText(value!)}`);
    return `%${i} = ${layer.layer}(${inputs})${args.join("")} : ${formatShape(layer.shape)}   # ${layer.path}`;
  });
  return [
    `network ${network.name}${values.map((v) => ` ${v}`).join("")}`,
    `input ${network.input.name} : ${formatShape(network.input.shape)}`,
    ...layers,
    ...network.outputs.map((o) => `output ${o.name} = ${valueName(o.value)} : ${formatShape(o.shape)}`),
    ...network.scopes.map((s) => `scope ${s.path} = ${valueName(s.value)}`),
    ...Object.entries(network.settings).map(
      ([name, value]) => `setting ${name} = ${argumentText(value as ArgumentValue)}`,
    ),
    "",
  ].join("\n");
}

function argumentText(value: ArgumentValue): string {
  if (typeof value === "object" && "variant" in value) {
    return value.args.length === 0
      ? value.variant
      : `${value.variant}(${value.args.map((a) => JSON.stringify(a)).join(", ")})`;
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
