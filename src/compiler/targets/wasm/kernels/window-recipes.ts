/** Pooling, patch norms, depthwise convolution and rows as recipes. Shapes are the graph's (NHWC, OHWI). */
import { ex } from "../../../plan/expression.ts";
import type { ConvAttributes, Shape, WindowAttributes } from "../../../graph/graph.ts";
import { renameBuffers, type Kernel, type Recipe } from "../kernel.ts";
import type { Epilogue } from "./convolution.ts";
import { transposeRecipe } from "./copy.ts";
import { elementwiseKernel } from "./elementwise.ts";
import type { ConvolutionShape } from "./geometry.ts";
import { reduceRecipe, rowNormRecipe } from "./reduce.ts";
import {
  depthwiseWeightGradientKernel,
  routeKernel,
  windowKernel,
  type DepthwiseGradientSpec,
  type WindowSpec,
} from "./window.ts";

type Image = readonly [number, number, number, number];

/** Sides of the output of a window over an image of `size`. */
export function windowOutput(size: readonly [number, number], a: WindowAttributes): [number, number] {
  const side = (axis: 0 | 1): number => {
    const padded = size[axis] + a.padding[2 * axis]! + a.padding[2 * axis + 1]!;
    return Math.floor((padded - (a.kernel[axis] - 1) * a.dilation[axis] - 1) / a.stride[axis]) + 1;
  };
  return [side(0), side(1)];
}

/** The geometry of windows over x [N,H,W,C]. */
export function windowShape(x: Shape, a: WindowAttributes): DepthwiseGradientSpec {
  const [batch, height, width, channels] = x as Image;
  return {
    batch,
    channels,
    input: [height, width],
    output: windowOutput([height, width], a),
    kernel: a.kernel,
    stride: a.stride,
    dilation: a.dilation,
    offset: [a.padding[0], a.padding[2]],
  };
}

function describe(name: string, s: DepthwiseGradientSpec): string {
  return `${name} ${s.batch}×${s.input.join("×")}×${s.channels} ${s.kernel.join("×")}`;
}

const one = (kernel: Kernel): Recipe => ({ steps: [kernel], temporaries: {} });

/** window_sum and window_max. Buffers: `x`, `e…`, `out`. */
export function windowRecipe(kind: "sum" | "max", x: Shape, a: WindowAttributes, epilogue?: Epilogue): Recipe {
  const shape = windowShape(x, a);
  const spec: WindowSpec = { ...shape, kind, transposed: false, ...(epilogue ? { epilogue } : {}) };
  return one(windowKernel(describe(`window_${kind}`, shape), spec));
}

/** The same geometry with input and output changed over. */
function turned(s: DepthwiseGradientSpec): DepthwiseGradientSpec {
  return { ...s, input: s.output, output: s.input };
}

/** window_spread: (g) → `inputShape`. Buffers: `x` (g), `e…`, `out`. */
export function spreadRecipe(inputShape: Shape, a: WindowAttributes, epilogue?: Epilogue): Recipe {
  const shape = windowShape(inputShape, a);
  const spec: WindowSpec = { ...turned(shape), kind: "sum", transposed: true, ...(epilogue ? { epilogue } : {}) };
  return one(windowKernel(describe("window_spread", shape), spec));
}

/** window_route. Buffers: `g`, `x`, `y`, `out`. */
export function routeRecipe(x: Shape, a: WindowAttributes): Recipe {
  const shape = windowShape(x, a);
  return one(routeKernel(describe("window_route", shape), shape));
}

/** Whether a convolution is depthwise: a group a channel, one output each. */
export function isDepthwise(s: ConvolutionShape): boolean {
  return s.groups === s.inputChannels && s.outputChannels === s.inputChannels && s.maxOut === 1 && s.groups > 1;
}

function depthwiseShape(s: ConvolutionShape): DepthwiseGradientSpec {
  const { batch, input, output, kernel, stride, dilation, offset } = s;
  return { batch, channels: s.inputChannels, input, output, kernel, stride, dilation, offset };
}

/** Weights [C,kh,kw,1] as [taps, C] in the temporary `weights`. */
function depthwise(name: string, s: ConvolutionShape, spec: WindowSpec): Recipe {
  const taps = s.kernel[0] * s.kernel[1];
  const pack = transposeRecipe([s.inputChannels, taps], [1, 0]).steps;
  return {
    steps: [
      ...pack.map((kernel) => renameBuffers(kernel, { x: "w", out: "weights" })),
      windowKernel(describe(name, depthwiseShape(s)), spec),
    ],
    temporaries: { weights: 4 * taps * s.inputChannels },
  };
}

/** Depthwise conv2d. Buffers: `x`, `w`, `weights` (temporary), `e…`, `out`, `out2`. */
export function depthwiseRecipe(s: ConvolutionShape, epilogue?: Epilogue): Recipe {
  const extra = epilogue ? { epilogue } : {};
  return depthwise("depthwise", s, { ...depthwiseShape(s), kind: "weighted", transposed: false, ...extra });
}

/** Its input gradient. Buffers: `x` (g), `w`, `weights` (temporary), `e…`, `out`. */
export function depthwiseInputGradientRecipe(s: ConvolutionShape, epilogue?: Epilogue): Recipe {
  const extra = epilogue ? { epilogue } : {};
  const spec = { ...turned(depthwiseShape(s)), kind: "weighted", transposed: true, ...extra } as const;
  return depthwise("depthwise_input_gradient", s, spec);
}

/** Its weight gradient. Buffers: `x`, `g`, `out`. */
export function depthwiseWeightGradientRecipe(s: ConvolutionShape): Recipe {
  const shape = depthwiseShape(s);
  return one(depthwiseWeightGradientKernel(describe("depthwise_weight_gradient", shape), shape));
}

/**
 * patch_norm: x [N,H,W,C] → [N,H',W',groups]: √(Σ x² over the patch of the group + ε): squares summed pixel by pixel,
 * then over windows. Buffers: `x`, `squares` (temporary), `out`.
 */
export function patchNormRecipe(
  x: Shape,
  a: ConvAttributes & { readonly kernel: readonly [number, number]; readonly epsilon: number },
): Recipe {
  const [batch, height, width, channels] = x as Image;
  const squares = [batch, height, width, a.groups];
  const sums = reduceRecipe(`squares of ${x.join("×")}`, {
    outer: batch * height * width * a.groups,
    reduced: channels / a.groups,
    inner: 1,
    kind: "sum",
    value: ex.square(ex.input(0)),
  });
  const epilogue = { inputs: [], outputs: [ex.sqrt(ex.add(ex.input(0), a.epsilon))] };
  const windows = windowRecipe("sum", squares, a, epilogue);
  return {
    steps: [
      ...sums.steps.map((kernel) => renameBuffers(kernel, { x1: "x", out: "squares" })),
      ...windows.steps.map((kernel) => renameBuffers(kernel, { x: "squares" })),
    ],
    temporaries: { ...sums.temporaries, squares: 4 * batch * height * width * a.groups },
  };
}

/** unit_rows: x [rows, …] with every row divided by its L2 norm. Buffers: `x`, `norms` (temporary), `out`. */
export function unitRowsRecipe(x: Shape): Recipe {
  const rows = x[0]!;
  const length = x.slice(1).reduce((a, b) => a * b, 1);
  const norms = rowNormRecipe(`norms of ${x.join("×")}`, rows, length, 0);
  const scale = elementwiseKernel(`unit_rows ${x.join("×")}`, {
    rows,
    channels: length,
    inputs: [{ kind: "same" }, { kind: "row" }],
    outputs: [ex.div(ex.input(0), ex.input(1))],
  });
  return {
    steps: [
      ...norms.steps.map((kernel) => renameBuffers(kernel, { x1: "x", out: "norms" })),
      renameBuffers(scale, { x1: "x", x2: "norms" }),
    ],
    temporaries: { ...norms.temporaries, norms: 4 * rows },
  };
}
