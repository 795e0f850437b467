/**
 * Compiling a model as far as that goes without running anything: in each of its presets up to plans for all targets, and
 * the kernels for WebGPU up to pipelines of Dawn's null backend, which needs no driver.
 */
import { afterAll, describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { sizeOf, type Graph } from "../../src/compiler/graph/graph.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { createPlan, type CreatedPlan } from "../../src/compiler/plan/create-plan.ts";
import { createMadeKernels, type MadeKernels } from "../../src/compiler/plan/lowering.ts";
import type { PlanTarget } from "../../src/compiler/plan/target.ts";
import type { StorageType } from "../../src/compiler/plan/storage.ts";
import { verifyPlan } from "../../src/compiler/plan/verify-plan.ts";
import { tfjsBackends, type TfjsBackend } from "../../src/compiler/targets/tfjs/backends.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { verifyTfjsPlan } from "../../src/compiler/targets/tfjs/verify-plan.ts";
import type { Kernel } from "../../src/compiler/targets/wasm/kernel.ts";
import { wasmTarget } from "../../src/compiler/targets/wasm/recipe-table.ts";
import type { GpuKernel } from "../../src/compiler/targets/webgpu/kernel.ts";
import { defaultLimits } from "../../src/compiler/targets/webgpu/limits.ts";
import { checkPlanLimits } from "../../src/compiler/targets/webgpu/plan-limits.ts";
import { gpuTarget } from "../../src/compiler/targets/webgpu/recipe-table.ts";
import { splitWeights } from "../../src/compiler/targets/webgpu/split-weights.ts";
import { compile } from "../webgpu/dawn.ts";
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
 * Files whose models are larger versions of others, of the same layers. Of these the plans with the most launches, and those in
 * half precision, are made only where all are asked for.
 */
const largerVersions = /^(densenet(161|169|201)|resnet(101|152)|convnext-base|simple-vit-[bls]-|vitc-[sl]-)/;

/**
 * Layers, by file, with more weights than one binding of WebGPU may have (128 MiB). Their training is refused when a plan is
 * made and runs on `wasm`; predictions and explanations have the weights in parts.
 */
const beyondBindings: Readonly<Record<string, readonly string[]>> = {
  // 4096 x 512 x 7 x 7 weights are 392 MiB.
  "vgg11.bcos": ["classifier.0"],
};

/** What a network is for. The graph `explain` is there in the B-cos form alone. */
const usesOf = (kind: Kind): readonly GraphName[] => (kind === "standard" ? ["predict"] : ["predict", "explain"]);

/** All plans and kernels are made where that is asked for: it takes minutes. */
const ALL = process.env["BCOSC_KERNELS"] === "all";
/** Sizes of a kernel that are compiled: kernels that differ in nothing but numbers count as one. */
const MOST_SIZES = ALL ? Infinity : 2;

/** Tests of all files of a family. `device` is one of Dawn's null backend, without which kernels are not compiled. */
export function testFamily(family: Family, device: GPUDevice | undefined): void {
  const sizes = new Map<string, Set<string>>();
  const made = { wasm: createMadeKernels<Kernel>(), webgpu: createMadeKernels<GpuKernel>() };
  describe.each(modelFiles.filter((file) => familyOf(file) === family))("%s", (file) => {
    const [first] = countsOf(file);
    const whole = ALL || !largerVersions.test(file);
    const fresh = new Map<string, GpuKernel>();
    const add = (kernels: ReadonlyMap<string, GpuKernel>): void => {
      for (const [name, kernel] of kernels) fresh.set(name, kernel);
    };

    describe.each(countsOf(file))("%s", (kind, weights) => {
      const planned = kind === first![0] || ALL;
      let built: Program | undefined;
      const program = (): Program => (built ??= programOf(file, kind, planned));
      afterAll(() => (built = undefined));

      test("lowers and differentiates", () => expectTraining(program()));

      test(`has ${weights} weights`, () => {
        const own = program().state.filter(({ role }) => role === "weight");
        expect(own.reduce((total, { shape }) => total + sizeOf(shape), 0)).toBe(weights);
      });

      // The first preset has nearly all kinds of kernels: the others are planned where that is asked for.
      if (!planned) return;
      test("is planned", () => {
        expectPlan(program(), "train", wasmTarget, made.wasm);
        const split = inParts(program(), usesOf(kind));
        for (const name of [...usesOf(kind), ...(whole ? (["train"] as const) : [])]) {
          const { plan, kernels } = expectPlan(split, name, gpuTarget, made.webgpu);
          const refused = checkPlanLimits(plan, kernels).map(({ diagnostic: { message } }) => message);
          const large = name === "train" ? (beyondBindings[file] ?? []) : [];
          const reasons = large.map((path) => `\`${path}\` needs a buffer of`);
          expect(refused, name).toEqual(reasons.map((reason) => expect.stringContaining(reason)));
          add(kernels);
        }
      });

      test("is lowered to calls of TensorFlow.js", () => {
        const backends = ALL ? tfjsBackends : whole ? (["wasm", "node"] as const) : (["wasm"] as const);
        for (const name of [...usesOf(kind), "train"] as const) {
          for (const backend of backends) expectTfjsPlan(program().graphs[name]!, name, backend);
        }
      });

      // The same plans but for what is in memory in half precision: one preset shows it.
      if (kind !== first![0] || !whole) return;
      test("is planned in f16", () => {
        const split = inParts(program(), usesOf(kind));
        for (const name of usesOf(kind)) {
          const { kernels } = expectPlan(split, name, gpuTarget, made.webgpu, "f16");
          const half = [...kernels.values()].filter(({ variants }) => variants[0]!.requires?.includes("shader-f16"));
          expect(half.length).toBeGreaterThan(5);
          add(kernels);
        }
      });
    });

    test.skipIf(device === undefined)("the kernels of these plans compile", async ({ signal }) => {
      expect(fresh.size).toBeGreaterThan(30);
      for (const kernel of fresh.values()) {
        for (const variant of kernel.variants) {
          // Calls of Dawn after the end of a test thread end the process.
          signal.throwIfAborted();
          if (isNew(sizes, variant.wgsl)) await compile(device!, kernel, variant);
        }
      }
      fresh.clear();
    });
  });
}

/** Whether a module is among the first few of those that differ from it in numbers and comments alone. */
function isNew(known: Map<string, Set<string>>, wgsl: string): boolean {
  const code = wgsl.replace(/^\/\/.*$/gm, "");
  const form = code.replace(/\d+/g, "#");
  const sizes = known.get(form) ?? new Set();
  known.set(form, sizes);
  if (sizes.size >= MOST_SIZES || sizes.has(code)) return false;
  sizes.add(code);
  return true;
}

/** The graph of a prediction is within that of an explanation: it is made where it is planned. */
function programOf(file: string, kind: Kind, planned: boolean): Program {
  const graphs = [...usesOf(kind).filter((name) => planned || name !== "predict"), "train"] as const;
  return buildProgram(networkOf(file, kind), { form: formOf(kind), batch, graphs, train: training }).program;
}

/** The program as one for WebGPU is: with the graphs that are not trained in parts. */
function inParts(program: Program, names: readonly GraphName[]): Program {
  const some = Object.fromEntries(names.map((name) => [name, program.graphs[name]!]));
  return { ...program, graphs: { ...program.graphs, ...splitWeights(some, defaultLimits.bindingBytes).graphs } };
}

/** Every weight and every running statistic has a new value after a step. */
function expectTraining({ graphs, state }: Program): void {
  const trained = state.filter(({ role }) => role !== "optimizer").map(({ path }) => path);
  expect(Object.keys(graphs.train!.updates).toSorted()).toEqual(trained.toSorted());
}

function expectTfjsPlan(graph: Graph, name: GraphName, backend: TfjsBackend): void {
  const plan = createTfjsPlan(graph, backend, { name, batch });
  expect(verifyTfjsPlan(plan), `${name} for ${backend}`).toEqual([]);
  expect(Object.keys(plan.outputs)).toEqual(Object.keys(graph.outputs));
  expect(Object.keys(plan.updates)).toEqual(Object.keys(graph.updates));
  expect(plan.repeat !== undefined).toBe(name === "explain");
}

function expectPlan<K>(
  { graphs }: Program,
  name: GraphName,
  target: PlanTarget<K>,
  made: MadeKernels<K>,
  storage: StorageType = "f32",
): CreatedPlan<K> {
  const created = createPlan(graphs[name]!, target, { name, batch, storage, made });
  expect(verifyPlan(created.plan), `${name} for ${target.name}`).toEqual([]);
  expect(Object.keys(created.plan.outputs).toSorted()).toEqual(Object.keys(graphs[name]!.outputs).toSorted());
  for (const launch of created.plan.launches) {
    if (launch.kind === "kernel") expect(created.kernels.has(launch.kernel), launch.kernel).toBe(true);
  }
  return created;
}
