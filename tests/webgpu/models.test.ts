/** Every kernel of every model in `models/` compiles under Dawn's null backend and keeps within WebGPU's limits. */
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { fuse } from "../../src/compiler/plan/fusion.ts";
import { toNormalForm } from "../../src/compiler/plan/normal-form.ts";
import { schedule } from "../../src/compiler/plan/schedule.ts";
import { createState } from "../../src/compiler/plan/store.ts";
import { analyse } from "../../src/compiler/plan/values.ts";
import type { GpuKernel } from "../../src/compiler/targets/webgpu/kernel.ts";
import { checkLimits } from "../../src/compiler/targets/webgpu/limits.ts";
import { lowerGroup } from "../../src/compiler/targets/webgpu/plan-groups.ts";
import { programOf } from "../plan/agree.ts";
import { compile, openDevice } from "./dawn.ts";

const device = await openDevice("webgpu-compile", ["null"]);
const FILES = ["models/mnist.bcos", "models/cifar/resnet20.bcos", "models/resnet18.bcos", "models/resnet34.bcos"];
const NAMES: readonly GraphName[] = ["predict", "explain", "train"];

describe.skipIf(device === undefined)("kernels of models", () => {
  it.each(FILES)("%s", async (file) => {
    const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
    const { program } = programOf(network!, NAMES, { batch: 2 });
    const kernels = new Map<string, GpuKernel>();
    for (const name of NAMES) {
      const state = createState(analyse(toNormalForm(program.graphs[name]!)), true);
      fuse(state);
      const { order } = schedule(state);
      for (const group of order) {
        for (const kernel of lowerGroup(state, group).recipe.steps) {
          expect(checkLimits(kernel, { path: "" })?.message, name).toBeUndefined();
          kernels.set(kernel.variants[0]!.wgsl, kernel);
        }
      }
    }
    for (const kernel of kernels.values()) {
      for (const variant of kernel.variants) await compile(device!, kernel, variant);
    }
    expect(kernels.size).toBeGreaterThan(20);
  });
});
