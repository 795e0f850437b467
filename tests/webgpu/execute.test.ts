/** Every operation's kernels on an adapter (a software one will do), against the reference device in float64. */
import { afterAll, describe, expect, it } from "vitest";
import type { Graph } from "../../src/compiler/graph/graph.ts";
import { operationRecipe } from "../../src/compiler/plan/lower-operation.ts";
import { gpuRecipes } from "../../src/compiler/targets/webgpu/recipe-table.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { apply, cases, feedsOf } from "../graph/specimens.ts";
import { largestError } from "../wasm/support.ts";
import { openDevice, runRecipe, variantNames } from "./dawn.ts";

const device = await openDevice("webgpu", ["vulkan", "opengles"]);

afterAll(async () => {
  await device?.queue.onSubmittedWorkDone();
  device?.destroy();
});

/** Runs every node of a graph by its kernels on the reference's values of its inputs and compares the results. */
async function checkGraph(
  graph: Graph,
  feeds: Readonly<Record<string, ArrayLike<number>>>,
  tolerance = 2e-5,
): Promise<number> {
  const everything = Object.fromEntries(graph.nodes.map((_, id) => [`v${id}`, id]));
  const values = evaluateGraph({ ...graph, outputs: everything, updates: {} }, { feeds }).outputs;
  let checked = 0;
  for (const [id, node] of graph.nodes.entries()) {
    const shapes = node.inputs.map((value) => graph.nodes[value]!.shape);
    const wanted = values[`v${id}`]!;
    const inputs = Object.fromEntries(node.inputs.map((value, i) => [`x${i + 1}`, values[`v${value}`]!]));
    const recipe = operationRecipe(gpuRecipes, node, shapes);
    if (recipe === undefined) continue;
    for (const name of variantNames(device!, recipe, true)) {
      const { out } = await runRecipe(device!, recipe, inputs, { out: wanted.length }, [], name);
      expect(largestError(out!, wanted), `${node.op}, ${name}`).toBeLessThan(tolerance);
      checked++;
    }
  }
  return checked;
}

const WITHOUT_KERNELS = new Set(["input", "state", "constant"]);

describe.skipIf(device === undefined)("operations on an adapter", () => {
  it.each(cases.filter((c) => !WITHOUT_KERNELS.has(c.op)).map((c) => [c.title, c] as const))("%s", async (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    const feeds = Object.entries(feedsOf(c.specimen)).map(([name, values]) => [name, values.map(Math.fround)]);
    expect(await checkGraph(builder.finish(), Object.fromEntries(feeds))).toBeGreaterThan(0);
  });
});
