/**
 * Normalisations as graph functions. y = weight · x / √(var + ε), centred ones subtract the mean first; the variance is
 * always the biased one about the mean, also where the mean is not subtracted (Böhle et al. 2024, section 3.2.3).
 *
 * For explanations the variance is a dynamic factor. A mean taken over the sample itself stays differentiable, because
 * centring is linear; a running mean and a bias are amounts that no explanation can attribute to the input.
 */
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
  const factor = graph.emit("div", [options.weight, deviation(graph, variance, options.epsilon)], {});
  const scaled = graph.emit("mul", [x, factor], {});
  const offset = mean === undefined ? undefined : graph.emit("neg", [graph.emit("mul", [mean, factor], {})], {});
  if (offset === undefined && options.bias === undefined) return scaled;
  const constant =
    offset === undefined || options.bias === undefined
      ? (offset ?? options.bias ?? 0)
      : graph.emit("add", [offset, options.bias], {});
  return graph.emit("shift", [scaled, constant], { name: options.name });
}

function byBatch(graph: GraphBuilder, x: ValueId, options: Running): NormResult {
  const shape = graph.shapeOf(x);
  const axes = options.kind.statistics === "all" ? allAxes(shape.length) : allAxes(shape.length - 1);
  const [size] = graph.shapeOf(options.weight);
  const variance = graph.emit("reduce_variance", [x], { axes });
  const mean = options.kind.centered ? graph.emit("reduce_mean", [x], { axes }) : undefined;

  const factor = graph.emit(
    "div",
    [options.weight, deviation(graph, graph.emit("dynamic", [variance], {}), options.epsilon)],
    {},
  );
  const input = mean === undefined ? x : graph.emit("sub", [x, mean], {});
  const y = graph.emit("mul", [input, factor], {});

  // The running variance of a centred norm is the unbiased one, of an uncentred norm the biased one, as PyTorch's batch
  // norm and the published B-cos networks have it.
  const count = sizeOf(shape) / (size ?? 1);
  const correction = options.kind.centered ? count / Math.max(count - 1, 1) : 1;
  const { momentum } = options.running;
  const moved = (old: ValueId, seen: ValueId, by: number): ValueId => {
    const flat = graph.emit("reshape", [seen], { shape: graph.shapeOf(old) });
    return graph.emit("add", [scaledBy(graph, old, 1 - momentum), scaledBy(graph, flat, momentum * by)], {});
  };
  return {
    y: biased(graph, y, options),
    updates: {
      variance: moved(options.running.variance, variance, correction),
      mean: mean === undefined || options.running.mean === undefined ? undefined : moved(options.running.mean, mean, 1),
    },
  };
}

function bySample(graph: GraphBuilder, x: ValueId, options: NormOptions): ValueId {
  const shape = graph.shapeOf(x);
  const { statistics, groups } = options.kind;
  const channels = shape.at(-1) ?? 0;
  const last = shape.length - 1;
  // Of vectors and tokens, `layer` is over the last axis alone; of images over the whole sample.
  const perPixel = statistics === "position" || (statistics === "layer" && shape.length < 4);
  const grouped = statistics === "group" && groups > 1;
  const viewed = grouped
    ? graph.emit("reshape", [x], { shape: [...shape.slice(0, -1), groups, channels / groups] })
    : x;
  const pixels = allAxes(last).slice(1);
  const axes = perPixel
    ? [last]
    : statistics === "instance"
      ? pixels
      : grouped
        ? [...pixels, last + 1]
        : [...pixels, last];

  const variance = graph.emit("dynamic", [graph.emit("reduce_variance", [viewed], { axes })], {});
  const input = options.kind.centered
    ? graph.emit("sub", [viewed, graph.emit("reduce_mean", [viewed], { axes })], {})
    : viewed;
  const normalised = graph.emit("div", [input, deviation(graph, variance, options.epsilon)], {});
  const back = grouped ? graph.emit("reshape", [normalised], { shape }) : normalised;
  return biased(graph, graph.emit("mul", [back, options.weight], {}), options);
}

function biased(graph: GraphBuilder, y: ValueId, options: NormOptions): ValueId {
  return options.bias === undefined ? y : graph.emit("shift", [y, options.bias], { name: options.name });
}

/** √(var + ε) */
function deviation(graph: GraphBuilder, variance: ValueId, epsilon: number): ValueId {
  const safe = graph.emit("add", [variance, graph.emit("constant", [], { values: [epsilon] }, [1])], {});
  return graph.emit("sqrt", [safe], {});
}

function scaledBy(graph: GraphBuilder, x: ValueId, factor: number): ValueId {
  return factor === 1 ? x : graph.emit("mul", [x, graph.emit("constant", [], { values: [factor] }, [1])], {});
}

function allAxes(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i);
}
