/** Pooling and depthwise convolution as recipes. Shapes are the graph's (NHWC, OHWI). */
import type { Shape, WindowAttributes } from "../../../graph/graph.ts";
import type { ConvolutionShape } from "../../../plan/convolution-shape.ts";
import type { Epilogue } from "../../../plan/kernel-specs.ts";
import {
  depthwiseGeometry,
  describeWindows,
  windowGeometry,
  type WindowGeometry,
} from "../../../plan/window-geometry.ts";
import { recipeOf, type GpuRecipe } from "../kernel.ts";
import { withJoin } from "./weight-gradient.ts";
import { depthwiseWeightGradientKernel, routeKernel, windowKernel, type WindowSpec } from "./window.ts";

function windows(
  name: string,
  s: WindowGeometry,
  spec: Pick<WindowSpec, "kind" | "transposed">,
  epilogue?: Epilogue,
): GpuRecipe {
  return recipeOf(windowKernel(describeWindows(name, s), { ...s, ...spec, ...(epilogue ? { epilogue } : {}) }));
}

/** window_sum and window_max. Buffers: `x`, `e…`, `out…`. */
export function windowRecipe(kind: "sum" | "max", x: Shape, a: WindowAttributes, epilogue?: Epilogue): GpuRecipe {
  return windows(`window_${kind}`, windowGeometry(x, a), { kind, transposed: false }, epilogue);
}

/** window_spread: (g) → `inputShape`. Buffers: `x` (g), `e…`, `out…`. */
export function spreadRecipe(inputShape: Shape, a: WindowAttributes, epilogue?: Epilogue): GpuRecipe {
  return windows("window_spread", windowGeometry(inputShape, a), { kind: "sum", transposed: true }, epilogue);
}

/** window_route. Buffers: `g`, `x`, `y`, `out`. */
export function routeRecipe(x: Shape, a: WindowAttributes): GpuRecipe {
  const shape = windowGeometry(x, a);
  return recipeOf(routeKernel(describeWindows("window_route", shape), shape));
}

/** Depthwise conv2d. Buffers: `x`, `w`, `e…`, `out…`. */
export function depthwiseRecipe(s: ConvolutionShape, epilogue?: Epilogue): GpuRecipe {
  return windows("depthwise", depthwiseGeometry(s), { kind: "weighted", transposed: false }, epilogue);
}

/** Its input gradient. Buffers: `x` (g), `w`, `e…`, `out…`. */
export function depthwiseInputGradientRecipe(s: ConvolutionShape, epilogue?: Epilogue): GpuRecipe {
  return windows("depthwise_input_gradient", depthwiseGeometry(s), { kind: "weighted", transposed: true }, epilogue);
}

/** Its weight gradient. Buffers: `x`, `g`, `out`; temporary `sums`. */
export function depthwiseWeightGradientRecipe(s: ConvolutionShape): GpuRecipe {
  const label = describeWindows("depthwise_weight_gradient", depthwiseGeometry(s));
  const { kernel, parts } = depthwiseWeightGradientKernel(label, depthwiseGeometry(s));
  return withJoin(kernel, parts, s.inputChannels * s.kernel[0] * s.kernel[1]);
}
