/** The WebGPU device in a real browser, in a page and in a worker: what it learns and explains is what Node does. */
import { describe, expect, it } from "vitest";
import { distance } from "../wasm-device/compare.ts";
import { runPage } from "./chromium.ts";
import { mnistTraining } from "./mnist-training.ts";
import { trainAndExplain, type GpuData, type GpuResult } from "./gpu-page.ts";
import { webgpuFlags, webgpuPatience, whyNoWebgpu } from "./webgpu-tier.ts";

const BATCH = 8;
const script = "tests/browser/gpu-page.ts";
const flags = webgpuFlags;
const reason = await whyNoWebgpu();

describe.skipIf(reason !== "")("Chromium with WebGPU", () => {
  const data = dataFor();
  const inNode = trainAndExplain({ ...data, device: "wasm" });

  it.each([
    { name: "in the page", inWorker: false },
    { name: "in a worker", inWorker: true },
    { name: "in the page, in slices", inWorker: false, sliceMilliseconds: 8 },
  ])(
    "trains and explains models/mnist.bcos as Node does: $name",
    { timeout: 1000 * (webgpuPatience + 20) },
    async (where) => {
      const wanted = await inNode;
      const { wasm: _, ...program } = data.program;
      const { name: __, ...how } = where;
      const page = (await runPage({ script, flags, data: { ...data, program, ...how } }, webgpuPatience)) as GpuResult;
      expect(page.losses).toHaveLength(4);
      expect(wanted.losses[3]!).toBeLessThan(wanted.losses[0]!);
      expect(distance(page.losses, wanted.losses)).toBeLessThan(1e-4);
      expect(page.explanations).toHaveLength(BATCH);
      page.explanations.forEach(({ predicted, explained, contributions, relativeResidual }, i) => {
        const other = wanted.explanations[i]!;
        expect(predicted).toBe(other.predicted);
        expect(Math.abs(explained - other.explained)).toBeLessThan(1e-3 * Math.max(1, Math.abs(other.explained)));
        expect(distance(contributions, other.contributions)).toBeLessThan(1e-2);
        expect(relativeResidual).toBeLessThan(1e-5);
      });
    },
  );
});

/** Four steps on the same images, which are then explained. */
function dataFor(): GpuData {
  const { program, steps } = mnistTraining({
    batch: BATCH,
    graphs: ["train", "explain"],
    targets: ["wasm", "webgpu"],
    steps: 4,
  });
  return { program, device: "webgpu", steps, images: steps[0]![program.input.name]!, inWorker: false };
}
