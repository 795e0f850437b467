/**
 * Every kernel of every model in `models/` compiles under Dawn's null backend and keeps within WebGPU's limits, with
 * activations in f16 too.
 */
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { createWebgpuCode } from "../../src/compiler/targets/webgpu/plan-code.ts";
import { programOf } from "../plan/agree.ts";
import { compile, openDevice } from "./dawn.ts";

const device = await openDevice("webgpu-compile", ["null"]);
const FILES = ["models/mnist.bcos", "models/cifar/resnet20.bcos", "models/resnet18.bcos", "models/resnet34.bcos"];
const NAMES: readonly GraphName[] = ["predict", "explain", "train"];
/** Trainings are not in f16. */
const HALF_NAMES: readonly GraphName[] = ["predict", "explain", "gradient"];

describe.skipIf(device === undefined)("kernels of models", () => {
  it.each(FILES)("%s", async (file) => {
    const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
    const { program } = programOf(network!, NAMES, { batch: 2 });
    const { kernels } = createWebgpuCode(program.graphs, 2);
    for (const kernel of Object.values(kernels)) {
      for (const variant of kernel.variants) await compile(device!, kernel, variant);
    }
    expect(Object.keys(kernels).length).toBeGreaterThan(20);
  });

  it.each(FILES)("%s in f16", async (file) => {
    const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
    const { program } = programOf(network!, HALF_NAMES, { batch: 2 });
    const { kernels } = createWebgpuCode(program.graphs, 2, { storage: "f16" });
    for (const kernel of Object.values(kernels)) {
      for (const variant of kernel.variants) await compile(device!, kernel, variant);
    }
    const half = Object.values(kernels).filter(({ variants }) => variants[0]!.requires?.includes("shader-f16"));
    expect(half.length).toBeGreaterThan(10);
  });
});
