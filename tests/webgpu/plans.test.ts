/** Whole plans for WebGPU: sound, within the limits, in place where state is written, and said beforehand where not. */
import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { planFromJson, planToJson } from "../../src/compiler/plan/plan-json.ts";
import type { BufferRef, Plan } from "../../src/compiler/plan/plan.ts";
import { createWebgpuCode, type WebgpuCode } from "../../src/compiler/targets/webgpu/plan-code.ts";
import { launchedKernels, printWgsl } from "../../src/compiler/targets/webgpu/print-wgsl.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { programOf } from "../plan/agree.ts";

const GRAPHS: readonly GraphName[] = ["predict", "explain", "gradient", "train"];

function codeOf(file: string, graphs: readonly GraphName[] = GRAPHS, batch = 2): WebgpuCode {
  const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
  return createWebgpuCode(programOf(network!, graphs, { batch }).program.graphs, batch);
}

const keyOf = (ref: BufferRef): string => JSON.stringify(ref);

/** Launches that have one buffer as something read and as something written: WebGPU refuses those. */
function aliases(plan: Plan): readonly string[] {
  return plan.launches.flatMap((launch) => {
    if (launch.kind !== "kernel") return [];
    const read = new Set(launch.buffers.slice(0, launch.reads).map(keyOf));
    const written = launch.buffers.slice(launch.reads).map(keyOf);
    const twice = written.some((key, i) => read.has(key) || written.indexOf(key) !== i);
    return twice ? [launch.kernel] : [];
  });
}

describe("plans for WebGPU", () => {
  const code = codeOf("models/mnist.bcos");

  it.each(GRAPHS)("%s: is sound, and no launch has a buffer twice", (name) => {
    const plan = code.plans[name]!;
    expect(plan.target).toBe("webgpu");
    expect(planFromJson(planToJson(plan)).problems).toBeUndefined();
    expect(aliases(plan)).toEqual([]);
    for (const launch of plan.launches) {
      if (launch.kind !== "kernel") throw new Error("random numbers must be kernels");
      expect(code.kernels[launch.kernel]!.bindings).toHaveLength(launch.buffers.length);
    }
  });

  it("writes new state where the old is, from the same kernel that reads it", () => {
    const plan = code.plans.train!;
    const copies = plan.launches.filter((launch) => launch.ops.includes("copy"));
    expect(copies).toEqual([]);
    const written = new Set(
      plan.launches
        .flatMap((launch) => (launch.kind === "kernel" ? launch.buffers.slice(launch.reads) : []))
        .map(keyOf),
    );
    expect([...written].filter((key) => key.includes('"state"')).length).toBeGreaterThan(10);
  });

  it("names the layer, what is too large and a batch that fits", () => {
    let found: unknown;
    try {
      codeOf("models/resnet18.bcos", ["predict"], 256);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(BcosError);
    const { diagnostics } = found as BcosError;
    expect(diagnostics.map((d) => d.code)).toContain("limit/webgpu");
    const conv1 = diagnostics.find((d) => d.message.includes("`conv1`"))!;
    expect(conv1.span?.file).toBe("models/resnet18.bcos");
    expect(conv1.hints[0]).toMatch(/^a batch of \d+ would fit$/);
    const batch = Number(/\d+/.exec(conv1.hints[0]!)![0]);
    expect(() => codeOf("models/resnet18.bcos", ["predict"], batch)).not.toThrow();
    expect(() => codeOf("models/resnet18.bcos", ["predict"], batch + 1)).toThrow("limit/webgpu");
  });

  it("are for a smaller batch where that is allowed and the batch is what is too large", () => {
    const [network] = checkFile(createNodeHost(), "models/resnet18.bcos", { parameters: {} }).networks;
    const build = (graphs: readonly GraphName[], batch: number): number =>
      buildProgram(network!, {
        ...{ form: "bcos", batch, graphs, targets: ["webgpu"], cutBatch: true },
        train: { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 } },
      }).program.batch;
    const batch = build(["predict"], 256);
    expect(batch).toBeLessThan(256);
    const runs = Math.ceil(256 / batch);
    expect(batch * runs - 256).toBeLessThan(runs);
    expect(build(["predict"], batch)).toBe(batch);
    // Statistics are those of the whole batch.
    expect(() => build(["predict", "train"], 256)).toThrow("limit/webgpu");
  });

  it("prints every kernel once, with the layers and the lines that use it", () => {
    const kernels = launchedKernels(code.plans.predict!, code);
    const text = printWgsl(kernels, createNodeHost().read);
    expect(new Set(kernels.map((k) => k.name)).size).toBe(kernels.length);
    expect(text.match(/@compute/g)!.length).toBe(kernels.reduce((sum, k) => sum + k.kernel.variants.length, 0));
    expect(text).toMatch(/^\/\/ {3}\w+.* \(models\/mnist\.bcos:\d+:\d+\): conv2d/m);
  });
});
