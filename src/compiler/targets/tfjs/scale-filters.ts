/**
 * A product with weights, then a factor for each channel that is known with the weights, as norms have it where statistics
 * are not those of the batch: the factor goes into the weights, which are scaled once and not in every run. Only for plans that
 * leave the state alone.
 */
import type { TfjsCall, TfjsCallOf } from "./call.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { isRow } from "./fuse.ts";
import type { Copied } from "./passes.ts";

type Product = TfjsCallOf<"matMul"> | TfjsCallOf<"conv2d"> | TfjsCallOf<"depthwiseConv2d">;

/** The call in the new plan for one of the old; undefined where it stays as it is. `inputs` are values of the new plan. */
export function scaleFilters(
  b: CallBuilder,
  call: TfjsCall,
  inputs: readonly CallValue[],
  copied: Copied,
): CallValue | undefined {
  if (call.op !== "mul" && call.op !== "div") return undefined;
  for (const side of call.op === "mul" ? ([0, 1] as const) : ([0] as const)) {
    const product = copied.uses(call.inputs[side]!) === 1 ? productAt(b, inputs[side]!) : undefined;
    const factor = inputs[1 - side]!;
    if (product === undefined || call.shape.length !== product.shape.length) continue;
    const channels = product.shape.at(-1)!;
    const [x, weights] = product.inputs as readonly [CallValue, CallValue];
    if (!isRow(b.shapeOf(factor), channels) || !copied.isPrepared(weights) || !copied.isPrepared(factor)) continue;
    // The channels are the last axis of filters, or, channel by channel, the last two.
    const row = product.op === "depthwiseConv2d" ? b.shapeOf(weights).slice(2) : [channels];
    const scaled = b.call(call.op, [weights, c.reshape(b, factor, row)], {});
    return b.call(product.op, [x, scaled], product.attributes as never);
  }
  return undefined;
}

/** Without an epilogue: the factor would have to go into the bias too. */
function productAt(b: CallBuilder, value: CallValue): Product | undefined {
  const { call } = b.entries[value]!;
  if (call?.op === "depthwiseConv2d") return call;
  if (call?.op !== "conv2d" && call?.op !== "matMul") return undefined;
  if (call.attributes.bias || call.attributes.activation !== "linear") return undefined;
  if (call.op === "conv2d") return call;
  return call.shape.length === 2 && !call.attributes.transposeB ? call : undefined;
}
