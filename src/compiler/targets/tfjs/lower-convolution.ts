/**
 * Convolutions and their gradients. x [N,H,W,C], weights [O,kh,kw,C/groups] as the graph has them. With groups of one channel
 * they are depthwise, with others each group is a convolution of its own.
 *
 * Gradients are convolutions forward where that is chosen: to the input of the cotangent with zeros between its pixels and the
 * reversed filters; to the weights of the transposed input with the transposed cotangent as filters, dilated by the stride.
 */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { ConvAttributes } from "../../graph/graph.ts";
import type { TfjsConvolution } from "./call.ts";
import { MAX_RANK, type CallBuilder, type CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { around, convolve, stuffed, taps, underStrides } from "./lower-geometry.ts";
import { matrixProduct } from "./lower-matmul.ts";
import { sumOver } from "./lower-reductions.ts";
import { transposedConvolution, transposedDepthwise, type Geometry, type TapFilters } from "./lower-transposed.ts";

type Four = readonly [number, number, number, number];
type Pair = readonly [number, number];

const four = (shape: Shape): Four => shape as unknown as Four;

/** [O,kh,kw,I] → [kh,kw,I,O]. */
function filters(b: CallBuilder, w: CallValue, shape: Shape): CallValue {
  const [outputs, height, width, inputs] = four(shape);
  const columns = c.transpose(b, c.reshape(b, w, [outputs, height * width * inputs]), [1, 0]);
  return c.reshape(b, columns, [height, width, inputs, outputs]);
}

/** [C·M,kh,kw,1] → [kh,kw,C,M]. */
function depthwiseFilters(b: CallBuilder, w: CallValue, shape: Shape, channels: number): CallValue {
  const [outputs, height, width] = four(shape);
  const columns = c.transpose(b, c.reshape(b, w, [outputs, height * width]), [1, 0]);
  return c.reshape(b, columns, [height, width, channels, outputs / channels]);
}

function isPointwise({ kernel, padding }: Geometry): boolean {
  return sizeOf(kernel) === 1 && padding.every((p) => p === 0);
}

/** Channels `from` … `from + count` of an image. */
function channelsOf(b: CallBuilder, x: CallValue, from: number, count: number): CallValue {
  const shape = b.shapeOf(x);
  const start = shape.map((_, axis) => (axis === MAX_RANK - 1 ? from : 0));
  return c.slice(b, x, start, [...shape.slice(0, -1), count]);
}

/** Outputs `from` … of weights. */
function outputsOf(b: CallBuilder, w: CallValue, from: number, count: number): CallValue {
  return c.slice(b, w, [from, 0, 0, 0], [count, ...b.shapeOf(w).slice(1)]);
}

const single = (conv: ConvAttributes): ConvAttributes => ({ ...conv, groups: 1 });

/** What `body` makes of each group, along an axis. */
function byGroup(b: CallBuilder, groups: number, axis: number, body: (group: number) => CallValue): CallValue {
  return c.concat(b, Array.from({ length: groups }, (_, group) => body(group)), axis); // prettier-ignore
}

/** How many groups of `each` channels are done as one, with zeros for the channels of the others: a divisor of all. */
function joinedGroups(b: CallBuilder, groups: number, each: number): number {
  let joined = 1;
  while (joined < groups && (joined * each < b.capabilities.choices.groupChannels || groups % joined !== 0)) joined++;
  return joined;
}

/** [O,1,joined,1]: 1 at an output's own one of the groups that are joined. */
function ownGroups(b: CallBuilder, outputs: number, groups: number, joined: number): CallValue {
  const own = Array.from({ length: outputs * joined }, (_, at) => {
    const group = Math.floor((Math.floor(at / joined) * groups) / outputs);
    return group % joined === at % joined ? 1 : 0;
  });
  return c.constant(b, own, [outputs, 1, joined, 1]);
}

/** Weights [O,kh,kw,I] as [O,kh,kw,joined·I], with zeros. */
function joinGroups(b: CallBuilder, w: CallValue, groups: number, joined: number): CallValue {
  const [outputs, height, width, inputs] = four(b.shapeOf(w));
  const taps = c.reshape(b, w, [outputs, height * width, 1, inputs]);
  const wide = c.mul(b, taps, ownGroups(b, outputs, groups, joined));
  return c.reshape(b, wide, [outputs, height, width, joined * inputs]);
}

export function convolution(b: CallBuilder, x: CallValue, w: CallValue, conv: ConvAttributes): CallValue {
  const [shape, weightShape] = [four(b.shapeOf(x)), four(b.shapeOf(w))];
  const { groups, stride, padding, dilation } = conv;
  const channels = shape[3];
  const geometry = { strides: stride, padding, dilations: dilation };
  if (groups === 1) return convolve(b, "conv2d", x, filters(b, w, weightShape), geometry);
  if (groups === channels) {
    return convolve(b, "depthwiseConv2d", x, depthwiseFilters(b, w, weightShape, channels), geometry);
  }
  const joined = joinedGroups(b, groups, weightShape[3]);
  if (joined > 1) {
    return convolution(b, x, joinGroups(b, w, groups, joined), { ...conv, groups: groups / joined });
  }
  const [each, outputs] = [channels / groups, weightShape[0] / groups];
  return byGroup(b, groups, 3, (group) =>
    convolution(b, channelsOf(b, x, group * each, each), outputsOf(b, w, group * outputs, outputs), single(conv)),
  );
}

/** (g, w) → the gradient to the input, of `inputShape`. */
export function inputGradient(
  b: CallBuilder,
  g: CallValue,
  w: CallValue,
  { inputShape, ...conv }: ConvAttributes & { readonly inputShape: Shape },
): CallValue {
  const weightShape = four(b.shapeOf(w));
  const [batch, height, width, channels] = four(inputShape);
  const [outputs, kh, kw] = weightShape;
  const { groups } = conv;
  const geometry: Geometry = { kernel: [kh, kw], ...conv };
  if (groups === 1) {
    if (isPointwise(geometry)) return pointwiseInputGradient(b, g, w, inputShape, conv.stride);
    return b.capabilities.choices.inputGradient[sizeOf(conv.stride) === 1 ? 0 : 1] === "native" &&
      conv.dilation.every((d) => d === 1)
      ? nativeInputGradient(b, g, filters(b, w, weightShape), inputShape, conv)
      : transposedConvolution(b, g, chosenFrom(b, w), inputShape, geometry);
  }
  if (groups !== channels) {
    const joined = joinedGroups(b, groups, weightShape[3]);
    if (joined > 1) {
      const fewer = { ...conv, groups: groups / joined, inputShape };
      return inputGradient(b, g, joinGroups(b, w, groups, joined), fewer);
    }
    const [each, made] = [channels / groups, outputs / groups];
    return byGroup(b, groups, 3, (group) =>
      inputGradient(b, channelsOf(b, g, group * made, made), outputsOf(b, w, group * made, made), {
        ...single(conv),
        inputShape: [batch, height, width, each],
      }),
    );
  }
  // An input channel's gradient is the sum over those of its outputs.
  const each = transposedDepthwise(
    b,
    g,
    c.transpose(b, c.reshape(b, w, [outputs, kh * kw]), [1, 0]),
    [batch, height, width, outputs],
    geometry,
  );
  if (outputs === channels) return each;
  return b.call("sum", [c.reshape(b, each, [batch * height * width * channels, outputs / channels])], { axes: [1] });
}

/** Weights [O,kh,kw,I] by tap: rows of O·I. */
function chosenFrom(b: CallBuilder, w: CallValue): TapFilters {
  const [outputs, kh, kw, inputs] = four(b.shapeOf(w));
  return {
    outputs,
    inputs,
    chosen: (choice) => {
      const rows = c.transpose(b, c.reshape(b, w, [outputs, kh * kw, inputs]), [1, 0, 2]);
      const matrix = c.constant(b, choice.flat(), [choice.length, kh * kw]);
      return c.matMul(b, matrix, c.reshape(b, rows, [kh * kw, outputs * inputs]));
    },
  };
}

/** A product with the weights as they are, and zeros where the stride stepped over. */
function pointwiseInputGradient(
  b: CallBuilder,
  g: CallValue,
  w: CallValue,
  inputShape: Shape,
  stride: Pair,
): CallValue {
  const [batch, height, width, outputs] = four(b.shapeOf(g));
  const channels = inputShape[3]!;
  const rows = c.reshape(b, g, [batch * height * width, outputs]);
  const product = matrixProduct(b, rows, c.reshape(b, w, [outputs, channels]));
  const spread = stuffed(b, c.reshape(b, product, [batch, height, width, channels]), stride);
  const [, sh, sw] = four(b.shapeOf(spread));
  return around(b, spread, [0, inputShape[1]! - sh, 0, inputShape[2]! - sw]);
}

/** The backend's own kernel. Without explicit padding it is that of the padded input, of which the middle is wanted. */
function nativeInputGradient(
  b: CallBuilder,
  g: CallValue,
  w: CallValue,
  inputShape: Shape,
  { stride, padding }: ConvAttributes,
): CallValue {
  const [top, bottom, left, right] = padding;
  if (b.capabilities.explicitPadding) {
    return b.call("conv2dInputGradient", [g, w], { inputShape, strides: stride, padding });
  }
  const [batch, height, width, channels] = four(inputShape);
  const whole = b.call("conv2dInputGradient", [g, w], {
    inputShape: [batch, top + height + bottom, left + width + right, channels],
    strides: stride,
    padding: [0, 0, 0, 0],
  });
  return around(b, whole, [-top, -bottom, -left, -right]);
}

/** (x, g) → the gradient to the weights, of `weightShape`. */
export function weightGradient(
  b: CallBuilder,
  x: CallValue,
  g: CallValue,
  { weightShape, ...conv }: ConvAttributes & { readonly weightShape: Shape },
): CallValue {
  const channels = four(b.shapeOf(x))[3];
  const [outputs, kh, kw, perGroup] = four(weightShape);
  const { groups } = conv;
  const geometry: Geometry = { kernel: [kh, kw], ...conv };
  if (groups === 1) {
    if (isPointwise(geometry)) return pointwiseWeightGradient(b, x, g, conv.stride);
    const { filterGradient } = b.capabilities.choices;
    if (filterGradient === "native" && conv.dilation.every((d) => d === 1)) {
      return nativeFilterGradient(b, x, g, weightShape, conv);
    }
    return filterGradient === "taps" && kh * kw <= mostTaps
      ? tapsWeightGradient(b, x, g, geometry)
      : convolvedWeightGradient(b, x, g, geometry);
  }
  if (groups === channels) return depthwiseWeightGradient(b, x, g, geometry);
  const joined = joinedGroups(b, groups, perGroup);
  if (joined > 1) {
    const fewer = { ...conv, groups: groups / joined, weightShape: [outputs, kh, kw, joined * perGroup] };
    const blocks = c.reshape(b, weightGradient(b, x, g, fewer), [outputs, kh * kw, joined, perGroup]);
    const own = c.mul(b, blocks, ownGroups(b, outputs, groups, joined));
    return c.reshape(b, b.call("sum", [own], { axes: [2] }), weightShape);
  }
  const each = outputs / groups;
  return byGroup(b, groups, 0, (group) =>
    weightGradient(b, channelsOf(b, x, group * perGroup, perGroup), channelsOf(b, g, group * each, each), {
      ...single(conv),
      weightShape: [each, kh, kw, perGroup],
    }),
  );
}

/** gᵀ·x over all pixels. */
function pointwiseWeightGradient(b: CallBuilder, x: CallValue, g: CallValue, stride: Pair): CallValue {
  const [batch, height, width, outputs] = four(b.shapeOf(g));
  const inputs = four(b.shapeOf(x))[3];
  const pixels = batch * height * width;
  const under = c.reshape(b, underStrides(b, x, stride), [pixels, inputs]);
  const product = matrixProduct(b, c.reshape(b, g, [pixels, outputs]), under, { a: true });
  return c.reshape(b, product, [outputs, 1, 1, inputs]);
}

function nativeFilterGradient(
  b: CallBuilder,
  x: CallValue,
  g: CallValue,
  weightShape: Shape,
  { stride, padding }: ConvAttributes,
): CallValue {
  const [outputs, kh, kw, inputs] = four(weightShape);
  const filterShape = [kh, kw, inputs, outputs];
  const gradient = b.capabilities.explicitPadding
    ? b.call("conv2dFilterGradient", [x, g], { filterShape, strides: stride, padding })
    : b.call("conv2dFilterGradient", [around(b, x, padding), g], {
        filterShape,
        strides: stride,
        padding: [0, 0, 0, 0],
      });
  return backToRows(b, gradient);
}

/** [kh,kw,I,O] → [O,kh,kw,I]. */
function backToRows(b: CallBuilder, filter: CallValue): CallValue {
  const [kh, kw, inputs, outputs] = four(b.shapeOf(filter));
  const rows = c.transpose(b, c.reshape(b, filter, [kh * kw * inputs, outputs]), [1, 0]);
  return c.reshape(b, rows, [outputs, kh, kw, inputs]);
}

/** Taps of the transposed input [C,H,W,N] under the cotangent [H',W',N,O]: the strides of the one are the dilations of the other. */
function tapsOf({ kernel, stride, padding, dilation }: Geometry): {
  readonly convolution: TfjsConvolution;
  readonly kernel: Pair;
} {
  return {
    kernel,
    convolution: { strides: dilation, padding, dilations: stride },
  };
}

/** Beyond so many a convolution has fewer calls. */
const mostTaps = 25;

/** The pixels under each tap times the cotangent. */
function tapsWeightGradient(b: CallBuilder, x: CallValue, g: CallValue, geometry: Geometry): CallValue {
  const [batch, height, width, outputs] = four(b.shapeOf(g));
  const inputs = four(b.shapeOf(x))[3];
  const pixels = batch * height * width;
  const cotangent = c.reshape(b, g, [pixels, outputs]);
  const { kernel, padding } = geometry;
  const under = taps(b, around(b, x, padding), geometry, [height, width]);
  // A product for each sample occupies more of a card, where the products are few numbers beside their factors.
  if (batch > 1 && 2 * inputs * outputs <= height * width * Math.max(inputs, outputs)) {
    const samples = c.reshape(b, g, [batch, height * width, outputs]);
    const each = under.map((tap) => {
      const product = c.matMul(b, c.reshape(b, tap, [batch, height * width, inputs]), samples, { a: true });
      return c.reshape(b, product, [batch, inputs * outputs]);
    });
    const all = sumOver(b, c.concat(b, each, 1), [batch, sizeOf(kernel) * inputs * outputs], [0]);
    return backToRows(b, c.reshape(b, all, [...kernel, inputs, outputs]));
  }
  const products = under.map((tap) => matrixProduct(b, c.reshape(b, tap, [pixels, inputs]), cotangent, { a: true }));
  return backToRows(b, c.reshape(b, c.concat(b, products, 0), [...kernel, inputs, outputs]));
}

/**
 * x as [H,C,W,N] is one image of H·C rows. Under the cotangent as filters, whose rows are C·stride apart, it gives all taps of
 * all channels as the pixels of one image [kh·C,kw]. As an image of its own each channel would have only kh·kw of them, which
 * fills the tiles of a matrix product badly.
 */
function convolvedWeightGradient(b: CallBuilder, x: CallValue, g: CallValue, geometry: Geometry): CallValue {
  const { kernel, stride, padding, dilation } = geometry;
  if (dilation[0] !== 1) return dilatedWeightGradient(b, x, g, geometry);
  const [batch, height, width, channels] = four(b.shapeOf(x));
  const [, rows, columns, outputs] = four(b.shapeOf(g));
  // As far as the last windows reach: more would give more taps than the kernel has.
  const bottom = (rows - 1) * stride[0] + kernel[0] - padding[0] - height;
  const right = (columns - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1 - padding[2] - width;
  const image = c.reshape(b, c.transpose(b, x, [1, 3, 2, 0]), [1, height * channels, width, batch]);
  const all = convolve(b, "conv2d", image, c.transpose(b, g, [1, 2, 0, 3]), {
    strides: [1, dilation[1]],
    padding: [padding[0] * channels, bottom * channels, padding[2], right],
    dilations: [stride[0] * channels, stride[1]],
  });
  return c.transpose(b, c.reshape(b, all, [kernel[0], channels, kernel[1], outputs]), [3, 0, 2, 1]);
}

/** Each channel as an image of its own. */
function dilatedWeightGradient(b: CallBuilder, x: CallValue, g: CallValue, geometry: Geometry): CallValue {
  const { convolution, kernel } = tapsOf(geometry);
  const all = convolve(b, "conv2d", c.transpose(b, x, [3, 1, 2, 0]), c.transpose(b, g, [1, 2, 0, 3]), convolution);
  const [inputs, , , outputs] = four(b.shapeOf(all));
  // Windows that the stride left over give more taps than the kernel has.
  const whole = c.slice(b, all, [0, 0, 0, 0], [inputs, ...kernel, outputs]);
  return c.transpose(b, whole, [3, 1, 2, 0]);
}

function depthwiseWeightGradient(b: CallBuilder, x: CallValue, g: CallValue, geometry: Geometry): CallValue {
  const [batch, , , channels] = four(b.shapeOf(x));
  const [, height, width, outputs] = four(b.shapeOf(g));
  const {
    kernel: [kh, kw],
    stride,
    padding,
    dilation,
  } = geometry;
  const native = b.capabilities.choices.depthwiseFilterGradient === "native";
  if (native && dilation.every((d) => d === 1) && (b.capabilities.unequalDepthwiseStrides || stride[0] === stride[1])) {
    const wide = b.capabilities.explicitPadding ? x : around(b, x, padding);
    const gradient = b.call("depthwiseFilterGradient", [wide, g], {
      filterShape: [kh, kw, channels, outputs / channels],
      strides: stride,
      padding: b.capabilities.explicitPadding ? padding : [0, 0, 0, 0],
      dilations: [1, 1],
    });
    return c.reshape(b, c.transpose(b, c.reshape(b, gradient, [kh * kw, outputs]), [1, 0]), [outputs, kh, kw, 1]);
  }
  // Every channel of every sample is a channel of one image.
  const { convolution } = tapsOf(geometry);
  const [, inputHeight, inputWidth] = four(b.shapeOf(x));
  const image = c.reshape(b, c.transpose(b, x, [1, 2, 0, 3]), [1, inputHeight, inputWidth, batch * channels]);
  const each = outputs / channels;
  const under = c.reshape(b, c.transpose(b, g, [1, 2, 0, 3]), [height, width, batch * channels, each]);
  const all = convolve(b, "depthwiseConv2d", image, under, convolution);
  const whole = c.slice(b, all, [0, 0, 0, 0], [1, kh, kw, batch * outputs]);
  const summed = b.call("sum", [c.reshape(b, whole, [kh * kw, batch, outputs])], { axes: [1] });
  return c.reshape(b, c.transpose(b, c.reshape(b, summed, [kh * kw, outputs]), [1, 0]), [outputs, kh, kw, 1]);
}
