/** What plans come to before anything runs: launches and bytes as ratchets, and one small plan in full. */
import { expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { planTotals, printPlan } from "../../src/compiler/plan/print-plan.ts";
import type { Plan } from "../../src/compiler/plan/plan.ts";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { net } from "../layers/nets.ts";
import { programOf } from "./agree.ts";

function planOf(file: string, name: GraphName, batch: number): { plan: Plan; layers: number } {
  const [network] = checkFile(createNodeHost(), file, { parameters: {} }).networks;
  const { program } = programOf(network!, [name], { batch });
  const layers = program.graphs[name]!.nodes.filter((node) => node.op === "bcos_scale").length;
  return { plan: createWasmCode(program.graphs, batch).plans[name]!, layers };
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
  const { plan, layers } = planOf("models/cifar/resnet20.bcos", "train", 32);
  const { launches, bytes, peakBytes } = planTotals(plan);
  expect(launches / layers).toBeLessThanOrEqual(24);
  expect(bytes).toBeLessThanOrEqual(560e6);
  expect(peakBytes).toBeLessThanOrEqual(37.5e6);
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
