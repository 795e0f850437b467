/**
 * Normalisations as graph functions. y = weight · x / √(var + ε), centred ones subtract the mean first; the variance is
 * always the biased one about the mean, also where the mean is not subtracted, as in Böhle et al. 2024.
 *
 * For explanations the variance is a dynamic factor. A mean taken over the sample itself stays differentiable, because
 * centring is linear; a running mean and a bias are amounts that no explanation can attribute to the input.
 */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { sizeOf, type ValueId } from "../graph/graph.ts";
import type { Variant } from "../layers/layer.ts";

type Statistics = "batch" | "all" | "layer" | "position" | "instance" | "group";

export interface NormKind {
  readonly statistics: Statistics;
  readonly centered: boolean;
  /** Of `group`; 1 otherwise. */
  readonly groups: number;
}

/** The variants of `norm(kind: …)` and of the setting `norm`. */
export const normVariants: Readonly<Record<string, readonly "int"[]>> = {
  batch: [],
  all: [],
  layer: [],
  position: [],
  instance: [],
  group: ["int"],
  batch_uncentered: [],
  all_uncentered: [],
  layer_uncentered: [],
  position_uncentered: [],
  instance_uncentered: [],
  group_uncentered: ["int"],
  none: [],
};

export function normKindOf(variant: Variant): NormKind {
  const statistics = variant.variant.replace(/_uncentered$/, "") as Statistics;
  const [groups] = variant.args;
  return {
    statistics,
    centered: !variant.variant.endsWith("_uncentered"),
    groups: typeof groups === "number" ? groups : 1,
  };
}

export interface NormOptions {
  readonly kind: NormKind;
  readonly epsilon: number;
  /** [C]; of `all` [1]. */
  readonly weight: ValueId;
  readonly bias: ValueId | undefined;
  /** Of `batch` and `all`. The mean is there for centred kinds. */
  readonly running:
    { readonly variance: ValueId; readonly mean: ValueId | undefined; readonly momentum: number } | undefined;
  /** Statistics of the batch instead of the running ones. */
  readonly training: boolean;
  /** Names the constant part. */
  readonly name: string;
}

export interface NormResult {
  readonly y: ValueId;
  /** New running statistics, in training. */
  readonly updates: { readonly variance: ValueId; readonly mean: ValueId | undefined } | undefined;
}

/** x [N,...,C] → the same shape. */
export function normalise(graph: GraphBuilder, x: ValueId, options: NormOptions): NormResult {
  if (options.running === undefined) return { y: bySample(graph, x, options), updates: undefined };
  return options.training
    ? byBatch(graph, x, { ...options, running: options.running })
    : { y: byRunning(graph, x, { ...options, running: options.running }), updates: undefined };
}

type Running = NormOptions & { readonly running: NonNullable<NormOptions["running"]> };

/** In evaluation: one factor a channel, known before the input. */
function byRunning(graph: GraphBuilder, x: ValueId, options: Running): ValueId {
  const { mean, variance } = options.running;
  const factor = g.div(graph, options.weight, deviation(graph, variance, options.epsilon));
  const scaled = g.mul(graph, x, factor);
  const offset = mean === undefined ? undefined : g.neg(graph, g.mul(graph, mean, factor));
  const { bias } = options;
  const constant = offset === undefined || bias === undefined ? (offset ?? bias) : g.add(graph, offset, bias);
  return constant === undefined ? scaled : g.shift(graph, options.name, scaled, constant);
}

function byBatch(graph: GraphBuilder, x: ValueId, options: Running): NormResult {
  const { centered, statistics } = options.kind;
  const { momentum, ...running } = options.running;
  const axes = statistics === "all" ? g.allAxes(graph, x) : g.allAxes(graph, x).slice(0, -1);
  const size = graph.shapeOf(options.weight);
  const variance = g.variance(graph, x, axes);
  const mean = centered ? g.mean(graph, x, axes) : undefined;

  const factor = g.div(graph, options.weight, deviation(graph, g.dynamic(graph, variance), options.epsilon));
  const y = g.mul(graph, mean === undefined ? x : g.sub(graph, x, mean), factor);

  // The running variance of a centred norm is the unbiased one, of an uncentred norm the biased one, as PyTorch's batch
  // norm and the published B-cos networks have it.
  const count = sizeOf(graph.shapeOf(x)) / sizeOf(size);
  const correction = centered ? count / Math.max(count - 1, 1) : 1;
  const moved = (old: ValueId, seen: ValueId, factor: number): ValueId =>
    g.add(graph, g.times(graph, old, 1 - momentum), g.times(graph, g.reshape(graph, seen, size), momentum * factor));
  return {
    y: biased(graph, y, options),
    updates: {
      variance: moved(running.variance, variance, correction),
      mean: mean === undefined || running.mean === undefined ? undefined : moved(running.mean, mean, 1),
    },
  };
}

function bySample(graph: GraphBuilder, x: ValueId, options: NormOptions): ValueId {
  const shape = graph.shapeOf(x);
  const { statistics, centered, groups } = options.kind;
  const last = shape.length - 1;
  const grouped = statistics === "group" && groups > 1;
  const runs = [...shape.slice(0, -1), groups, (shape[last] ?? 0) / groups];
  const viewed = grouped ? g.reshape(graph, x, runs) : x;
  const axes = sampleAxes(statistics, last, grouped);

  const variance = g.dynamic(graph, g.variance(graph, viewed, axes));
  const input = centered ? g.sub(graph, viewed, g.mean(graph, viewed, axes)) : viewed;
  const normalised = g.div(graph, input, deviation(graph, variance, options.epsilon));
  return biased(graph, g.mul(graph, g.reshape(graph, normalised, shape), options.weight), options);
}

/** The axes of a per-sample statistic; `last` is the channels' axis, behind which groups have one more. */
function sampleAxes(statistics: Statistics, last: number, grouped: boolean): readonly number[] {
  const pixels = Array.from({ length: last - 1 }, (_, i) => i + 1);
  if (statistics === "instance") return pixels;
  // `layer` is over the whole sample for images, over the last axis alone for vectors and tokens.
  if (statistics === "position" || (statistics === "layer" && last < 3)) return [last];
  return grouped ? [...pixels, last + 1] : [...pixels, last];
}

function biased(graph: GraphBuilder, y: ValueId, options: NormOptions): ValueId {
  return options.bias === undefined ? y : g.shift(graph, options.name, y, options.bias);
}

/** √(var + ε) */
function deviation(graph: GraphBuilder, variance: ValueId, epsilon: number): ValueId {
  return g.sqrt(graph, g.plus(graph, variance, epsilon));
}
