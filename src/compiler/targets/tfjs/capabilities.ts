/**
 * What the backends of TensorFlow.js 4.22 can do: the kernels that they lack of those that calls need, the paddings that they
 * take, and how gradients of convolutions are lowered for them. `getKernelsForBackend` of each package is what the lists of
 * kernels are checked against.
 */
import type { TfjsPlanTarget } from "./backends.ts";
import type { TfjsCall, TfjsOp } from "./call.ts";

/**
 * - `native`: the backend's own kernel.
 * - `convolution`: as a convolution forward.
 * - `taps`: as a product for each tap of the kernel.
 */
export type GradientLowering = "native" | "convolution" | "taps";

/** What of several ways to the same numbers is fastest; measured, where no reason is given. */
export interface TfjsChoices {
  /** Of convolutions: without strides, and with. */
  readonly inputGradient: readonly [plain: GradientLowering, strided: GradientLowering];
  readonly filterGradient: GradientLowering;
  readonly depthwiseFilterGradient: GradientLowering;
  /** Sums over the first axes: as the backend sums, as products with ones, or as averages of blocks first. */
  readonly outerSums: "kernel" | "products" | "pools";
  /** Sums over the last axis, and over windows of one channel, are pools. */
  readonly poolsOfSingles: boolean;
  /** Means over axes in the middle are pools. */
  readonly meansByPools: boolean;
  /** Products of several matrices, or of transposed ones, are so slow that they are done one by one, after transposes. */
  readonly plainProducts: boolean;
  /** What a broadcast along the last axis repeats is made whole before, as a product with ones. */
  readonly wideColumns: boolean;
  /** `broadcastTo` is slower than a product with ones. */
  readonly broadcastsByOnes: boolean;
  /** Channels that are made of the same ones are put side by side by a product. */
  readonly channelsByProducts: boolean;
  /** Groups of a convolution are joined, with zeros between them, until each has so many channels. */
  readonly groupChannels: number;
}

export interface TfjsCapabilities {
  readonly name: TfjsPlanTarget;
  /** Kernels, by TensorFlow's names, that calls could need and the backend does not have. */
  readonly lacks: readonly string[];
  /** Whether convolutions take any padding. Without: 'valid' alone, and zeros are put around images before. */
  readonly explicitPadding: boolean;
  /** Whether the two strides of a depthwise convolution may differ. */
  readonly unequalDepthwiseStrides: boolean;
  /** Whether depthwise convolutions may be dilated. */
  readonly dilatedDepthwise: boolean;
  /** Whether a bias must have been made with one axis: a reshape of other numbers is refused. */
  readonly biasesAsMade: boolean;
  /**
   * Whether the backend remembers a product by the numbers of its right side alone: the same numbers as a matrix of another
   * shape, or with another bias, would be taken for what they were before.
   */
  readonly remembersRightSides: boolean;
  /** The most numbers that it adds up exactly enough: some keep one running sum in float32, which rounds each time. */
  readonly longestSum: number;
  readonly choices: TfjsChoices;
}

const everything = {
  lacks: [],
  explicitPadding: true,
  unequalDepthwiseStrides: true,
  dilatedDepthwise: true,
  biasesAsMade: false,
  remembersRightSides: false,
  longestSum: Infinity,
} as const;

const noFilterGradients = ["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter"] as const;

/**
 * libtensorflow's convolutions name their padding 'SAME' or 'VALID'; its depthwise ones have one stride for both directions, and
 * take dilations without heeding them. Its kernels are made for all of this: nothing is lowered around them.
 */
const libtensorflow = {
  ...everything,
  explicitPadding: false,
  unequalDepthwiseStrides: false,
  dilatedDepthwise: false,
  choices: {
    inputGradient: ["native", "native"],
    filterGradient: "native",
    depthwiseFilterGradient: "native",
    outerSums: "kernel",
    poolsOfSingles: false,
    meansByPools: false,
    plainProducts: false,
    wideColumns: false,
    broadcastsByOnes: false,
    channelsByProducts: false,
    groupChannels: 16,
  },
} as const;

/** Reductions take a program with a thread a row: products are spread better over a card. */
const graphicsCard = {
  ...everything,
  choices: {
    inputGradient: ["convolution", "native"],
    // A convolution of transposed images takes twice as long, the kernels of the backends five times.
    filterGradient: "taps",
    depthwiseFilterGradient: "native",
    outerSums: "products",
    poolsOfSingles: true,
    meansByPools: true,
    plainProducts: false,
    wideColumns: false,
    broadcastsByOnes: true,
    channelsByProducts: false,
    groupChannels: 16,
  },
} as const;

export const capabilities: Readonly<Record<TfjsPlanTarget, TfjsCapabilities>> = {
  "node-gpu": { name: "node-gpu", ...libtensorflow },
  node: { name: "node", ...libtensorflow },
  webgpu: { name: "webgpu", ...graphicsCard },
  webgl: { name: "webgl", ...graphicsCard },
  wasm: {
    name: "wasm",
    ...everything,
    lacks: noFilterGradients,
    biasesAsMade: true,
    remembersRightSides: true,
    longestSum: 128,
    choices: {
      // The kernel of the backend does 4 GFLOP/s, a convolution 30.
      inputGradient: ["convolution", "convolution"],
      filterGradient: "convolution",
      depthwiseFilterGradient: "convolution",
      // Of a product the right matrix is packed first, which takes 20 times as long as the pools.
      outerSums: "pools",
      poolsOfSingles: false,
      meansByPools: true,
      // 2 GFLOP/s where 30 are possible.
      plainProducts: true,
      wideColumns: false,
      broadcastsByOnes: true,
      channelsByProducts: true,
      groupChannels: 16,
    },
  },
  cpu: {
    name: "cpu",
    ...everything,
    choices: {
      inputGradient: ["native", "native"],
      // The kernel of the backend takes 70 times as long: minutes for one step of a small network.
      filterGradient: "convolution",
      depthwiseFilterGradient: "convolution",
      outerSums: "products",
      poolsOfSingles: false,
      meansByPools: true,
      plainProducts: false,
      // Any broadcast but of scalars and rows takes ten times as long.
      wideColumns: true,
      broadcastsByOnes: false,
      channelsByProducts: false,
      groupChannels: 1,
    },
  },
  portable: {
    name: "portable",
    ...everything,
    lacks: noFilterGradients,
    explicitPadding: false,
    unequalDepthwiseStrides: false,
    dilatedDepthwise: false,
    biasesAsMade: true,
    remembersRightSides: true,
    longestSum: 128,
    choices: {
      inputGradient: ["convolution", "convolution"],
      filterGradient: "convolution",
      depthwiseFilterGradient: "convolution",
      outerSums: "kernel",
      poolsOfSingles: false,
      meansByPools: false,
      plainProducts: false,
      wideColumns: false,
      broadcastsByOnes: false,
      channelsByProducts: false,
      groupChannels: 16,
    },
  },
};

/** The kernels that a call runs, by TensorFlow's names. */
const kernels: { readonly [K in TfjsOp]: readonly string[] } = {
  neg: ["Neg"],
  abs: ["Abs"],
  sign: ["Sign"],
  square: ["Square"],
  sqrt: ["Sqrt"],
  rsqrt: ["Rsqrt"],
  reciprocal: ["Reciprocal"],
  exp: ["Exp"],
  log: ["Log"],
  sigmoid: ["Sigmoid"],
  tanh: ["Tanh"],
  erf: ["Erf"],
  softplus: ["Softplus"],
  relu: ["Relu"],
  step: ["Step"],
  add: ["Add"],
  sub: ["Sub"],
  mul: ["Multiply"],
  div: ["RealDiv"],
  maximum: ["Maximum"],
  minimum: ["Minimum"],
  pow: ["Pow"],
  greater: ["Greater", "Cast"],
  equal: ["Equal", "Cast"],
  where: ["NotEqual", "Select"],
  sum: ["Sum"],
  mean: ["Mean"],
  max: ["Max"],
  softmax: ["Softmax"],
  reshape: ["Reshape"],
  broadcastTo: ["Tile"],
  transpose: ["Transpose"],
  slice: ["Slice"],
  stridedSlice: ["StridedSlice"],
  pad: ["PadV2"],
  concat: ["Concat"],
  reverse: ["Reverse"],
  upsample: ["ResizeNearestNeighbor"],
  matMul: ["BatchMatMul"],
  conv2d: ["Conv2D"],
  depthwiseConv2d: ["DepthwiseConv2dNative"],
  conv2dInputGradient: ["Conv2DBackpropInput"],
  conv2dFilterGradient: ["Conv2DBackpropFilter"],
  depthwiseFilterGradient: ["DepthwiseConv2dNativeBackpropFilter"],
  maxPool: ["MaxPool"],
  avgPool: ["AvgPool"],
};

const fusedKernels = { matMul: ["_FusedMatMul"], conv2d: ["FusedConv2D"] } as const;

export function kernelsOf(call: Pick<TfjsCall, "op" | "attributes">): readonly string[] {
  const { op, attributes } = call as TfjsCall;
  if ((op === "matMul" || op === "conv2d") && (attributes.bias || attributes.activation !== "linear")) {
    return fusedKernels[op];
  }
  return kernels[op];
}

/** All kernels that any call could run. */
export const allKernels: readonly string[] = [
  ...new Set([...Object.values(kernels), ...Object.values(fusedKernels)].flat()),
].sort();
