/** The project's own golden numbers, made with PyTorch autograd by make.py, on the devices. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runExplainers, type ExplainersOracle } from "../../scripts/oracles/explainers.ts";
import { runLayerCase, type LayerCase } from "../../scripts/oracles/layers.ts";
import { runNetwork, type NetworkOracle } from "../../scripts/oracles/networks.ts";
import { lineOf, type Target } from "../../scripts/oracles/outcome.ts";
import { runTrajectory, type TrainingOracle } from "../../scripts/oracles/training.ts";
import { referenceDevice } from "../../src/runtime/devices/reference/device.ts";
import { findDevice } from "../../src/runtime/devices/registry.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";

const folder = join(import.meta.dirname, "data");
const read = <T>(file: string): T => JSON.parse(readFileSync(join(folder, file), "utf8")) as T;

const targets: readonly (Target & { readonly name: string })[] = [
  { name: "reference, float64", device: referenceDevice, precision: "float64" },
  { name: "reference, float32", device: referenceDevice, precision: "float32" },
  { name: "wasm", device: wasmDevice, precision: "float32" },
  { name: "tfjs:cpu", device: await findDevice("tfjs:cpu"), precision: "float32" },
  { name: "tfjs:wasm", device: await findDevice("tfjs:wasm"), precision: "float32" },
];

describe.each(targets)("$name", (target) => {
  test.each(read<{ cases: LayerCase[] }>("layers.json").cases)("layer $id", async (layerCase) => {
    const outcome = await runLayerCase(layerCase, target);
    expect(outcome.status, lineOf(outcome)).toBe("passed");
  });

  test("network", async () => {
    const outcomes = await runNetwork(read<NetworkOracle>("net_own_resnet8.json"), target, folder);
    for (const outcome of outcomes) expect(outcome.status, lineOf(outcome)).toBe("passed");
    // What it computes, and the names of its weights.
    expect(outcomes).toHaveLength(2);
  });

  test("explainers", async () => {
    const oracle = read<ExplainersOracle>("explainers.json");
    const outcomes = await runExplainers(oracle, target);
    for (const outcome of outcomes) expect(outcome.status, lineOf(outcome)).toBe("passed");
    const cases = [Object.keys(oracle.methods), oracle.grid_pointing, oracle.grid_layout];
    expect(outcomes).toHaveLength(cases.reduce((sum, { length }) => sum + length, 0));
  });

  test.each(read<TrainingOracle>("training.json").trajectories)("training $id", async (trajectory) => {
    const outcome = await runTrajectory(trajectory, target);
    expect(outcome.status, lineOf(outcome)).toBe("passed");
  });
});

test("a wrong number fails", async () => {
  const [first] = read<{ cases: LayerCase[] }>("layers.json").cases;
  const y = first!.expected["y"] as { shape: number[]; data: number[] };
  const wrong = { ...first!, expected: { y: { ...y, data: y.data.map((v, i) => (i === 3 ? v + 1e-6 : v)) } } };
  const outcome = await runLayerCase(wrong, { device: referenceDevice, precision: "float64" });
  expect(outcome.status).toBe("failed");
});
