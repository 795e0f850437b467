/** A graph as calls of TensorFlow.js against the reference device in float64. */
import { expect } from "vitest";
import type { Graph } from "../../src/compiler/graph/graph.ts";
import { simplify } from "../../src/compiler/graph/simplify.ts";
import type { TfjsPlanTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { verifyTfjsPlan } from "../../src/compiler/targets/tfjs/verify-plan.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { largestError } from "../wasm/support.ts";
import { runPlan } from "./run-plan.ts";

export interface Given {
  readonly feeds: Readonly<Record<string, Float64Array>>;
  readonly state?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Plans, and where they run: those for other backends on one that has all of their kernels. */
const places: readonly (readonly [TfjsPlanTarget, "cpu" | "wasm"])[] = [
  ["cpu", "cpu"],
  ["wasm", "wasm"],
  ["node", "cpu"],
  ["webgpu", "cpu"],
  ["portable", "wasm"],
];

/** Plans for all backends are sound, and give the reference's numbers within `tolerance`. */
export async function expectSame(graph: Graph, given: Given, tolerance: number): Promise<void> {
  // Both sides see the same numbers.
  const feeds = Object.fromEntries(Object.entries(given.feeds).map(([name, x]) => [name, x.map(Math.fround)]));
  const wanted = evaluateGraph(graph, { ...given, feeds }).outputs;
  for (const [target, backend] of places) {
    const plan = createTfjsPlan(simplify(graph), target, { name: "predict", batch: 1 });
    expect(verifyTfjsPlan(plan), target).toEqual([]);
    const { outputs } = await runPlan(plan, backend, { ...given, feeds });
    for (const [name, values] of Object.entries(wanted)) {
      expect(largestError(outputs[name]!, values), `${name}, ${target}`).toBeLessThan(tolerance);
    }
  }
}
