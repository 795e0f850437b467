/** Losses as graph functions: logits [N, K] and target rows [N, K], one-hot or soft → [1]. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";
import type { LossSettings } from "../graph/program.ts";

export function lossOf(graph: GraphBuilder, logits: ValueId, targets: ValueId, settings: LossSettings): ValueId {
  const [, classes = 1] = graph.shapeOf(logits);
  switch (settings.kind) {
    case "bce":
      return binary(graph, logits, smoothed(graph, targets, settings.smoothing, classes));
    case "uniform_off_label_bce":
      // No target is below the chance of a guess, so that other classes aren't pushed down without end.
      return binary(graph, logits, g.max(graph, targets, g.scalar(graph, 1 / classes)));
    case "cross_entropy":
      return categorical(graph, logits, smoothed(graph, targets, settings.smoothing, classes));
    default:
      throw new Error(`unknown loss ${JSON.stringify(settings satisfies never)}`);
  }
}

/** t(1 − a) + a/K (label smoothing, Szegedy et al. 2016). */
function smoothed(graph: GraphBuilder, targets: ValueId, amount: number | undefined, classes: number): ValueId {
  if (amount === undefined || amount === 0) return targets;
  return g.plus(graph, g.times(graph, targets, 1 - amount), amount / classes);
}

/** Binary cross entropy with logits, mean over batch and classes: ln(1 + eˣ) − x·t. */
function binary(graph: GraphBuilder, logits: ValueId, targets: ValueId): ValueId {
  const each = g.sub(graph, g.softplus(graph, logits), g.mul(graph, logits, targets));
  return g.reshape(graph, g.mean(graph, each, g.allAxes(graph, each)), [1]);
}

/** Softmax cross entropy, mean over the batch. */
function categorical(graph: GraphBuilder, logits: ValueId, targets: ValueId): ValueId {
  const [batch = 1] = graph.shapeOf(logits);
  const each = g.mul(graph, g.logSoftmax(graph, logits, 1), targets);
  return g.reshape(graph, g.times(graph, g.total(graph, each), -1 / batch), [1]);
}
