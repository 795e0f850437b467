/** Random networks on the WebGPU device: as near to float64 as the reference device is in float32. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { networks } from "../layers/random-networks.ts";
import { expectAsNear, runAll } from "../wasm-device/run-all.ts";
import { gpuSource } from "./support.ts";

const source = await gpuSource("vulkan");

/** Few where shaders are compiled on a processor: `BCOSC_GPU_RUNS` says how many. */
const RUNS = Number(process.env["BCOSC_GPU_RUNS"] ?? 2);

test.skipIf(source === undefined)("random networks agree with the reference device", { timeout: 600_000 }, async () => {
  const device = createWebgpuDevice({ source: source! });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(networks(5, 6, 2), fc.constantFrom(1, 3), fc.nat(1000), async (network, batch, seed) => {
      if (checkForm(network, "bcos").length > 0) return;
      const { program } = buildProgram(network, {
        form: "bcos",
        batch,
        graphs: ["predict", "explain", "gradient", "train"],
        train: {
          loss: { kind: "uniform_off_label_bce" },
          optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0.01 },
          clip: { kind: "agc", factor: 0.01, epsilon: 1e-3 },
        },
        targets: ["webgpu"],
      });
      const truth = await runAll(program, seed, { device: "reference", precision: "float64" });
      const near = await runAll(program, seed, { device: "reference" });
      expectAsNear(await runAll(program, seed, { device }), near, truth);
      compared++;
    }),
    { numRuns: RUNS },
  );
  expect(compared).toBeGreaterThan(0);
});
