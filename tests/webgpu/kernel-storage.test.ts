/** Kernels for buffers in f16: which places are converted, and what else of a kernel changes. */
import { describe, expect, it } from "vitest";
import { ex } from "../../src/compiler/plan/expression.ts";
import { createMapKernel, renameBindings } from "../../src/compiler/targets/webgpu/kernel.ts";
import { withStorage } from "../../src/compiler/targets/webgpu/kernel-storage.ts";
import { elementwiseKernel } from "../../src/compiler/targets/webgpu/kernels/elementwise.ts";
import { tuningKey } from "../../src/runtime/devices/webgpu/choose-variant.ts";

const kernel = createMapKernel({
  label: "test",
  inputs: [
    { name: "x", length: 64 },
    { name: "at", length: 64 },
  ],
  outputs: [
    { name: "out", length: 64 },
    { name: "out2", length: 64 },
  ],
  body: [
    "// x[i] stays what it is in a comment",
    "let box = vec2f();",
    "let near = x[u32(at[i])] + x[u32(x[i])] * box[0];",
    "if (x[i] == near) {",
    "  out[u32(x[i])] = select(0.0f, x[i], near > 0.0f);",
    "}",
    "out2[i] = near;",
  ].join("\n"),
  count: 64,
  flops: 0,
});

function bodyOf(wgsl: string): readonly string[] {
  const lines = wgsl.split("\n").map((line) => line.trim());
  return lines.slice(lines.indexOf("let i = group * 64u + lane;") + 1, -2);
}

describe("a kernel with buffers in f16", () => {
  const half = withStorage(kernel, ["f16", "f32", "f16", "f32"]);
  const { wgsl } = half.variants[0]!;

  it("declares them so, behind the directive that they need", () => {
    expect(wgsl).toContain("enable f16;\n");
    expect(wgsl.indexOf("enable f16;")).toBeLessThan(wgsl.indexOf("@group"));
    expect([...wgsl.matchAll(/(\w+): array<(\w+)>/g)].map(([, name, type]) => [name, type])).toEqual([
      ["x", "f16"],
      ["at", "f32"],
      ["out", "f16"],
      ["out2", "f32"],
    ]);
  });

  it("widens what it reads and rounds what it writes, and nothing else", () => {
    expect(bodyOf(wgsl)).toEqual([
      "// x[i] stays what it is in a comment",
      "let box = vec2f();",
      "let near = f32(x[u32(at[i])]) + f32(x[u32(f32(x[i]))]) * box[0];",
      "if (f32(x[i]) == near) {",
      "out[u32(f32(x[i]))] = f16(select(0.0f, f32(x[i]), near > 0.0f));",
      "}",
      "out2[i] = near;",
    ]);
  });

  it("takes half of the bytes, needs the feature, and is tuned by itself", () => {
    expect(half.bindings.map(({ bytes }) => bytes)).toEqual([128, 256, 128, 256]);
    expect(half.bytes).toBe(kernel.bytes - 256);
    expect(half.variants[0]!.requires).toEqual(["shader-f16"]);
    expect(half.label).toBe("test, f16 x out");
    expect(tuningKey(half)).not.toBe(tuningKey(kernel));
  });

  it("goes by the number of a buffer, whatever its name is outside", () => {
    const renamed = withStorage(renameBindings(kernel, { x: "a", at: "x" }), ["f16", "f32", "f16", "f32"]);
    expect(renamed.variants[0]!.wgsl).toBe(wgsl);
    expect(renamed.label).toBe("test, f16 a out");
  });

  it("reads and writes four numbers at once where the kernel did", () => {
    const spec = { rows: 4, channels: 8, inputs: [{ kind: "same" } as const], outputs: [ex.neg(ex.input(0))] };
    const wide = withStorage(elementwiseKernel("neg", spec), ["f16", "f16"]);
    expect(wide.variants[0]!.wgsl).toContain("x1: array<vec4h>");
    expect(bodyOf(wide.variants[0]!.wgsl).slice(-3)).toEqual([
      "let v0 = vec4f(x1[i]);",
      "let v1 = -(v0);",
      "out[i] = vec4h(v1);",
    ]);
  });
});
