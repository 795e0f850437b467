/** Products with what follows them: a bias, then relu, become part of the call where nothing else needs the sums. */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { TfjsCallOf, TfjsCall } from "./call.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import type { Copied } from "./passes.ts";

type Product = TfjsCallOf<"matMul"> | TfjsCallOf<"conv2d">;

/** The call in the new plan for one of the old; undefined where it stays as it is. `inputs` are values of the new plan. */
export function fuseEpilogue(
  b: CallBuilder,
  call: TfjsCall,
  inputs: readonly CallValue[],
  copied: Copied,
): CallValue | undefined {
  if (call.op === "relu") {
    const product = productAt(b, call.inputs[0]!, inputs[0]!, copied);
    if (product === undefined || product.attributes.activation !== "linear") return undefined;
    return again(b, product, product.inputs, { activation: "relu" });
  }
  if (call.op !== "add") return undefined;
  for (const side of [0, 1] as const) {
    const product = productAt(b, call.inputs[side]!, inputs[side]!, copied);
    const bias = inputs[1 - side]!;
    if (product === undefined || product.attributes.bias || product.attributes.activation !== "linear") continue;
    const channels = product.shape.at(-1)!;
    if (!isRow(b.shapeOf(bias), channels) || call.shape.length !== product.shape.length) continue;
    return again(b, product, [...product.inputs, row(b, bias, channels)], { bias: true });
  }
  return undefined;
}

/** One number a channel, for all rows. */
export const isRow = (shape: Shape, channels: number): boolean =>
  sizeOf(shape) === channels && (channels === 1 || shape.at(-1) === channels);

/** One number a channel, of shape [channels]; where the backend looks at the shape that the numbers were made in, in that. */
function row(b: CallBuilder, x: CallValue, channels: number): CallValue {
  const reshaped = c.reshape(b, x, [channels]);
  const isAsMade = b.entries[reshaped]!.call?.op !== "reshape";
  return isAsMade || !b.capabilities.biasesAsMade ? reshaped : c.add(b, reshaped, c.filled(b, 0, [channels]));
}

function productAt(b: CallBuilder, old: CallValue, value: CallValue, copied: Copied): Product | undefined {
  const call = b.entries[value]!.call;
  if (copied.uses(old) !== 1) return undefined;
  if (call?.op === "conv2d") return call;
  return call?.op === "matMul" && call.shape.length === 2 ? call : undefined;
}

function again(
  b: CallBuilder,
  { op, attributes }: Product,
  inputs: readonly CallValue[],
  changes: Partial<Product["attributes"]>,
): CallValue {
  return b.call(op, inputs, { ...attributes, ...changes } as never);
}
