/** Models on the WebGPU device: as on the reference device. Few: a software driver compiles a kernel in tenths of a second. */
import { describe, expect, it } from "vitest";
import { codeFor } from "../../src/compiler/compile.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { openSession } from "../../src/runtime/session.ts";
import { compileForTests, expectClose, feedsOf, stateOf } from "../wasm-device/compare.ts";
import { gpuSource } from "./support.ts";

const source = await gpuSource("vulkan");

const cases = [{ file: "mnist.bcos", batch: 7, graphs: ["predict", "explain", "train"], steps: 3 }] as const;

describe.skipIf(source === undefined)("models on an adapter", () => {
  it.each(cases)("$file: as on the reference device", { timeout: 400_000 }, async ({ file, batch, graphs, steps }) => {
    const whole = compileForTests(file, batch);
    const own = Object.fromEntries(graphs.map((name) => [name, whole.graphs[name]!]));
    const program = { ...whole, graphs: own, ...codeFor(own, batch, ["webgpu"]) };
    const reference = await openSession(program, { device: "reference", seed: 3 });
    const gpu = await openSession(program, { device: createWebgpuDevice({ source: source! }), seed: 3 });
    const compareRun = async (graph: GraphName, seed: number, step?: number): Promise<void> => {
      const feeds = feedsOf(program, graph, seed, step);
      expectClose(await gpu.run(graph, feeds), await reference.run(graph, feeds), 1e-4, `${graph} ${seed}`);
    };
    for (const graph of graphs) if (graph !== "train") await compareRun(graph, 1);
    for (let step = 1; step <= steps; step++) await compareRun("train", step, step);
    if (steps > 0) {
      expectClose(await stateOf(gpu), await stateOf(reference), 1e-3, "state");
      await compareRun("predict", 2);
    }
    expect(gpu.memoryBytes).toBeGreaterThan(1e5);
    await gpu.dispose();
    await reference.dispose();
  });
});
