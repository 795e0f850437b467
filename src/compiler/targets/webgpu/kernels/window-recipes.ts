/** Pooling, patch norms, depthwise convolution and rows as recipes. Shapes are the graph's (NHWC, OHWI). */
import { ex } from "../../../plan/expression.ts";
import type { ConvAttributes, Shape, WindowAttributes } from "../../../graph/graph.ts";
import type { ConvolutionShape } from "../../wasm/kernels/geometry.ts";
import { windowShape } from "../../wasm/kernels/window-recipes.ts";
import type { Epilogue } from "../elements.ts";
import { recipeOf, renameBindings, type GpuRecipe } from "../kernel.ts";
import { elementwiseKernel } from "./elementwise.ts";
import { reduceRecipe, rowNormRecipe } from "./reduce.ts";
import { withJoin } from "./weight-gradient.ts";
import {
  depthwiseWeightGradientKernel,
  routeKernel,
  windowKernel,
  type WindowGeometry,
  type WindowSpec,
} from "./window.ts";

function describe(name: string, s: WindowGeometry): string {
  return `${name} ${s.batch}×${s.input.join("×")}×${s.channels} ${s.kernel.join("×")}`;
}

function windows(
  name: string,
  s: WindowGeometry,
  spec: Pick<WindowSpec, "kind" | "transposed">,
  epilogue?: Epilogue,
): GpuRecipe {
  return recipeOf(windowKernel(describe(name, s), { ...s, ...spec, ...(epilogue ? { epilogue } : {}) }));
}

/** window_sum and window_max. Buffers: `x`, `e…`, `out…`. */
export function windowRecipe(kind: "sum" | "max", x: Shape, a: WindowAttributes, epilogue?: Epilogue): GpuRecipe {
  return windows(`window_${kind}`, windowShape(x, a), { kind, transposed: false }, epilogue);
}

/** window_spread: (g) → `inputShape`. Buffers: `x` (g), `e…`, `out…`. */
export function spreadRecipe(inputShape: Shape, a: WindowAttributes, epilogue?: Epilogue): GpuRecipe {
  return windows("window_spread", windowShape(inputShape, a), { kind: "sum", transposed: true }, epilogue);
}

/** window_route. Buffers: `g`, `x`, `y`, `out`. */
export function routeRecipe(x: Shape, a: WindowAttributes): GpuRecipe {
  const shape = windowShape(x, a);
  return recipeOf(routeKernel(describe("window_route", shape), shape));
}

function depthwiseShape(s: ConvolutionShape): WindowGeometry {
  const { batch, input, output, kernel, stride, dilation, offset } = s;
  return { batch, channels: s.inputChannels, input, output, kernel, stride, dilation, offset };
}

/** Depthwise conv2d. Buffers: `x`, `w`, `e…`, `out…`. */
export function depthwiseRecipe(s: ConvolutionShape, epilogue?: Epilogue): GpuRecipe {
  return windows("depthwise", depthwiseShape(s), { kind: "weighted", transposed: false }, epilogue);
}

/** Its input gradient. Buffers: `x` (g), `w`, `e…`, `out…`. */
export function depthwiseInputGradientRecipe(s: ConvolutionShape, epilogue?: Epilogue): GpuRecipe {
  return windows("depthwise_input_gradient", depthwiseShape(s), { kind: "weighted", transposed: true }, epilogue);
}

/** Its weight gradient. Buffers: `x`, `g`, `out`; temporary `sums`. */
export function depthwiseWeightGradientRecipe(s: ConvolutionShape): GpuRecipe {
  const label = describe("depthwise_weight_gradient", depthwiseShape(s));
  const { kernel, parts } = depthwiseWeightGradientKernel(label, depthwiseShape(s));
  return withJoin(kernel, parts, s.inputChannels * s.kernel[0] * s.kernel[1]);
}

/**
 * patch_norm: x [N,H,W,C] → [N,H',W',groups]: √(Σ x² over the patch of the group + ε): squares summed pixel by pixel,
 * then over windows. Buffers: `x`, `squares` (temporary), `out`.
 */
export function patchNormRecipe(
  x: Shape,
  a: ConvAttributes & { readonly kernel: readonly [number, number]; readonly epsilon: number },
): GpuRecipe {
  const [batch, height, width, channels] = x as readonly [number, number, number, number];
  const squares = [batch, height, width, a.groups];
  const spec = {
    outer: batch * height * width * a.groups,
    reduced: channels / a.groups,
    inner: 1,
    kind: "sum",
    value: ex.square(ex.input(0)),
  } as const;
  const sums = reduceRecipe(`squares of ${x.join("×")}`, spec);
  const epilogue = { inputs: [], outputs: [ex.sqrt(ex.add(ex.input(0), a.epsilon))] };
  return {
    steps: [
      ...sums.steps.map((kernel) => renameBindings(kernel, { x1: "x", out: "squares" })),
      ...windowRecipe("sum", squares, a, epilogue).steps.map((kernel) => renameBindings(kernel, { x: "squares" })),
    ],
    temporaries: { ...sums.temporaries, squares: 4 * spec.outer },
  };
}

/** unit_rows: x [rows, …] with every row divided by its L2 norm. Buffers: `x`, `norms` (temporary), `out`. */
export function unitRowsRecipe(x: Shape): GpuRecipe {
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
      ...norms.steps.map((kernel) => renameBindings(kernel, { x1: "x", out: "norms" })),
      renameBindings(scale, { x1: "x", x2: "norms" }),
    ],
    temporaries: { ...norms.temporaries, norms: 4 * rows },
  };
}
