/// <reference types="@webgpu/types" />
/** Loss of the device at any moment: the session goes on, and what it computes is as if nothing had been. */
import { describe, expect, it } from "vitest";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import type { GpuSource } from "../../src/runtime/devices/webgpu/opened-gpu.ts";
import { openSession } from "../../src/runtime/session.ts";
import { feedsOf, stateOf } from "../wasm-device/compare.ts";
import { gpuSource, tinyProgram } from "./support.ts";

const source = await gpuSource("vulkan");
const program = tinyProgram(["explain", "train"]);

type Kind = "open" | "pipeline" | "scope" | "map";

/** Notes every call that something waits for, and destroys the device at the one with the number `at`. */
function watched(open: GpuSource, at: number): { readonly source: GpuSource; readonly calls: Kind[] } {
  const calls: Kind[] = [];
  const watchedSource: GpuSource = async () => {
    const gpu = await open();
    const { device } = gpu;
    const note = (kind: Kind): void => {
      if (calls.push(kind) - 1 === at) device.destroy();
    };
    const pipeline = device.createComputePipelineAsync.bind(device);
    device.createComputePipelineAsync = (descriptor) => {
      note("pipeline");
      return pipeline(descriptor);
    };
    const pop = device.popErrorScope.bind(device);
    device.popErrorScope = () => {
      note("scope");
      return pop();
    };
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      const map = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = (...range: Parameters<GPUBuffer["mapAsync"]>) => {
        note("map");
        return map(...range);
      };
      return buffer;
    };
    note("open");
    return gpu;
  };
  return { source: watchedSource, calls };
}

/** Training with an explanation that goes on from another one in between; the state is read back every other step. */
async function train(from: GpuSource): Promise<unknown> {
  const device = createWebgpuDevice({ source: from, history: { changes: 2, bytes: 2 ** 30 } });
  const session = await openSession(program, { device, seed: 3 });
  const results: unknown[] = [];
  for (let step = 1; step <= 4; step++) results.push(await session.run("train", feedsOf(program, "train", step, step)));
  results.push(await stateOf(session));
  await session.dispose();

  const opened = await device.open(program, {});
  for (const { path, shape } of program.state) {
    await opened.write(
      path,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
    );
  }
  const { image, cotangent } = feedsOf(program, "explain", 1);
  const feeds = { image: Float32Array.from(image!), cotangent: Float32Array.from(cotangent!) };
  results.push(await opened.run("explain", feeds));
  const other = { cotangent: feeds.cotangent.map((v) => v + 1) };
  results.push(await opened.run("explain", other, undefined, { resume: true }));
  await opened.dispose();
  return results;
}

/** The first call of each kind, the last, and some between. */
function moments(calls: readonly Kind[]): readonly number[] {
  const found = new Set<number>();
  for (const kind of ["open", "pipeline", "scope", "map"] as const) {
    const places = calls.flatMap((call, i) => (call === kind ? [i] : []));
    for (const share of [0, 0.5, 1]) found.add(places[Math.round(share * (places.length - 1))]!);
  }
  // Readings of results, as there the state is between two steps, or being read.
  calls.flatMap((call, i) => (call === "map" ? [i] : [])).forEach((at, i) => i % 3 === 1 && found.add(at));
  return [...found].sort((a, b) => a - b);
}

describe.skipIf(source === undefined)("a device that is lost", () => {
  it("leaves no trace in what is computed, whenever it happens", { timeout: 300_000 }, async () => {
    const calm = watched(source!, -1);
    const wanted = await train(calm.source);
    const at = moments(calm.calls);
    expect(at.length).toBeGreaterThan(10);
    const opens = (calls: readonly Kind[]): number => calls.filter((kind) => kind === "open").length;
    let noticed = 0;
    for (const moment of at) {
      const { source: losing, calls } = watched(source!, moment);
      expect(await train(losing), `lost at call ${moment}, ${calm.calls[moment]!}`).toEqual(wanted);
      if (opens(calls) > opens(calm.calls)) noticed++;
    }
    // Some come behind the last result of a session, where nothing needs the device any more.
    expect(noticed).toBeGreaterThan(at.length / 2);
  });

  it("is given up after three tries", async () => {
    let opened = 0;
    let unanswered = 0;
    const always: GpuSource = async () => {
      opened++;
      const gpu = await source!();
      const { device } = gpu;
      const pop = device.popErrorScope.bind(device);
      device.popErrorScope = () => {
        unanswered++;
        return pop().finally(() => unanswered--);
      };
      device.destroy();
      return gpu;
    };
    const opening = openSession(program, { device: createWebgpuDevice({ source: always }) });
    await expect(opening).rejects.toThrow(/run\/device-lost: the graphics device was lost 3 times: /);
    expect(opened).toBe(3);
    // Dawn would end the process if this thread ended now.
    expect(unanswered).toBe(0);
  });
});
