/** Small networks written by hand, with the shapes that the layer table infers: what the checker would hand over. */
import type { Shape } from "../../src/compiler/graph/graph.ts";
import type { ArgumentValue, LayerArguments } from "../../src/compiler/layers/layer.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import type { LayerInstance, Network, NetworkValue } from "../../src/compiler/network/network.ts";
import { defaultSettings } from "../../src/compiler/network/presets.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";

export interface NetBuilder {
  /** Adds a layer and returns its value. Arguments that are left out have their defaults. */
  layer(
    layer: string,
    path: string,
    inputs: NetworkValue | readonly NetworkValue[],
    given?: Readonly<Record<string, ArgumentValue>>,
  ): NetworkValue;
  scope(path: string, value: NetworkValue): void;
  finish(logits: NetworkValue, settings?: Partial<BcosSettings>): Network;
}

/** Defaults filled in, as the checker does. */
export function argumentsOf(layer: string, given: Readonly<Record<string, ArgumentValue>>): LayerArguments {
  const definition = layerTable[layer];
  if (definition === undefined) throw new Error(`no layer ${layer}`);
  for (const name of Object.keys(given))
    if (!definition.parameters.some((p) => p.name === name)) throw new Error(`${layer} has no ${name}`);
  return Object.fromEntries(
    definition.parameters.map((parameter) => {
      const value = given[parameter.name] ?? parameter.default;
      if (value === undefined && parameter.required) throw new Error(`${layer} needs ${parameter.name}`);
      const pair = parameter.type.kind === "pair" || parameter.type.kind === "padding";
      return [parameter.name, pair && typeof value === "number" ? [value, value] : value];
    }),
  );
}

export function net(inputShape: Shape): NetBuilder {
  const layers: LayerInstance[] = [];
  const scopes: { path: string; value: NetworkValue }[] = [];
  const span = (index: number) => ({ file: "net.bcos", start: 10 * index, end: 10 * index + 5 });
  const shapeOf = (value: NetworkValue): Shape => (value === "input" ? inputShape : layers[value]!.shape);
  return {
    layer(layer, path, inputs, given = {}) {
      const values = typeof inputs === "object" ? inputs : [inputs];
      const inputShapes = values.map(shapeOf);
      const args = argumentsOf(layer, given);
      const result = layerTable[layer]!.shape(args, inputShapes);
      if ("problem" in result) throw new Error(`${path}: ${JSON.stringify(result.problem)}`);
      layers.push({
        layer,
        path,
        arguments: args,
        inputs: values,
        inputShapes,
        shape: result.shape,
        span: span(layers.length),
        expansion: [],
      });
      return layers.length - 1;
    },
    scope: (path, value) => scopes.push({ path, value }),
    finish: (logits, settings = {}) => ({
      name: "Net",
      doc: "",
      parameters: {},
      input: { name: "image", shape: inputShape, span: { file: "net.bcos", start: 0, end: 3 } },
      outputs: [{ name: "logits", value: logits, shape: shapeOf(logits) }],
      layers,
      scopes,
      settings: { ...defaultSettings, ...settings },
    }),
  };
}

/** Two 3x3 layers and a skip, projected when the shape changes. */
export function basicBlock(b: NetBuilder, path: string, x: NetworkValue, channels: number, width: number, stride = 1) {
  let y = b.layer("conv", `${path}.conv1`, x, { width, kernel: 3, stride });
  y = b.layer("norm", `${path}.bn1`, y);
  y = b.layer("relu", `${path}.relu1`, y);
  y = b.layer("conv", `${path}.conv2`, y, { width, kernel: 3 });
  y = b.layer("norm", `${path}.bn2`, y);
  let skip = x;
  if (stride !== 1 || channels !== width) {
    skip = b.layer("conv", `${path}.downsample.0`, x, { width, kernel: 1, stride });
    skip = b.layer("norm", `${path}.downsample.1`, skip);
  }
  const sum = b.layer("add", `${path}.add`, [y, skip]);
  const out = b.layer("relu", `${path}.relu2`, sum);
  b.scope(path, out);
  return out;
}

export interface ResNetOptions {
  readonly size: number;
  readonly widths: readonly number[];
  readonly blocks: readonly number[];
  readonly classes: number;
  /** 7x7 stride 2 and a pool, as for ImageNet, instead of 3x3. */
  readonly large?: boolean;
  readonly settings?: Partial<BcosSettings>;
}

export function resNet({ size, widths, blocks, classes, large = false, settings = {} }: ResNetOptions): Network {
  const b = net([size, size, 3]);
  const first = widths[0]!;
  let x = b.layer(
    "conv",
    "conv1",
    "input",
    large ? { width: first, kernel: 7, stride: 2 } : { width: first, kernel: 3 },
  );
  x = b.layer("norm", "bn1", x);
  x = b.layer("relu", "relu", x);
  if (large) x = b.layer("max_pool", "maxpool", x, { kernel: 3, stride: 2 });
  let channels = first;
  widths.forEach((width, stage) => {
    for (let i = 0; i < blocks[stage]!; i++) {
      x = basicBlock(b, `layer${stage + 1}.${i}`, x, channels, width, stage > 0 && i === 0 ? 2 : 1);
      channels = width;
    }
    b.scope(`layer${stage + 1}`, x);
  });
  x = b.layer("global_avg_pool", "avgpool", x);
  x = b.layer("linear", "fc", x, { width: classes });
  b.scope("logits", x);
  return b.finish(x, settings);
}
