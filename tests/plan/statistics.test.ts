/** Norms whose statistics are gathered by the convolution in front of them and that are applied by the one behind. */
import { expect, test } from "vitest";
import { createWasmCode } from "../../src/compiler/targets/wasm/plan-code.ts";
import { net } from "../layers/nets.ts";
import { expectAgreement, programOf } from "./agree.ts";

const SIZES = [
  { height: 19, width: 18, batch: 2, width1: 5, stride: 1 },
  { height: 16, width: 16, batch: 7, width1: 8, stride: 2 },
  { height: 37, width: 5, batch: 3, width1: 17, stride: 1 },
] as const;

test.each(SIZES)("a training step of two layers with norms: %o", ({ height, width, batch, width1, stride }) => {
  const b = net([height, width, 3]);
  const first = b.layer("norm", "norm1", b.layer("conv", "conv1", "input", { width: width1, kernel: 3 }));
  const second = b.layer("norm", "norm2", b.layer("conv", "conv2", first, { width: 6, kernel: 3, stride }));
  const third = b.layer("norm", "norm3", b.layer("conv", "conv3", second, { width: 6, kernel: 1 }));
  const sum = b.layer("add", "add", [third, second]);
  const network = b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "pool", sum), { width: 3 }));
  const { program, state } = programOf(network, ["train"], { batch });
  const { fusions = [] } = createWasmCode(program.graphs, batch).plans.train!;
  const counts = new Map(fusions.map(({ rule, count }) => [rule, count]));
  expect(counts.get("mean with variance")).toBe(3);
  expect(counts.get("load")).toBeGreaterThanOrEqual(1);
  expect(counts.get("statistics")).toBeGreaterThanOrEqual(3);
  expectAgreement(program, "train", state, { tolerance: 2e-4, cancels: true });
});
