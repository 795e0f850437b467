/**
 * Fused groups of whole networks as WGSL: all compile and keep within the limits; on an adapter each gives what the
 * reference device gives on the same operands.
 */
import { afterAll, describe, expect, it } from "vitest";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import type { Graph } from "../../src/compiler/graph/graph.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { fuse } from "../../src/compiler/plan/fusion.ts";
import type { Group } from "../../src/compiler/plan/groups.ts";
import { lowerGroup } from "../../src/compiler/plan/lower-group.ts";
import { createMadeKernels, type Lowering } from "../../src/compiler/plan/lowering.ts";
import { toNormalForm } from "../../src/compiler/plan/normal-form.ts";
import { schedule } from "../../src/compiler/plan/schedule.ts";
import { createState } from "../../src/compiler/plan/store.ts";
import { analyse } from "../../src/compiler/plan/values.ts";
import type { GpuKernel } from "../../src/compiler/targets/webgpu/kernel.ts";
import { checkLimits } from "../../src/compiler/targets/webgpu/limits.ts";
import { gpuTarget } from "../../src/compiler/targets/webgpu/recipe-table.ts";
import { net } from "../layers/nets.ts";
import { feedsOf, programOf } from "../plan/agree.ts";
import { compile, openDevice, runRecipe, variantNames } from "./dawn.ts";

const compiler = await openDevice("webgpu-compile", ["null"]);
const device = await openDevice("webgpu", ["vulkan", "opengles"]);
afterAll(async () => {
  await device?.queue.onSubmittedWorkDone();
  device?.destroy();
});

function tiny() {
  const b = net([8, 7, 6]);
  const conv = b.layer("conv", "conv", "input", { width: 6, kernel: 3, padding: 1 });
  const norm = b.layer("norm", "norm", conv);
  const again = b.layer("conv", "again", norm, { width: 6, kernel: 3, padding: 1, maxout: 2 });
  const sum = b.layer("add", "add", [again, norm]);
  const down = b.layer("conv", "down", sum, { width: 8, kernel: 3, stride: 2, padding: 1, groups: 2 });
  const pooled = b.layer("max_pool", "max", b.layer("depthwise_conv", "deep", down, { kernel: 3 }), { kernel: 2 });
  return b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", pooled), { width: 3 }));
}

interface Fused {
  readonly lowering: Lowering<GpuKernel>;
  readonly order: readonly Group[];
}

/** Without writing state in place: so that what a group reads is there as it was. */
function fused(graph: Graph): Fused {
  const target = gpuTarget;
  const state = createState(analyse(toNormalForm(graph)), true, target.rules);
  fuse(state);
  return { lowering: { target, state, inPlace: new Map(), made: createMadeKernels() }, order: schedule(state).order };
}

const NAMES: readonly GraphName[] = ["predict", "explain", "gradient", "train"];

describe("groups of a network", () => {
  const { program, state: weights } = programOf(tiny(), NAMES, { batch: 2 });

  it.skipIf(compiler === undefined).each(NAMES)("%s: compile within the limits", async (name) => {
    const { lowering, order } = fused(program.graphs[name]!);
    const seen = new Set<string>();
    for (const group of order) {
      for (const kernel of lowerGroup(lowering, group).recipe.steps) {
        expect(checkLimits(kernel, { path: "" })?.message).toBeUndefined();
        for (const variant of kernel.variants) {
          if (seen.has(variant.wgsl)) continue;
          seen.add(variant.wgsl);
          await compile(compiler!, kernel, variant);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(8);
  });

  it.skipIf(device === undefined).each(NAMES)("%s: give what the reference gives", async (name) => {
    const { lowering, order } = fused(program.graphs[name]!);
    const { graph } = lowering.state.values;
    const everything = Object.fromEntries(graph.nodes.map((_, id) => [String(id), id]));
    const feeds = feedsOf(program, name);
    const { outputs } = evaluateGraph({ ...graph, outputs: everything, updates: {} }, { feeds, state: weights });
    for (const group of order) {
      const { recipe, bindings } = lowerGroup(lowering, group);
      const own = new Set(group.norm === undefined ? group.outputs : [...group.outputs, group.norm]);
      const [inputs, wanted]: [Record<string, ArrayLike<number>>, Record<string, ArrayLike<number>>] = [{}, {}];
      for (const [binding, value] of Object.entries(bindings)) {
        const written = own.has(value) && /^(out\d*|norm)$/.test(binding);
        (written ? wanted : inputs)[binding] = outputs[String(value)]!;
      }
      const lengths = Object.fromEntries(Object.entries(wanted).map(([binding, values]) => [binding, values.length]));
      for (const variant of variantNames(device!, recipe, true)) {
        const results = await runRecipe(device!, recipe, inputs, lengths, [], variant);
        for (const [binding, values] of Object.entries(wanted)) {
          // Relative to the largest number: sums of many terms cancel.
          const scale = Math.max(1e-3, ...Array.from(values, Math.abs));
          const worst = Math.max(...Array.from(values, (value, i) => Math.abs(value - results[binding]![i]!)));
          expect(worst / scale, `${binding} of ${recipe.steps.at(-1)!.label}, ${variant}`).toBeLessThan(5e-5);
        }
      }
    }
  });
});
