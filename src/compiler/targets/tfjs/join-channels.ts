/**
 * An image's channels beside the same ones times a factor or away from a number, as the encoding [x, 1 − x] has them: as a
 * convolution of single pixels. Putting channels side by side copies pixel by pixel, which some backends are slow at.
 */
import type { TfjsConvolution } from "./call.ts";
import { MAX_RANK, type CallBuilder, type CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import type { CallRule } from "./passes.ts";

/** Channels of the result; with more the products with zeros take longer than copies. */
const MOST_CHANNELS = 16;

const pointwise: TfjsConvolution = { strides: [1, 1], padding: [0, 0, 0, 0], dilations: [1, 1] };

export const joinChannels: CallRule = (b, call, inputs) => {
  if (!b.capabilities.choices.channelsByProducts || call.op !== "concat") return undefined;
  const channels = call.shape.at(-1)!;
  if (call.shape.length !== MAX_RANK || call.attributes.axis !== MAX_RANK - 1 || channels > MOST_CHANNELS)
    return undefined;
  const parts = inputs.map((input) => affine(b, input));
  const { base } = parts[0]!;
  if (parts.some((part) => part.base !== base)) return undefined;
  const each = channels / parts.length;
  const filter = Array.from({ length: each }, (_, from) =>
    parts.flatMap(({ factor }) => Array.from({ length: each }, (_, to) => (to === from ? factor : 0))),
  ).flat();
  const bias = parts.flatMap(({ offset }) => Array.from({ length: each }, () => offset));
  return b.call("conv2d", [base, c.constant(b, filter, [1, 1, each, channels]), c.constant(b, bias, [channels])], {
    ...pointwise,
    bias: true,
    activation: "linear",
  });
};

interface Affine {
  readonly base: CallValue;
  readonly factor: number;
  readonly offset: number;
}

/** factor · base + offset. */
function affine(b: CallBuilder, value: CallValue): Affine {
  const { call } = b.entries[value]!;
  const number = (input: CallValue): number | undefined => {
    const { leaf, shape } = b.entries[input]!;
    return leaf?.kind === "constant" && shape.length === 0 ? leaf.values[0] : undefined;
  };
  if (call?.op === "sub") {
    const offset = number(call.inputs[0]!);
    if (offset !== undefined) return { base: call.inputs[1]!, factor: -1, offset };
  }
  return { base: value, factor: 1, offset: 0 };
}
