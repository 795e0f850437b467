/**
 * Every layer of the language. The checker, the editor services, the lowering and the reference documentation read this
 * table; a new layer is a definition in a file beside this one and a line here.
 */
import { gelu, leakyRelu, relu, sigmoid, silu } from "./activations.ts";
import { conv, depthwiseConv } from "./conv.ts";
import { crop, flatten, identity, pad, upsample } from "./form.ts";
import { add, concat, mul } from "./joins.ts";
import type { LayerDefinition } from "./layer.ts";
import { linear } from "./linear.ts";
import { norm } from "./norm.ts";
import { avgPool, blurPool, globalAvgPool, maxPool } from "./pools.ts";
import { dropout, layerScale, stochasticDepth } from "./regularisation.ts";
import { attention, patches, positionEmbed, tokens } from "./tokens.ts";

const layers: readonly LayerDefinition[] = [
  conv,
  depthwiseConv,
  linear,
  norm,
  relu,
  leakyRelu,
  gelu,
  silu,
  sigmoid,
  maxPool,
  avgPool,
  globalAvgPool,
  blurPool,
  dropout,
  stochasticDepth,
  layerScale,
  flatten,
  crop,
  pad,
  upsample,
  identity,
  add,
  mul,
  concat,
  patches,
  positionEmbed,
  tokens,
  attention,
];

/** By the name that the language gives it. Has no prototype: any name can be looked up. */
export const layerTable: Readonly<Record<string, LayerDefinition>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, LayerDefinition>,
    Object.fromEntries(layers.map((l) => [l.name, l])),
  ),
);
