/**
 * The classifier before the pooling: B-cos networks apply it to every pixel of the last map and average its outputs, so
 * that each place has logits of its own (Böhle et al. 2024).
 */
import type { Shape } from "../graph/graph.ts";
import { auxiliaryOutputs, type LayerInstance, type Network, type NetworkValue } from "./network.ts";

/** Layers that mean the same to a pixel as to a vector, and so may change places with the average. */
const pointwise = new Set(["linear", "norm", "relu", "leaky_relu", "gelu", "silu", "dropout", "identity", "flatten"]);

export interface MovedHead {
  readonly network: Network;
  /** The classifiers' layers as written; empty where no output ends in `global_avg_pool -> … -> linear`. */
  readonly moved: readonly LayerInstance[];
}

/**
 * `map -> global_avg_pool -> … -> linear` becomes `map -> … -> conv 1x1 -> global_avg_pool`, for the logits and for
 * auxiliary classifiers. A weight keeps its path; its shape becomes [classes, 1, 1, C].
 */
export function headBeforePool(network: Network): MovedHead {
  const ends = [...network.outputs.slice(0, 1), ...auxiliaryOutputs(network)].map(({ value }) => value);
  return ends.reduce<MovedHead>(
    (before, end) => {
      const { network, moved } = oneHeadBeforePool(before.network, end);
      return { network, moved: [...before.moved, ...moved] };
    },
    { network, moved: [] },
  );
}

function oneHeadBeforePool(network: Network, end: NetworkValue): MovedHead {
  const chain = headChain(network, end);
  const moved = chain.flatMap((i) => network.layers[i] ?? []).filter((layer) => layer.layer === "linear");
  const [poolAt = 0] = chain;
  const pool = network.layers[poolAt];
  if (moved.length === 0 || pool === undefined) return { network, moved: [] };

  // The layers behind the pool move up one place of the chain each, the pool takes the last one.
  const layers = [...network.layers];
  let value: NetworkValue = pool.inputs[0] ?? "input";
  let shape: Shape = pool.inputShapes[0] ?? [];
  chain.forEach((place, i) => {
    const next = chain[i + 1];
    const from = next === undefined ? pool : network.layers[next];
    if (from === undefined) throw new Error("a head with a missing layer");
    const layer = next === undefined ? from : onPixels(from, network.settings.bias);
    const out: Shape = next === undefined ? shape.slice(-1) : [...shape.slice(0, -1), from.shape.at(-1) ?? 0];
    layers[place] = { ...layer, inputs: [value], inputShapes: [shape], shape: out };
    value = place;
    shape = out;
  });
  // Names of values inside the chain don't exist any more.
  const inside = new Set<NetworkValue>(chain.slice(0, -1));
  return {
    network: { ...network, layers, scopes: network.scopes.filter((scope) => !inside.has(scope.value)) },
    moved,
  };
}

/** Indices of the pool and of all behind it up to an output; empty where the output isn't made like that. */
function headChain(network: Network, end: NetworkValue): readonly number[] {
  const uses = new Map<NetworkValue, number>();
  for (const layer of network.layers) for (const input of layer.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  for (const output of network.outputs) uses.set(output.value, (uses.get(output.value) ?? 0) + 1);

  const chain: number[] = [];
  let value: NetworkValue | undefined = end;
  while (typeof value === "number" && uses.get(value) === 1) {
    const layer: LayerInstance | undefined = network.layers[value];
    if (layer === undefined) break;
    chain.unshift(value);
    if (layer.layer === "global_avg_pool") return (layer.inputShapes[0]?.length ?? 0) === 3 ? chain : [];
    if (!pointwise.has(layer.layer)) break;
    value = layer.inputs[0];
  }
  return [];
}

function onPixels(layer: LayerInstance, keepBias: boolean): LayerInstance {
  // Behind the pool there is only a vector: nothing to flatten.
  if (layer.layer === "flatten") return { ...layer, layer: "identity", arguments: {} };
  if (layer.layer !== "linear") return layer;
  return {
    ...layer,
    layer: "conv",
    arguments: {
      ...layer.arguments,
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      bias: keepBias && layer.arguments["bias"] === true,
    },
  };
}
