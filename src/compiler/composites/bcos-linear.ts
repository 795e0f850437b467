/**
 * The B-cos transform: y = |cos(x, w)|^(B−1) · ŵx, with ŵ of unit length (Böhle et al. 2022 and 2024). Read as
 * y = W(x)x, the factor in front is the dynamic one. Without bias.
 */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ConvAttributes, ValueId } from "../graph/graph.ts";
import type { Variant } from "../layers/layer.ts";

export interface BcosOptions {
  /** Exponent B ≥ 1; at 1 the layer is linear and no norm is taken. */
  readonly b: number;
  /** Units per output, the largest counts. Unit m of output o is row o·maxout + m of the weight. */
  readonly maxout: number;
  /** `unit`: rows of length 1; `free`: as they are, which makes |o/n| the cosine times the row's length. */
  readonly weights: "unit" | "free";
  /** What the output is divided by; 1 leaves it. */
  readonly divisor: number;
}

/** Keeps zero patches from dividing by zero. Added to the squared norm of a patch. */
const patchEpsilon = 1e-6;
/** The same for vectors. Added to the norm itself. */
const rowEpsilon = 1e-12;

/** x [N,H,W,C], weight [O·maxout,kh,kw,C/groups] → [N,H',W',O]. */
export function bcosConv(
  graph: GraphBuilder,
  x: ValueId,
  weight: ValueId,
  attributes: ConvAttributes,
  options: BcosOptions,
): ValueId {
  const product = largestUnit(graph, g.conv2d(graph, x, rowsOf(graph, weight, options), attributes), options.maxout);
  if (options.b === 1) return divided(graph, product, options.divisor);
  const [, kh = 1, kw = 1] = graph.shapeOf(weight);
  const norm = g.patchNorm(graph, x, [kh, kw], attributes, patchEpsilon);
  return divided(graph, g.bcosScale(graph, product, norm, options.b), options.divisor);
}

/** x [..., D], weight [O·maxout, D] → [..., O]. */
export function bcosLinear(graph: GraphBuilder, x: ValueId, weight: ValueId, options: BcosOptions): ValueId {
  const all = g.matmul(graph, x, rowsOf(graph, weight, options), { b: true });
  const product = largestUnit(graph, all, options.maxout);
  if (options.b === 1) return divided(graph, product, options.divisor);
  const norm = g.rowNorm(graph, x, rowEpsilon);
  return divided(graph, g.bcosScale(graph, product, norm, options.b), options.divisor);
}

function rowsOf(graph: GraphBuilder, weight: ValueId, options: BcosOptions): ValueId {
  return options.weights === "unit" ? g.unitRows(graph, weight) : weight;
}

/** MaxOut (Goodfellow et al. 2013): the largest of each run of `units` channels. */
function largestUnit(graph: GraphBuilder, o: ValueId, units: number): ValueId {
  if (units === 1) return o;
  const shape = graph.shapeOf(o);
  const kept = [...shape.slice(0, -1), (shape.at(-1) ?? 0) / units];
  const split = g.reshape(graph, o, [...kept, units]);
  return g.reshape(graph, g.maximum(graph, split, [kept.length]), kept);
}

function divided(graph: GraphBuilder, y: ValueId, divisor: number): ValueId {
  return divisor === 1 ? y : g.times(graph, y, 1 / divisor);
}

/**
 * The constant divisor that the settings mean for a layer: with `v1(factor)` k·√C/factor for a kernel of k = √(kh·kw) and
 * C input channels, as in the networks of Böhle et al. 2022, which have no norms to keep the activations in range.
 */
export function scaleDivisor(scale: Variant, kernel: readonly [number, number], channels: number): number {
  const [amount] = scale.args;
  if (scale.variant === "none") return 1;
  if (typeof amount !== "number") throw new Error(`scale ${scale.variant} without a number`);
  if (scale.variant === "constant") return amount;
  return (Math.sqrt(kernel[0] * kernel[1]) * Math.sqrt(channels)) / amount;
}
