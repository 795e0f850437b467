/** What plans come to before anything runs: launches and bytes as ratchets, and one small plan in full. */
import { expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { sizeOf } from "../../src/compiler/graph/graph.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { planTotals, printPlan } from "../../src/compiler/plan/print-plan.ts";
import type { Plan } from "../../src/compiler/plan/plan.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { layoutMemory } from "../../src/runtime/devices/wasm/memory-layout.ts";
import { net } from "../layers/nets.ts";
import { programOf } from "./agree.ts";

interface Planned {
  readonly plan: Plan;
  /** B-cos layers, and the bytes of their outputs. */
  readonly layers: number;
  readonly outputBytes: number;
}

function planOf(file: string, name: GraphName, batch: number): Planned {
  const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
  const { program } = programOf(network!, [name], { batch });
  const scales = program.graphs[name]!.nodes.filter((node) => node.op === "bcos_scale");
  return {
    plan: createWasmCode(program.graphs, batch).plans[name]!,
    layers: scales.length,
    outputBytes: scales.reduce((sum, node) => sum + 4 * sizeOf(node.shape), 0),
  };
}

test("predict takes at most 1.3 launches a B-cos layer", () => {
  const { plan, layers } = planOf("models/resnet34.bcos", "predict", 1);
  expect(layers).toBe(37);
  expect(planTotals(plan).launches).toBeLessThanOrEqual(43);
  expect(planTotals(plan).launches / layers).toBeLessThanOrEqual(1.3);
});

test("explain takes little more than a launch a layer in each direction", () => {
  const { plan, layers } = planOf("models/resnet34.bcos", "explain", 1);
  expect(planTotals(plan).launches / layers).toBeLessThanOrEqual(2.3);
});

test("a training step stays within its launches and bytes", () => {
  const { plan, layers, outputBytes } = planOf("models/cifar/resnet20.bcos", "train", 32);
  const { launches, bytes, peakBytes } = planTotals(plan);
  expect(launches / layers).toBeLessThanOrEqual(11.8);
  expect(bytes).toBeLessThanOrEqual(486e6);
  expect(peakBytes).toBeLessThanOrEqual(35.8e6);
  // An eager framework keeps 3.1 tensors of the output's size a layer.
  expect(peakBytes).toBeLessThanOrEqual(0.45 * 3.1 * outputBytes);
});

function tiny() {
  const b = net([4, 4, 3]);
  const conv = b.layer("conv", "conv", "input", { width: 4, kernel: 3 });
  const norm = b.layer("norm", "norm", conv);
  const again = b.layer("conv", "again", norm, { width: 4, kernel: 3, maxout: 2 });
  const sum = b.layer("add", "add", [again, norm]);
  return b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", sum), { width: 3 }));
}

test("the plan of a small network, in full", () => {
  const { program } = programOf(tiny(), ["explain"], { batch: 2 });
  const plan = createWasmCode(program.graphs, 2).plans.explain!;
  expect(printPlan(plan)).toMatchSnapshot();
});

test("equal programs have equal plans", () => {
  const hashes = [1, 2].map(() => {
    const { program } = programOf(tiny(), ["train"], { batch: 2 });
    return createWasmCode(program.graphs, 2).plans.train!.hash;
  });
  expect(hashes[0]).toBe(hashes[1]);
});

test.each([1, 2, 3])("what a plan says of memory is what the device allocates, on %i threads", (threads) => {
  const { program } = programOf(tiny(), ["train"], { batch: 2 });
  const wasm = createWasmCode(program.graphs, 2);
  const { peakBytes, constantBytes, stateBytes, scratchBytes } = planTotals(wasm.plans.train!);
  const padded = (sizes: readonly number[]): number =>
    sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / 64) * 64, 0);
  const states = program.state.map(({ shape }) => 4 * sizeOf(shape));
  const constants = wasm.plans.train!.constants.map((values) => 4 * values.length);
  expect(states.reduce((a, b) => a + b)).toBe(stateBytes);
  expect(constants.reduce((a, b) => a + b, 0)).toBe(constantBytes);
  const { bytes } = layoutMemory({ ...program, wasm }, threads);
  const { slots } = wasm.plans.train!;
  expect(slots.reduce((a, b) => a + b)).toBe(peakBytes);
  expect(bytes).toBe(64 + padded(states) + padded(constants) + padded(slots) + threads * padded([scratchBytes]));
});
