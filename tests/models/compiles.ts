/** Compiling a model in each of its presets, as far as that goes without running anything: up to plans for both targets. */
import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { createPlan, type CreatedPlan } from "../../src/compiler/plan/create-plan.ts";
import type { PlanTarget } from "../../src/compiler/plan/target.ts";
import { verifyPlan } from "../../src/compiler/plan/verify-plan.ts";
import { wasmTarget } from "../../src/compiler/targets/wasm/recipe-table.ts";
import { checkPlanLimits } from "../../src/compiler/targets/webgpu/plan-limits.ts";
import { gpuTarget } from "../../src/compiler/targets/webgpu/recipe-table.ts";
import { countsOf } from "./counts.ts";
import { formOf, modelFiles, networkOf, training, type Kind } from "./networks.ts";

const batch = 2;

/** Model files that are compiled in one test file: test files share the processors. */
const patterns = {
  cifar: /^cifar\//,
  convnext: /^convnext-/,
  densenet: /^densenet/,
  resnet: /^resne/,
  vit: /^(simple-vit|vitc)-/,
} as const;

export type Family = keyof typeof patterns | "others";

function familyOf(file: string): Family {
  const found = Object.entries(patterns).find(([, pattern]) => pattern.test(file));
  return found === undefined ? "others" : (found[0] as Family);
}

/**
 * Layers, by file, with more weights than one binding of WebGPU may have (128 MiB). They are refused when a plan is made: a
 * program of such a file runs on `wasm`.
 */
const beyondBindings: Readonly<Record<string, readonly string[]>> = {
  // 4096 x 512 x 7 x 7 weights are 392 MiB.
  "vgg11.bcos": ["classifier.0"],
};

/** The graphs whose plans are checked: what a network is for, and what trains it. */
const graphsOf = (kind: Kind): readonly GraphName[] => [kind === "standard" ? "predict" : "explain", "train"];

export function testFamily(family: Family): void {
  describe.each(modelFiles.filter((file) => familyOf(file) === family))("%s", (file) => {
    test.each(countsOf(file).map(([kind]) => kind))("%s", (kind) => {
      const graphs = graphsOf(kind);
      const { program } = buildProgram(networkOf(file, kind), { form: formOf(kind), batch, graphs, train: training });
      expectTraining(program);
      for (const name of graphs) {
        expectPlan(program, name, wasmTarget);
        const { plan, kernels } = expectPlan(program, name, gpuTarget);
        const refused = checkPlanLimits(plan, kernels).map(({ diagnostic: { message } }) => message);
        const reasons = (beyondBindings[file] ?? []).map((path) => `\`${path}\` needs a buffer of`);
        expect(refused, name).toEqual(reasons.map((reason) => expect.stringContaining(reason)));
      }
    });
  });
}

/** Every weight and every running statistic has a new value after a step. */
function expectTraining({ graphs, state }: Program): void {
  const trained = state.filter(({ role }) => role !== "optimizer").map(({ path }) => path);
  expect(Object.keys(graphs.train!.updates).toSorted()).toEqual(trained.toSorted());
}

function expectPlan<K>({ graphs }: Program, name: GraphName, target: PlanTarget<K>): CreatedPlan<K> {
  const created = createPlan(graphs[name]!, target, { name, batch });
  expect(verifyPlan(created.plan), `${name} for ${target.name}`).toEqual([]);
  expect(Object.keys(created.plan.outputs).toSorted()).toEqual(Object.keys(graphs[name]!.outputs).toSorted());
  for (const launch of created.plan.launches) {
    if (launch.kind === "kernel") expect(created.kernels.has(launch.kernel), launch.kernel).toBe(true);
  }
  return created;
}
