/** The WASM device in a real browser: with shared memory, without it, and where workers are forbidden. */
import { describe, expect, it } from "vitest";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { distance } from "../wasm-device/compare.ts";
import { brokenProgram, mixedProgram, numbers, withLists } from "../wasm-device/hand-made.ts";
import { chromium, isolation, requires, runPage } from "./chromium.ts";
import type { HandData, HandResult } from "./hand-page.ts";
import { mnistTraining } from "./mnist-training.ts";
import { run as runTraining, type TrainData, type Trained } from "./train-page.ts";

const skipped = chromium === undefined && !requires("browser");
if (skipped) console.warn("no Chromium here: the tests in a browser are skipped (BCOSC_REQUIRE=browser forbids that)");

const noWorkers = { "Content-Security-Policy": "worker-src 'none'" };
const workersOfFiles = { "Content-Security-Policy": "worker-src 'self'" };
const workersOfText = { "Content-Security-Policy": "worker-src blob:" };
const pages = [
  { name: "an isolated page, 3 workers", headers: isolation, isolated: true, asked: 3, threads: 3, workers: true },
  { name: "a page that is not isolated", headers: {}, isolated: false, asked: null, threads: 1, workers: true },
  { name: "a page that forbids workers", headers: noWorkers, isolated: false, asked: null, threads: 1, workers: false },
  {
    name: "an isolated page that allows workers from files alone",
    headers: { ...isolation, ...workersOfFiles },
    isolated: true,
    asked: 2,
    threads: 2,
    workers: true,
  },
  {
    name: "an isolated page that allows workers from text alone",
    headers: { ...isolation, ...workersOfText },
    isolated: true,
    asked: 2,
    threads: 2,
    workers: true,
  },
  {
    name: "an isolated page that forbids workers",
    headers: { ...isolation, ...noWorkers },
    isolated: true,
    asked: null,
    threads: 1,
    workers: false,
  },
];

describe.skipIf(skipped)("Chromium", () => {
  it("is there", () => {
    expect(chromium).toBeDefined();
  });

  it.each(pages)("runs a plan made by hand as Node does, bit for bit, and fails as Node does: $name", async (page) => {
    const x = numbers(3);
    const data: HandData = {
      program: withLists(mixedProgram),
      broken: withLists(brokenProgram),
      threads: page.asked,
      workers: page.workers,
      x: Array.from(x),
    };
    const result = (await runPage({ script: "tests/browser/hand-page.ts", data, headers: page.headers })) as HandResult;

    const session = await wasmDevice.open(mixedProgram, { threads: 1 });
    await session.write("s", x);
    let y: ArrayLike<number> = [];
    for (let i = 0; i < 20; i++) y = (await session.run("predict", { x }))["y"]!;
    expect(result).toEqual({
      isolated: page.isolated,
      threads: page.threads,
      y: Array.from(y),
      state: Array.from(await session.read("s")),
      lost: page.workers ? expect.stringContaining("run/thread-lost: a thread of the device is gone") : "",
      failure: expect.stringMatching(/run\/kernel: the kernel `trap` of `layer` failed: .*out of bounds/),
    });
    await session.dispose();
  });

  it.each(pages)(
    "trains models/mnist.bcos to the losses of Node: $name",
    async ({ headers, isolated, asked, threads }) => {
      const data = trainData(asked);
      const inNode = await runTraining(data);
      const page = (await runPage({ script: "tests/browser/train-page.ts", data, headers })) as Trained;
      expect(page).toMatchObject({ isolated, device: "wasm", threads });
      expect(inNode.losses).toHaveLength(5);
      expect(inNode.losses[4]!).toBeLessThan(inNode.losses[0]!);
      // The browser may fuse products with sums where Node does not.
      expect(distance(page.losses, inNode.losses)).toBeLessThan(1e-5);
      expect(distance(page.weight, inNode.weight)).toBeLessThan(1e-4);
    },
  );
});

/** Five steps on the same 16 images. */
function trainData(threads: number | null): TrainData {
  const { program, steps } = mnistTraining({ batch: 16, graphs: ["train"], targets: ["wasm"], steps: 5 });
  const { module, relaxedModule } = program.wasm!;
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return { program, module: base64(module), relaxedModule: base64(relaxedModule), threads, steps };
}
