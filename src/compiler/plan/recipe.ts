/**
 * Recipes: an operation, with what was fused around it, as kernels in order. Every target has a table that makes the same
 * recipes of its own kernels; what is composed from them is written once, for all targets.
 */
import type { Shape, WindowAttributes } from "../graph/graph.ts";
import type { ConvolutionShape } from "./convolution-shape.ts";
import type { ConvolutionSpec, ElementwiseSpec, Epilogue, MatmulSpec, WeightGradientSpec } from "./kernel-specs.ts";
import type { ReduceSpec } from "./reduction.ts";

export interface Recipe<K> {
  /** Kernels in order; each must be complete before the next starts. A kernel's buffers by their names. */
  readonly steps: readonly K[];
  /** Bytes of the buffers that live only inside the recipe. */
  readonly temporaries: Readonly<Record<string, number>>;
}

type Box = Pick<ReduceSpec, "outer" | "reduced" | "inner">;

/** The recipes of a target. Shapes are the graph's (NHWC, OHWI); temporaries are the target's own affair. */
export interface RecipeTable<K> {
  /** The same kernel with other names for its buffers. */
  readonly rename: (kernel: K, names: Readonly<Record<string, string>>) => K;
  /** Buffers `x1`, …, `out`, `out2`, …; of an input that is overwritten see `ElementwiseSpec.over`. */
  readonly elementwise: (label: string, spec: ElementwiseSpec) => Recipe<K>;
  /** conv2d. Buffers `x`, `w`, `p…`, `e…`, `r…`, `norm`, `out`, `out2`, `gathered`, `mean`. */
  readonly convolution: (spec: ConvolutionSpec) => Recipe<K>;
  /** Its input gradient, of the forward convolution's shape; the prologue applies to g. Buffers `x` (g), `w`, `p…`, `e…`, `out…`. */
  readonly inputGradient: (
    forward: ConvolutionShape,
    spec?: Pick<ConvolutionSpec, "prologue" | "epilogue" | "gather">,
  ) => Recipe<K>;
  /** Buffers `x`, `g`, `p…`, `q…`, `out`. */
  readonly weightGradient: (spec: WeightGradientSpec) => Recipe<K>;
  /** Buffers `x`, `w`, `e…`, `out…`. */
  readonly depthwise: (forward: ConvolutionShape, epilogue?: Epilogue) => Recipe<K>;
  /** Buffers `x` (g), `w`, `e…`, `out…`. */
  readonly depthwiseInputGradient: (forward: ConvolutionShape, epilogue?: Epilogue) => Recipe<K>;
  /** Buffers `x`, `g`, `out`. */
  readonly depthwiseWeightGradient: (forward: ConvolutionShape) => Recipe<K>;
  /** Buffers `a`, `b`, `e…`, `out…`. */
  readonly matmul: (spec: MatmulSpec, epilogue?: Epilogue) => Recipe<K>;
  /** window_sum and window_max. Buffers `x`, `e…`, `out…`. */
  readonly window: (kind: "sum" | "max", x: Shape, a: WindowAttributes, epilogue?: Epilogue) => Recipe<K>;
  /** window_spread: (g) → `inputShape`. Buffers `x` (g), `e…`, `out…`. */
  readonly spread: (inputShape: Shape, a: WindowAttributes, epilogue?: Epilogue) => Recipe<K>;
  /** window_route. Buffers `g`, `x`, `y`, `out`. */
  readonly route: (x: Shape, a: WindowAttributes) => Recipe<K>;
  /** Buffers `x1`, …, `out`. */
  readonly reduce: (label: string, spec: ReduceSpec) => Recipe<K>;
  /** route_max: (g, x, y = maxima of x) → g at the first maximum. Buffers `g`, `x`, `y`, `out`. */
  readonly routeMax: (label: string, box: Box) => Recipe<K>;
  /** softmax and log_softmax of x [rows, length]. Buffers `x`, `out`. */
  readonly softmax: (label: string, rows: number, length: number, logarithm: boolean) => Recipe<K>;
  // Copies. Buffers `x`, `out`; of `concat` `x1`, `x2`, …, `out`.
  readonly copy: (shape: Shape) => Recipe<K>;
  readonly broadcast: (x: Shape, out: Shape) => Recipe<K>;
  readonly transpose: (x: Shape, permutation: readonly number[]) => Recipe<K>;
  readonly slice: (x: Shape, start: Shape, size: Shape) => Recipe<K>;
  readonly pad: (x: Shape, before: Shape, after: Shape) => Recipe<K>;
  readonly concat: (shapes: readonly Shape[], axis: number) => Recipe<K>;
  readonly upsample: (x: Shape, factor: readonly [number, number]) => Recipe<K>;
  /**
   * random_uniform, where the target makes the numbers itself; elsewhere the host does. `stepped`: buffer `x1` has the
   * step. Buffer `out`.
   */
  readonly random?: (shape: Shape, key: number, stepped: boolean) => Recipe<K>;
}

export function renameRecipe<K>(
  table: RecipeTable<K>,
  recipe: Recipe<K>,
  names: Readonly<Record<string, string>>,
): Recipe<K> {
  return { ...recipe, steps: recipe.steps.map((kernel) => table.rename(kernel, names)) };
}
