/**
 * Every kernel of every model in `models/` compiles under Dawn's null backend and keeps within WebGPU's limits, with
 * activations in f16 too.
 */
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import type { StorageType } from "../../src/compiler/plan/storage.ts";
import type { GpuKernel } from "../../src/compiler/targets/webgpu/kernel.ts";
import { createWebgpuCode } from "../../src/compiler/targets/webgpu/plan-code.ts";
import { programOf } from "../plan/agree.ts";
import { compile, openDevice } from "./dawn.ts";

const device = await openDevice("webgpu-compile", ["null"]);
const FILES = ["models/mnist.bcos", "models/cifar/resnet20.bcos", "models/resnet18.bcos", "models/resnet34.bcos"];
const NAMES: readonly GraphName[] = ["predict", "explain", "train"];
/** Trainings are not in f16. */
const HALF_NAMES: readonly GraphName[] = ["predict", "explain", "gradient"];

function kernelsOf(file: string, names: readonly GraphName[], storage: StorageType): readonly GpuKernel[] {
  const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
  const { program } = programOf(network!, names, { batch: 2 });
  return Object.values(createWebgpuCode(program.graphs, 2, { storage }).kernels);
}

/** What has compiled: models have many kernels in common. */
const compiled = new Set<string>();

/** Stops where a test is given up: calls of Dawn after the end of a test thread end the process. */
async function compileAll(kernels: readonly GpuKernel[], signal: AbortSignal): Promise<void> {
  for (const kernel of kernels) {
    for (const variant of kernel.variants) {
      signal.throwIfAborted();
      if (compiled.has(variant.wgsl)) continue;
      await compile(device!, kernel, variant);
      compiled.add(variant.wgsl);
    }
  }
}

describe.skipIf(device === undefined)("kernels of models", () => {
  it.for(FILES)("%s", async (file, { signal }) => {
    const kernels = kernelsOf(file, NAMES, "f32");
    await compileAll(kernels, signal);
    expect(kernels.length).toBeGreaterThan(20);
  });

  it.for(FILES)("%s in f16", async (file, { signal }) => {
    const kernels = kernelsOf(file, HALF_NAMES, "f16");
    await compileAll(kernels, signal);
    const half = kernels.filter(({ variants }) => variants[0]!.requires?.includes("shader-f16"));
    expect(half.length).toBeGreaterThan(10);
  });
});
