/**
 * The layers that meet the encoded input first. Behind `add_inverse_normalized` the input is [z, −z], where z is the
 * normalised input of the conventional network, and products with [w, −w]/2 give w·z: what the conventional layer gives.
 */
import { sizeOf } from "../../shape.ts";
import { diagnose } from "../../diagnostics/catalogue.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { numberOf } from "../layers/arguments.ts";
import type { LayerInstance, Network, NetworkValue } from "../network/network.ts";

export interface FirstLayers {
  /**
   * By weight path: in runs of how many channels the conventional layer's input becomes pairs of opposite signs along its
   * last axis.
   */
  readonly runs: ReadonlyMap<string, number>;
  /** What keeps the network from being converted. */
  readonly problems: readonly Diagnostic[];
}

/** Layers that move or average the values of a channel: of [z, −z] they make [z', −z'], channels where they were. */
const carriers = new Set([
  ...["identity", "crop", "tokens", "patches", "upsample", "dropout", "stochastic_depth"],
  ...["avg_pool", "global_avg_pool", "blur_pool"],
]);

/** `network` with its layers where the B-cos form has them. */
export function firstLayers(network: Network): FirstLayers {
  const runs = new Map<string, number>();
  const problems: Diagnostic[] = [];
  if (network.settings.encode.variant === "none") return { runs, problems };

  // Values that are [z, −z] in runs of so many channels.
  const paired = new Map<NetworkValue, number>([["input", network.input.shape.at(-1) ?? 0]]);
  network.layers.forEach((layer, index) => {
    const found = layer.inputs.map((value) => paired.get(value));
    const [run] = found;
    if (found.every((r) => r === undefined)) return;
    const alike = run !== undefined && found.every((r) => r === run);
    if (alike && isProduct(layer)) runs.set(layer.path, run);
    else if (alike && carries(layer)) paired.set(index, run * spread(layer));
    else problems.push(refusal(layer));
  });
  return { runs, problems };
}

function isProduct({ layer, arguments: args }: LayerInstance): boolean {
  return layer === "linear" || (layer === "conv" && numberOf(args, "groups") === 1);
}

function carries({ layer, arguments: args }: LayerInstance): boolean {
  if (layer === "pad") return numberOf(args, "channels") === 0;
  return carriers.has(layer) || layer === "flatten" || layer === "add" || layer === "concat";
}

/** `flatten` puts the pixels of an image side by side, channel by channel: a channel becomes so many. */
function spread({ layer, inputShapes }: LayerInstance): number {
  const [shape = []] = inputShapes;
  return layer === "flatten" && shape.length === 3 ? sizeOf(shape.slice(0, 2)) : 1;
}

function refusal(layer: LayerInstance): Diagnostic {
  const grouped = layer.layer === "depthwise_conv" || layer.layer === "conv";
  const reason = grouped
    ? `\`${layer.path}\` has groups of channels and sees the encoded input, whose [z, -z] would fall into different groups`
    : `\`${layer.path}\`, a layer \`${layer.layer}\`, sees the encoded input [z, -z] and does not give [y, -y] for it`;
  const hint = grouped
    ? "put a `conv` without groups before it"
    : "the input has to reach a `conv` or a `linear` first; layers that only move or average values may be between";
  return diagnose(
    "weights/cosify",
    { reason },
    { span: layer.span, expansion: layer.expansion, label: "sees the encoded input", hints: [hint] },
  );
}
