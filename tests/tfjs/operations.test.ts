/** Every operation of the graph as calls of TensorFlow.js, against the reference device in float64. */
import { describe, expect, it } from "vitest";
import type { TfjsPlanTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import type { Graph } from "../../src/compiler/graph/graph.ts";
import { simplify } from "../../src/compiler/graph/simplify.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { apply, cases, feedsOf } from "../graph/specimens.ts";
import { largestError } from "../wasm/support.ts";
import { runPlan } from "./run-plan.ts";

type Feeds = Readonly<Record<string, Float64Array>>;

/** Values of float32, so that both sides see the same numbers. */
const rounded = (feeds: Feeds): Feeds =>
  Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, values.map(Math.fround)]));

const state = { "conv1.weight": [1, 2, 3, 4, 5, 6] };

async function check(graph: Graph, given: Feeds, tolerance = 1e-5): Promise<void> {
  const asksForImage = graph.nodes.some(({ op, attributes }) => op === "input" && attributes.name === "image");
  const feeds = rounded(asksForImage ? { ...given, image: Float64Array.of(1, 2, 3, 4, 5, 6) } : given);
  const wanted = evaluateGraph(graph, { feeds, state }).outputs;
  // Plans for other backends run where all of their calls can.
  const places: readonly (readonly [TfjsPlanTarget, "cpu" | "wasm"])[] = [
    ["cpu", "cpu"],
    ["wasm", "wasm"],
    ["node", "cpu"],
    ["webgpu", "cpu"],
    ["portable", "wasm"],
  ];
  for (const [target, backend] of places) {
    const plan = createTfjsPlan(simplify(graph), target, { name: "predict", batch: 1 });
    const { outputs } = await runPlan(plan, backend, { feeds, state });
    for (const [name, values] of Object.entries(wanted)) {
      expect(largestError(outputs[name]!, values), `${name}, ${target}`).toBeLessThan(tolerance);
    }
  }
}

describe("operations", () => {
  it.each(cases.map((c) => [c.title, c] as const))("%s", async (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    await check(builder.finish(), feedsOf(c.specimen));
  });
});
