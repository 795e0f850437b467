/** Random networks on the WebGPU device: as near to float64 as the reference device is in float32. */
import { expect, test } from "vitest";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { compareRandomNetworks } from "../wasm-device/random-networks.ts";
import { gpuSource } from "./support.ts";

const source = await gpuSource("vulkan");

/** Few where shaders are compiled on a processor: `BCOSC_GPU_RUNS` says how many. */
const RUNS = Number(process.env["BCOSC_GPU_RUNS"] ?? 2);

test.skipIf(source === undefined)("random networks agree with the reference device", { timeout: 600_000 }, async () => {
  const device = createWebgpuDevice({ source: source! });
  const compared = await compareRandomNetworks({
    target: "webgpu",
    options: { device },
    sizes: [5, 6, 2],
    batches: [1, 3],
    runs: RUNS,
  });
  expect(compared).toBeGreaterThan(0);
});
