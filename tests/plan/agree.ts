/** Programs run through their plans and through the interpreter of the graph. */
import { expect } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { sizeOf, type Graph } from "../../src/compiler/graph/graph.ts";
import type { GraphName, Program, TrainSettings } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { verifyPlan } from "../../src/compiler/plan/verify-plan.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { evaluateGraph, type EvaluateOptions } from "../../src/runtime/devices/reference/evaluate.ts";
import { noise, stateFor } from "../layers/numbers.ts";
import { loadPlan } from "./run-plan.ts";

export const adam: TrainSettings = {
  loss: { kind: "uniform_off_label_bce" },
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-3, weightDecay: 0.01, decoupled: false },
};

export function programOf(
  network: Network,
  graphs: readonly GraphName[],
  {
    batch = 2,
    form = "bcos",
    train = adam,
    seed = 1,
  }: {
    batch?: number;
    form?: "bcos" | "standard";
    train?: TrainSettings;
    seed?: number;
  } = {},
): { program: Program; state: Record<string, Float64Array> } {
  const { program } = buildProgram(network, { form, batch, graphs, train, outputGradients: graphs.length > 9 });
  return { program, state: stateFor(program.state, seed) };
}

export function feedsOf(program: Program, name: GraphName, seed = 3): Record<string, Float64Array> {
  const graph = program.graphs[name]!;
  return Object.fromEntries(
    graph.nodes.flatMap((node, i) => {
      if (node.op !== "input") return [];
      const { name: input } = node.attributes;
      const values = noise(sizeOf(node.shape), seed + i);
      if (input === "learningRate") return [[input, values.fill(0.01)]];
      if (input === "step") return [[input, values.fill(1)]];
      return [[input, input === "cotangent" ? values : values.map((v) => 0.5 + 0.5 * v)]];
    }),
  );
}

/** Largest |a − b|, relative to the largest |b| or to `scale` where that is more. */
export function difference(actual: ArrayLike<number>, wanted: ArrayLike<number>, scale = 1e-3): number {
  if (actual.length !== wanted.length) return Infinity;
  let largest = scale;
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]!));
    const gap = Math.abs(actual[i]! - wanted[i]!);
    if (!(gap <= worst)) worst = Number.isNaN(gap) && Number.isNaN(wanted[i]!) ? worst : gap;
  }
  return Number.isNaN(worst) ? Infinity : worst / largest;
}

/**
 * The largest number that anything in the graph comes to: where larger numbers cancel, that is what float32 rounds.
 */
export function largestInside(graph: Graph, options: EvaluateOptions): number {
  const outputs = Object.fromEntries(graph.nodes.map((_, value) => [String(value), value]));
  const all = evaluateGraph({ ...graph, outputs, updates: {} }, options);
  let largest = 0;
  for (const values of Object.values(all.outputs)) for (const v of values) largest = Math.max(largest, Math.abs(v));
  return largest;
}

/** Runs the plan of a graph and the graph itself; all results must be as near as float32 allows. */
export function expectAgreement(
  program: Program,
  name: GraphName,
  state: Record<string, Float64Array>,
  {
    fuse = true,
    tolerance = 1e-5,
    cancels = false,
  }: {
    fuse?: boolean;
    tolerance?: number;
    /** Large numbers may cancel to small ones: results are also compared with the largest number in between. */
    cancels?: boolean;
  } = {},
): void {
  const graph = program.graphs[name]!;
  const code = createWasmCode({ [name]: graph }, program.batch, { fuse });
  const plan = code.plans[name]!;
  expect(verifyPlan(JSON.parse(JSON.stringify(plan)))).toEqual([]);
  const feeds = feedsOf(program, name);
  const wanted = evaluateGraph(graph, { feeds, state });
  const loaded = loadPlan(code, plan, state);
  const actual = loaded.run(feeds);
  const expectNear = (values: ArrayLike<number>, truth: ArrayLike<number>, what: string): void => {
    if (difference(values, truth) < tolerance) return;
    const scale = cancels ? largestInside(graph, { feeds, state }) : undefined;
    expect(difference(values, truth, scale), `${what} of ${name}`).toBeLessThan(cancels ? tolerance / 20 : tolerance);
  };
  for (const [output, values] of Object.entries(wanted.outputs)) {
    expectNear(actual.outputs[output]!, values, `output ${output}`);
  }
  for (const [path, values] of Object.entries(state)) {
    expectNear(actual.state[path]!, wanted.updates[path] ?? values, `state ${path}`);
  }
  if (Object.keys(graph.updates).length > 0) return;
  const again = loaded.run(feeds, { prepare: false });
  for (const output of Object.keys(wanted.outputs)) {
    expect(again.outputs[output], `output ${output} of ${name}, weights prepared before`).toEqual(
      actual.outputs[output],
    );
  }
}
