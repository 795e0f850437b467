/** Every operation's WGSL compiles under Dawn's null backend, which needs no driver, and keeps within WebGPU's limits. */
import { describe, expect, it } from "vitest";
import { operationRecipe } from "../../src/compiler/plan/lower-operation.ts";
import { gpuRecipes } from "../../src/compiler/targets/webgpu/recipe-table.ts";
import { checkLimits } from "../../src/compiler/targets/webgpu/limits.ts";
import { apply, cases } from "../graph/specimens.ts";
import { compile, openDevice } from "./dawn.ts";

const device = await openDevice("webgpu-compile", ["null"]);
const WITHOUT_KERNELS = new Set(["input", "state", "constant"]);

describe.skipIf(device === undefined)("WGSL of every operation", () => {
  it.each(cases.filter((c) => !WITHOUT_KERNELS.has(c.op)).map((c) => [c.title, c] as const))("%s", async (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    const { nodes } = builder.finish();
    let compiled = 0;
    for (const node of nodes) {
      const shapes = node.inputs.map((input) => nodes[input]!.shape);
      for (const kernel of operationRecipe(gpuRecipes, node, shapes)?.steps ?? []) {
        expect(checkLimits(kernel, { path: "" })).toBeUndefined();
        for (const variant of kernel.variants) {
          await compile(device!, kernel, variant);
          compiled++;
        }
      }
    }
    expect(compiled).toBeGreaterThan(0);
  });
});
