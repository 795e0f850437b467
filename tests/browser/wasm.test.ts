/** The WASM device in a real browser: with shared memory, without it, and where workers are forbidden. */
import { describe, expect, it } from "vitest";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { brokenProgram, mixedProgram, numbers, withLists } from "../wasm-device/hand-made.ts";
import { chromium, isolation, required, runPage } from "./chromium.ts";
import type { HandData, HandResult } from "./hand-page.ts";

const skipped = chromium === undefined && !required;
if (skipped) console.warn("no Chromium here: the tests in a browser are skipped (BCOSC_REQUIRE=browser forbids that)");

const noWorkers = { "Content-Security-Policy": "worker-src 'none'" };
const pages = [
  { name: "an isolated page, 3 workers", headers: isolation, isolated: true, asked: 3, threads: 3 },
  { name: "a page that is not isolated", headers: {}, isolated: false, asked: null, threads: 1 },
  { name: "a page that forbids workers", headers: noWorkers, isolated: false, asked: null, threads: 1 },
  {
    name: "an isolated page that forbids workers",
    headers: { ...isolation, ...noWorkers },
    isolated: true,
    asked: null,
    threads: 1,
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
      failure: expect.stringMatching(/run\/kernel: the kernel `trap` of `layer` failed: .*out of bounds/),
    });
    await session.dispose();
  });
});
