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
 */
export type GradientLowering = "native" | "convolution";

export interface TfjsCapabilities {
  readonly name: TfjsPlanTarget;
  /** Kernels, by TensorFlow's names, that calls could need and the backend does not have. */
  readonly lacks: readonly string[];
  /** Whether convolutions take any padding. Without: 'valid' alone, and zeros are put around images before. */
  readonly explicitPadding: boolean;
  /** Whether the two strides of a depthwise convolution may differ. */
  readonly unequalDepthwiseStrides: boolean;
  /** Whether products of transposed matrices are so slow that transposes before them pay. */
  readonly slowTransposedProducts: boolean;
  /** Whether sums over the first axes are faster as products with ones. */
  readonly sumsByProducts: boolean;
  readonly inputGradient: GradientLowering;
  readonly filterGradient: GradientLowering;
  readonly depthwiseInputGradient: GradientLowering;
  readonly depthwiseFilterGradient: GradientLowering;
}

const byConvolution = {
  inputGradient: "convolution",
  filterGradient: "convolution",
  depthwiseInputGradient: "convolution",
  depthwiseFilterGradient: "convolution",
} as const;

const byKernels = {
  inputGradient: "native",
  filterGradient: "native",
  depthwiseInputGradient: "native",
  depthwiseFilterGradient: "native",
} as const;

const plainProducts = { slowTransposedProducts: false, sumsByProducts: false } as const;

/** libtensorflow's convolutions name their padding 'SAME' or 'VALID', and its depthwise ones have one stride. */
const libtensorflow = {
  ...{ lacks: [], explicitPadding: false, unequalDepthwiseStrides: false },
  ...plainProducts,
  ...byKernels,
} as const;

export const capabilities: Readonly<Record<TfjsPlanTarget, TfjsCapabilities>> = {
  "node-gpu": { name: "node-gpu", ...libtensorflow },
  node: { name: "node", ...libtensorflow },
  webgpu: {
    name: "webgpu",
    lacks: [],
    explicitPadding: true,
    unequalDepthwiseStrides: true,
    ...plainProducts,
    ...byConvolution,
  },
  webgl: {
    name: "webgl",
    lacks: [],
    explicitPadding: true,
    unequalDepthwiseStrides: true,
    ...plainProducts,
    ...byConvolution,
  },
  wasm: {
    name: "wasm",
    lacks: ["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNativeBackpropInput"],
    explicitPadding: true,
    unequalDepthwiseStrides: true,
    // 2 GFLOP/s with a transposed matrix, 40 without.
    slowTransposedProducts: true,
    sumsByProducts: true,
    // Its input gradient runs at 4 GFLOP/s, a convolution at 40.
    ...byConvolution,
  },
  // Its own filter gradient takes minutes where the convolution takes seconds.
  cpu: {
    name: "cpu",
    lacks: [],
    explicitPadding: true,
    unequalDepthwiseStrides: true,
    ...plainProducts,
    ...byConvolution,
  },
  portable: {
    name: "portable",
    lacks: ["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNativeBackpropInput"],
    explicitPadding: false,
    unequalDepthwiseStrides: false,
    ...plainProducts,
    ...byConvolution,
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
  where: ["Cast", "Select"],
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
  depthwiseInputGradient: ["DepthwiseConv2dNativeBackpropInput"],
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
