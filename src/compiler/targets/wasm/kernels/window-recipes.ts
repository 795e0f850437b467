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
import { renameBuffers, type Kernel, type Recipe } from "../kernel.ts";
import { transposeRecipe } from "./copy.ts";
import { depthwiseWeightGradientKernel, windowKernel, type WindowSpec } from "./window.ts";

const one = (kernel: Kernel): Recipe => ({ steps: [kernel], temporaries: {} });

/** window_sum and window_max. Buffers: `x`, `e…`, `out`. */
export function windowRecipe(kind: "sum" | "max", x: Shape, a: WindowAttributes, epilogue?: Epilogue): Recipe {
  const shape = windowGeometry(x, a);
  const spec: WindowSpec = { ...shape, kind, transposed: false, ...(epilogue ? { epilogue } : {}) };
  return one(windowKernel(describeWindows(`window_${kind}`, shape), spec));
}

/** The same geometry with input and output changed over. */
function turned(s: WindowGeometry): WindowGeometry {
  return { ...s, input: s.output, output: s.input };
}

/** window_spread: (g) → `inputShape`. Buffers: `x` (g), `e…`, `out`. */
export function spreadRecipe(inputShape: Shape, a: WindowAttributes, epilogue?: Epilogue): Recipe {
  const shape = windowGeometry(inputShape, a);
  const spec: WindowSpec = { ...turned(shape), kind: "sum", transposed: true, ...(epilogue ? { epilogue } : {}) };
  return one(windowKernel(describeWindows("window_spread", shape), spec));
}

/** Weights [C,kh,kw,1] as [taps, C] in the temporary `weights`. */
function depthwise(name: string, s: ConvolutionShape, spec: WindowSpec): Recipe {
  const taps = s.kernel[0] * s.kernel[1];
  const pack = transposeRecipe([s.inputChannels, taps], [1, 0]).steps;
  return {
    steps: [
      ...pack.map((kernel) => renameBuffers(kernel, { x: "w", out: "weights" })),
      windowKernel(describeWindows(name, depthwiseGeometry(s)), spec),
    ],
    temporaries: { weights: 4 * taps * s.inputChannels },
  };
}

/** Depthwise conv2d. Buffers: `x`, `w`, `weights` (temporary), `e…`, `out`, `out2`. */
export function depthwiseRecipe(s: ConvolutionShape, epilogue?: Epilogue): Recipe {
  const extra = epilogue ? { epilogue } : {};
  return depthwise("depthwise", s, { ...depthwiseGeometry(s), kind: "weighted", transposed: false, ...extra });
}

/** Its input gradient. Buffers: `x` (g), `w`, `weights` (temporary), `e…`, `out`. */
export function depthwiseInputGradientRecipe(s: ConvolutionShape, epilogue?: Epilogue): Recipe {
  const extra = epilogue ? { epilogue } : {};
  const spec = { ...turned(depthwiseGeometry(s)), kind: "weighted", transposed: true, ...extra } as const;
  return depthwise("depthwise_input_gradient", s, spec);
}

/** Its weight gradient. Buffers: `x`, `g`, `out`. */
export function depthwiseWeightGradientRecipe(s: ConvolutionShape): Recipe {
  const shape = depthwiseGeometry(s);
  return one(depthwiseWeightGradientKernel(describeWindows("depthwise_weight_gradient", shape), shape));
}
