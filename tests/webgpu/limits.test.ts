/** Kernels beyond the default limits are reported with the layer and what to do. */
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { ex } from "../../src/compiler/plan/expression.ts";
import { createKernel, createMapKernel, withLayer } from "../../src/compiler/targets/webgpu/kernel.ts";
import { elementwiseKernel } from "../../src/compiler/targets/webgpu/kernels/elementwise.ts";
import { checkLimits } from "../../src/compiler/targets/webgpu/limits.ts";
import { defaultTrainSettings } from "../../src/compiler/training/default-settings.ts";

const span = { file: "net.bcos", start: 10, end: 20 };

function reported(kernel: ReturnType<typeof createKernel>): string | undefined {
  return checkLimits(kernel, { path: "layer1.conv", span })?.message;
}

describe("limits", () => {
  const sum = (count: number, channels = 1): ReturnType<typeof createKernel> => {
    const inputs = Array.from({ length: count }, () => ({ kind: "same" }) as const);
    const total = inputs.slice(1).reduce((e, _, i) => ex.add(e, ex.input(i + 1)), ex.input(0));
    return elementwiseKernel("sum", { rows: 4, channels, inputs, outputs: [total] });
  };

  it("bound the buffers of a kernel", () => {
    expect(reported(sum(7))).toBeUndefined();
    expect(reported(sum(8))).toBe("`layer1.conv` needs 9 buffers in one WebGPU kernel (sum), the limit is 8");
  });

  it("bound the bytes of a buffer", () => {
    expect(reported(sum(1, 2 ** 23))).toBeUndefined();
    expect(reported(sum(1, 2 ** 23 + 1))).toContain("needs a buffer of 129 MiB");
  });

  it("bound workgroup memory and invocations", () => {
    const parts = { label: "k", inputs: [], outputs: [{ name: "out", length: 1 }], flops: 0 };
    const kernel = (invocations: number, workgroupBytes: number): ReturnType<typeof createKernel> =>
      createKernel(parts, [{ body: "out[0] = 1f;", invocations, workgroupBytes, groups: 1 }]);
    expect(reported(kernel(256, 16384))).toBeUndefined();
    expect(reported(kernel(512, 0))).toContain("512 invocations in a workgroup");
    expect(reported(kernel(64, 16388))).toContain("16388 bytes of workgroup memory");
  });

  it("points at the layer", () => {
    expect(checkLimits(sum(8), { path: "layer1.conv", span })).toMatchObject({ code: "limit/webgpu", span });
  });
});

describe("plans", () => {
  const pets = `model Pets(classes: int) {
  input  image: [64, 64, 3]
  output logits: [classes]

  stem   = image  -> conv1: conv(16, kernel: 3, stride: 2) -> relu
  middle = stem   -> conv2: conv(32, kernel: 3, stride: 2) -> relu
  logits = middle -> global_avg_pool -> fc: linear(classes)
}
`;

  it.each([2, 3, 4, 5, 8])("of a network with %i classes stay within them", (classes) => {
    const { networks } = checkFile(createMemoryHost({ "net.bcos": pets }), "net.bcos", { parameters: { classes } });
    const graphs = ["predict", "explain", "train"] as const;
    const options = {
      form: "bcos",
      batch: 16,
      graphs,
      targets: ["webgpu"],
      train: defaultTrainSettings("bcos"),
    } as const;
    expect(() => buildProgram(networks[0]!, options)).not.toThrow();
  });
});

describe("kernels", () => {
  it("spread many workgroups over two dimensions", () => {
    const parts = { label: "k", inputs: [], outputs: [{ name: "out", length: 1 }], body: "out[i] = 1f;", flops: 0 };
    expect(createMapKernel({ ...parts, count: 64 * 65535 }).variants[0]!.workgroups).toEqual([65535, 1, 1]);
    const wide = createMapKernel({ ...parts, count: 64 * 65535 + 1 }).variants[0]!;
    expect(wide.workgroups).toEqual([32768, 2, 1]);
    expect(wide.wgsl).toContain("let group = workgroup.y * 32768u + workgroup.x;");
  });

  it("name their layer", () => {
    const kernel = elementwiseKernel("relu 4", {
      ...{ rows: 5, channels: 1, inputs: [{ kind: "same" }], outputs: [ex.relu(ex.input(0))] },
    });
    expect(withLayer(kernel, "layer1.relu").variants[0]!.wgsl).toBe(`// layer1.relu
// relu 4

@group(0) @binding(0) var<storage, read> x1: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x;
  let i = group * 64u + lane;
  if (i >= 5u) {
    return;
  }
  let v0 = x1[i];
  let v1 = max(v0, 0.0f);
  out[i] = v1;
}
`);
  });
});
