/** Which variant of a kernel is run, by adapter and by what was measured. */
import { describe, expect, it } from "vitest";
import { chooseVariant, tuningKey, type AdapterTraits } from "../../src/runtime/devices/webgpu/choose-variant.ts";
import { createKernel, withLayer, type KernelForm } from "../../src/compiler/targets/webgpu/kernel.ts";

const form = (name: string, more: Partial<KernelForm> = {}): KernelForm => ({
  ...{ name, body: `out[0] = ${name.length}f;`, invocations: 8, groups: 1 },
  ...more,
});
const kernelOf = (...forms: readonly KernelForm[]) =>
  createKernel({ label: "k", inputs: [], outputs: [{ name: "out", length: 1 }], flops: 0 }, forms);

const kernel = kernelOf(form("workgroup"), form("registers"), form("subgroups 8", { subgroupSize: 8 }));
const gpu: AdapterTraits = { software: false, features: ["subgroups"], subgroupSizes: [32, 32] };
const lavapipe: AdapterTraits = { software: true, features: ["subgroups"], subgroupSizes: [8, 8] };
const llvmpipe: AdapterTraits = { software: true, features: [] };

describe("the choice of a variant", () => {
  it("takes the first on GPUs", () => {
    expect(chooseVariant(kernel, gpu).name).toBe("workgroup");
  });

  it("takes subgroups, then registers on the processor", () => {
    expect(chooseVariant(kernel, lavapipe).name).toBe("subgroups 8");
    expect(chooseVariant(kernel, llvmpipe).name).toBe("registers");
    expect(chooseVariant(kernelOf(form("workgroup"), form("workgroup small")), llvmpipe).name).toBe("workgroup");
  });

  it("takes subgroups of a fixed size only where every subgroup has it", () => {
    expect(chooseVariant(kernel, { ...lavapipe, subgroupSizes: [4, 8] }).name).toBe("registers");
    expect(chooseVariant(kernel, { ...lavapipe, subgroupSizes: [16, 16] }).name).toBe("registers");
    expect(chooseVariant(kernel, { software: true, features: ["subgroups"] }).name).toBe("registers");
    expect(() => chooseVariant(kernelOf(form("subgroups 8", { subgroupSize: 8 })), gpu)).toThrow("no variant");
  });

  it("takes what was measured, where it can be run", () => {
    const tuned = (name: string) => ({ [tuningKey(kernel)]: name });
    expect(chooseVariant(kernel, gpu, tuned("registers")).name).toBe("registers");
    expect(chooseVariant(kernel, gpu, tuned("subgroups 8")).name).toBe("workgroup");
    expect(chooseVariant(kernel, gpu, tuned("gone")).name).toBe("workgroup");
    expect(chooseVariant(kernel, lavapipe, {}).name).toBe("subgroups 8");
  });

  it("knows a kernel by what it computes, not by its layer", () => {
    expect(tuningKey(withLayer(kernel, "layer1.conv"))).toBe(tuningKey(kernel));
    expect(tuningKey(kernelOf(form("registers alone")))).not.toBe(tuningKey(kernel));
  });
});
