/** Optimiser steps as graph functions, with PyTorch's definitions: weights and gradients → new weights and moments. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";
import type { OptimizerSettings, StateSpec } from "../graph/program.ts";

export interface Trained {
  readonly spec: StateSpec;
  readonly weight: ValueId;
  readonly gradient: ValueId;
}

export interface OptimizerStep {
  /** New values by state path. */
  readonly updates: ReadonlyMap<string, ValueId>;
  /** The optimiser's own tensors; all start at 0. */
  readonly state: readonly StateSpec[];
}

type Adam = Extract<OptimizerSettings, { kind: "adam" }>;
type Sgd = Extract<OptimizerSettings, { kind: "sgd" }>;

/** `learningRate` and `step`, 1 at the first step, are [1]. */
export function optimizerStep(
  graph: GraphBuilder,
  settings: OptimizerSettings,
  trained: readonly Trained[],
  learningRate: ValueId,
  step: ValueId,
): OptimizerStep {
  switch (settings.kind) {
    case "adam":
      return adam(graph, settings, trained, learningRate, step);
    case "sgd":
      return sgd(graph, settings, trained, learningRate);
    default:
      throw new Error(`unknown optimiser ${JSON.stringify(settings satisfies never)}`);
  }
}

function moment(name: string, { path, shape, layout }: StateSpec): StateSpec {
  return { path: `${name}/${path}`, shape, role: "optimizer", layout, initial: { kind: "constant", value: 0 } };
}

/** gradient + decay · weight: L2 regularisation. */
function decayed(graph: GraphBuilder, { weight, gradient }: Trained, decay: number): ValueId {
  return decay === 0 ? gradient : g.add(graph, gradient, g.times(graph, weight, decay));
}

/** old · keep + seen · (1 − keep) */
function average(graph: GraphBuilder, old: ValueId, seen: ValueId, keep: number): ValueId {
  return g.add(graph, g.times(graph, old, keep), g.times(graph, seen, 1 - keep));
}

/** Adam (Kingma and Ba 2015, algorithm 1); decoupled, AdamW (Loshchilov and Hutter 2019, algorithm 2). */
function adam(
  graph: GraphBuilder,
  settings: Adam,
  trained: readonly Trained[],
  learningRate: ValueId,
  step: ValueId,
): OptimizerStep {
  const { beta1, beta2, epsilon, weightDecay, decoupled } = settings;
  const updates = new Map<string, ValueId>();
  const state: StateSpec[] = [];
  const stepSize = g.div(graph, learningRate, unbias(graph, beta1, step));
  const rootCorrection = g.sqrt(graph, unbias(graph, beta2, step));
  for (const one of trained) {
    const { spec, weight } = one;
    const specs = [moment("adam.m", spec), moment("adam.v", spec)] as const;
    const [oldM, oldV] = [g.state(graph, specs[0].path, spec.shape), g.state(graph, specs[1].path, spec.shape)];
    const gradient = decoupled ? one.gradient : decayed(graph, one, weightDecay);
    const m = average(graph, oldM, gradient, beta1);
    const v = average(graph, oldV, g.square(graph, gradient), beta2);
    const root = g.plus(graph, g.div(graph, g.sqrt(graph, v), rootCorrection), epsilon);
    const move = g.mul(graph, stepSize, g.div(graph, m, root));
    const kept =
      decoupled && weightDecay !== 0
        ? g.sub(graph, weight, g.mul(graph, g.times(graph, learningRate, weightDecay), weight))
        : weight;
    updates.set(spec.path, g.sub(graph, kept, move));
    updates.set(specs[0].path, m);
    updates.set(specs[1].path, v);
    state.push(...specs);
  }
  return { updates, state };
}

/**
 * 1 − βᵗ, the bias correction. For β near 1 the difference cancels in float32 (1 − 0.999 keeps four digits), so it is taken
 * from the identity 1 − eᵘ = −2τ/(1 − τ) with τ = tanh(u/2).
 */
function unbias(graph: GraphBuilder, beta: number, step: ValueId): ValueId {
  if (beta === 0) return g.scalar(graph, 1);
  const half = g.tanh(graph, g.times(graph, step, Math.log(beta) / 2));
  return g.div(graph, g.times(graph, half, -2), g.sub(graph, g.scalar(graph, 1), half));
}

/** v ← μv + g, w ← w − lr·v. The velocity starts at 0 and so is the gradient after the first step. */
function sgd(graph: GraphBuilder, settings: Sgd, trained: readonly Trained[], learningRate: ValueId): OptimizerStep {
  const updates = new Map<string, ValueId>();
  const state: StateSpec[] = [];
  for (const one of trained) {
    const { spec, weight } = one;
    const gradient = decayed(graph, one, settings.weightDecay);
    let velocity = gradient;
    if (settings.momentum !== 0) {
      const own = moment("sgd.momentum", spec);
      const old = g.state(graph, own.path, spec.shape);
      velocity = g.add(graph, g.times(graph, old, settings.momentum), gradient);
      updates.set(own.path, velocity);
      state.push(own);
    }
    updates.set(spec.path, g.sub(graph, weight, g.mul(graph, learningRate, velocity)));
  }
  return { updates, state };
}
