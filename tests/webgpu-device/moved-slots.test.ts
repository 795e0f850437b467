/** What a run on buffers binds anew: every launch that touches the value, and no other. Held against the values of plans. */
import { describe, expect, it } from "vitest";
import { codeFor } from "../../src/compiler/compile.ts";
import type { KernelLaunch, Plan } from "../../src/compiler/plan/plan.ts";
import type { WebgpuCode } from "../../src/compiler/targets/webgpu/plan-code.ts";
import { movedInput, movedOutput } from "../../src/runtime/devices/webgpu/moved-slots.ts";
import { compileForTests } from "../wasm-device/compare.ts";
import { tinyProgram } from "./support.ts";

function planned(file: string): WebgpuCode {
  const { graphs } = compileForTests(file, 2);
  return codeFor(graphs, 2, ["webgpu"]).webgpu!;
}

/** Launches that touch a value in a slot. */
function touching({ launches }: Plan, slot: number, value: number): number[] {
  return launches.flatMap((launch, index) => {
    const { buffers, values } = launch as KernelLaunch;
    return buffers.some((ref, i) => ref.kind === "slot" && ref.index === slot && values![i] === value) ? [index] : [];
  });
}

describe.each([
  ["a tiny net", tinyProgram(["predict", "explain", "train"]).webgpu!],
  ["mnist", planned("mnist.bcos")],
  ["CIFAR ResNet-20", planned("cifar/resnet20.bcos")],
])("the plans of %s", (_, { plans, kernels }) => {
  it.each(Object.values(plans).map((plan) => ({ graph: plan.graph, plan })))("$graph", ({ plan }) => {
    for (const kind of ["inputs", "outputs"] as const) {
      for (const [name, { buffer, value, shape }] of Object.entries(plan[kind])) {
        const moved = (kind === "inputs" ? movedInput : movedOutput)(plan, kernels, name);
        if (buffer.kind !== "slot") throw new Error("these are in slots");
        // No copies: all of these values can be where the user has them.
        expect(moved, name).toMatchObject({ slot: buffer.index, bytes: shape.reduce((a, b) => a * b, 4) });
        expect([...moved!.launches], name).toEqual(touching(plan, buffer.index, value!));
        if (kind === "outputs") expect(moved!.launches.size).toBeGreaterThan(0);
      }
    }
  });
});

describe("a value that can't be moved", () => {
  const shape = [4];
  const slot = (index: number) => ({ kind: "slot", index }) as const;
  const launch = (reads: number[], writes: number[], prepare = false): KernelLaunch => ({
    ...{ kind: "kernel", kernel: "k", reads: reads.length, units: 1, flops: 0, bytes: 0, path: "", ops: [] },
    buffers: [...reads, ...writes].map(slot),
    ...(prepare ? { prepare } : {}),
  });
  const plan = (launches: KernelLaunch[]) =>
    ({ inputs: { x: { shape, buffer: slot(0) } }, outputs: { y: { shape, buffer: slot(1) } }, launches }) as never;
  const kernels = (bytes: number) =>
    ({ k: { bindings: [0, 1, 2].map(() => ({ bytes, name: "", access: "read" })) } }) as never;

  it.each([
    ["an input that is overwritten", [launch([0], [1]), launch([1], [0])], 16, [false, true]],
    ["an output that is prepared", [launch([], [1], true)], 16, [true, false]],
    ["an output that nothing writes", [launch([0], [2])], 16, [true, false]],
    ["an output beside larger values", [launch([0], [1])], 32, [false, false]],
    [
      "parts of an output, behind another value",
      [launch([0], [1]), launch([1], [2]), launch([2], [1])],
      16,
      [true, true],
    ],
  ] as const)("is %s", (_, launches, bytes, can) => {
    const [input, output] = [
      movedInput(plan([...launches]), kernels(bytes), "x"),
      movedOutput(plan([...launches]), kernels(bytes), "y"),
    ];
    expect([input !== undefined, output !== undefined]).toEqual(can);
    if (launches.length === 3) expect([...output!.launches]).toEqual([2]);
  });
});
