/** The graph `train`: forward, loss, gradients, clipping, the optimiser's step and the running statistics. */
import * as g from "../graph/build.ts";
import { differentiate } from "../graph/differentiate.ts";
import type { Graph } from "../graph/graph.ts";
import type { StateSpec, TrainSettings } from "../graph/program.ts";
import type { Lowered } from "../network/lower.ts";
import { clipUnitwise } from "../training/clip.ts";
import { lossOf } from "../training/losses.ts";
import { optimizerStep, type Trained } from "../training/optimizers.ts";

export interface TrainGraph {
  readonly graph: Graph;
  /** The optimiser's own tensors. */
  readonly state: readonly StateSpec[];
}

/**
 * `lowered` is in training form. The loss is that of the logits, and what auxiliary classifiers add. With `outputGradients` also
 * `gradient/PATH` before and `clipped/PATH` after clipping.
 */
export function trainGraph(lowered: Lowered, settings: TrainSettings, outputGradients: boolean): TrainGraph {
  const { graph, logits, auxiliary } = lowered;
  const targets = g.input(graph, "targets", graph.shapeOf(logits));
  const learningRate = g.input(graph, "learningRate", [1]);
  // An input of the graph also where nothing reads it, so that all training graphs are fed alike.
  const step = g.input(graph, "step", [1]);
  const { loss: kind, auxiliaryWeight = 1 } = settings;
  const loss = auxiliary.reduce(
    (sum, scores) => g.add(graph, sum, g.times(graph, lossOf(graph, scores, targets, kind), auxiliaryWeight)),
    lossOf(graph, logits, targets, kind),
  );
  const trained = gradientsOf(lowered, loss);
  const clipped = trained.map((one) => clip(lowered, one, settings));
  const optimizer = optimizerStep(graph, settings.optimizer, clipped, learningRate, step);

  graph.output("loss", loss);
  graph.output("logits", logits);
  if (outputGradients) {
    for (const { spec, gradient } of trained) graph.output(`gradient/${spec.path}`, gradient);
    if (settings.clip !== undefined)
      for (const { spec, gradient } of clipped) graph.output(`clipped/${spec.path}`, gradient);
  }
  for (const [path, value] of [...optimizer.updates, ...lowered.updates]) graph.update(path, value);
  return { graph: graph.finish(), state: optimizer.state };
}

/** The weights that the loss depends on, with their gradients. Others are left as they are, as PyTorch does. */
function gradientsOf(lowered: Lowered, loss: number): readonly Trained[] {
  const { graph } = lowered;
  const specs = lowered.state.filter((spec) => spec.role === "weight");
  const weights = specs.map((spec) => g.state(graph, spec.path, spec.shape));
  const one = g.filled(graph, 1, [1]);
  const { gradients } = differentiate(graph, [{ value: loss, cotangent: one }], weights, "true");
  return specs.flatMap((spec, i) => {
    const [weight, gradient] = [weights[i], gradients[i]];
    return weight === undefined || gradient === undefined ? [] : [{ spec, weight, gradient }];
  });
}

function clip(lowered: Lowered, one: Trained, { clip }: TrainSettings): Trained {
  if (clip === undefined) return one;
  return { ...one, gradient: clipUnitwise(lowered.graph, one.weight, one.gradient, clip.factor, clip.epsilon) };
}
