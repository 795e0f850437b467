/** Programs run through their plans and through the interpreter of the graph. */
import { expect } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { sizeOf } from "../../src/compiler/graph/graph.ts";
import type { GraphName, Program, TrainSettings } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { verifyPlan } from "../../src/compiler/plan/verify-plan.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
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

/** Largest |a − b|, relative to the largest |b|. */
export function difference(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (actual.length !== wanted.length) return Infinity;
  let largest = 1e-3;
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]!));
    const gap = Math.abs(actual[i]! - wanted[i]!);
    if (!(gap <= worst)) worst = Number.isNaN(gap) && Number.isNaN(wanted[i]!) ? worst : gap;
  }
  return Number.isNaN(worst) ? Infinity : worst / largest;
}

/** Runs the plan of a graph and the graph itself; all results must be as near as float32 allows. */
export function expectAgreement(
  program: Program,
  name: GraphName,
  state: Record<string, Float64Array>,
  { fuse = true, tolerance = 1e-5 }: { fuse?: boolean; tolerance?: number } = {},
): void {
  const graph = program.graphs[name]!;
  const code = createWasmCode({ [name]: graph }, program.batch, { fuse });
  const plan = code.plans[name]!;
  expect(verifyPlan(JSON.parse(JSON.stringify(plan)))).toEqual([]);
  const feeds = feedsOf(program, name);
  const wanted = evaluateGraph(graph, { feeds, state });
  const loaded = loadPlan(code, plan, state);
  const actual = loaded.run(feeds);
  for (const [output, values] of Object.entries(wanted.outputs)) {
    expect(difference(actual.outputs[output]!, values), `output ${output} of ${name}`).toBeLessThan(tolerance);
  }
  for (const [path, values] of Object.entries(state)) {
    const after = wanted.updates[path] ?? values;
    expect(difference(actual.state[path]!, after), `state ${path} after ${name}`).toBeLessThan(tolerance);
  }
  if (Object.keys(graph.updates).length > 0) return;
  const again = loaded.run(feeds, { prepare: false });
  for (const output of Object.keys(wanted.outputs)) {
    expect(again.outputs[output], `output ${output} of ${name}, weights prepared before`).toEqual(
      actual.outputs[output],
    );
  }
}
