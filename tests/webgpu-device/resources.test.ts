/// <reference types="@webgpu/types" />
/** What a session makes on its device: everything when it opens, nothing later, and as many bytes as it says. */
import { describe, expect, it } from "vitest";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { layoutBuffers } from "../../src/runtime/devices/webgpu/memory.ts";
import type { GpuSource } from "../../src/runtime/devices/webgpu/opened-gpu.ts";
import { openGpuSession } from "../../src/runtime/devices/webgpu/session.ts";
import { cut } from "../../src/runtime/devices/webgpu/readback.ts";
import { cutWork, MOST_PARTS, type Cuttable } from "../../src/runtime/devices/webgpu/work.ts";
import { feedsOf } from "../wasm-device/compare.ts";
import { gpuSource, tinyProgram } from "./support.ts";

const source = await gpuSource("null");
const program = tinyProgram(["predict", "train"]);

interface Counts {
  buffers: number;
  bytes: number;
  bindGroups: number;
  pipelines: number;
  submissions: number;
}

function counted(open: GpuSource): { readonly source: GpuSource; readonly counts: Counts } {
  const counts: Counts = { buffers: 0, bytes: 0, bindGroups: 0, pipelines: 0, submissions: 0 };
  const countedSource: GpuSource = async () => {
    const gpu = await open();
    const { device } = gpu;
    const [createBuffer, createBindGroup] = [device.createBuffer.bind(device), device.createBindGroup.bind(device)];
    const pipeline = device.createComputePipelineAsync.bind(device);
    const submit = device.queue.submit.bind(device.queue);
    device.createBuffer = (descriptor) => {
      counts.buffers++;
      counts.bytes += descriptor.size;
      return createBuffer(descriptor);
    };
    device.createBindGroup = (descriptor) => {
      counts.bindGroups++;
      return createBindGroup(descriptor);
    };
    device.createComputePipelineAsync = (descriptor) => {
      counts.pipelines++;
      return pipeline(descriptor);
    };
    device.queue.submit = (buffers) => {
      counts.submissions++;
      submit(buffers);
    };
    return gpu;
  };
  return { source: countedSource, counts };
}

/** Without the self-test: an adapter that computes nothing fails it. */
const open = (from: GpuSource) =>
  openGpuSession(program, {
    source: from,
    history: { changes: 100, bytes: 2 ** 26 },
    check: () => Promise.resolve(),
  });

describe.skipIf(source === undefined)("a session's resources", () => {
  it("are made once, in 10,000 steps, each of one submission", { timeout: 120_000 }, async () => {
    const { source: counting, counts } = counted(source!);
    const session = await open(counting);
    const feeds = Object.fromEntries(
      Object.entries(feedsOf(program, "train", 1)).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    await session.run("train", feeds, ["loss"]);
    const before = { ...counts };
    expect(before.bytes).toBe(session.memoryBytes);
    for (let step = 0; step < 90; step++) await session.run("train", feeds, ["loss"]);
    expect(counts).toEqual({ ...before, submissions: before.submissions + 90 });
    for (let step = 90; step < 10_000; step++) await session.run("train", feeds, ["loss"]);
    // Every 100 steps the state is read, so that little is to be done again when the device is lost.
    const { submissions, ...made } = counts;
    expect({ ...made, submissions: before.submissions }).toEqual(before);
    expect(submissions - before.submissions).toBeLessThan(1.05 * 10_000);
    await session.dispose();
  });

  it("let a tensor of the state be read at once, larger than every output", async () => {
    const { source: counting, counts } = counted(source!);
    const session = await open(counting);
    const before = counts.submissions;
    for (const { path } of program.state) await session.read(path);
    expect(counts.submissions - before).toBe(program.state.length);
    await session.dispose();
  });

  it("refuse an adapter that computes nothing", async () => {
    await expect(createWebgpuDevice({ source: source! }).open(program, {})).rejects.toThrow("run/wrong-results");
  });
});

describe("the buffers of a program", () => {
  it("are shared between plans, but for what is prepared, and large enough for each", () => {
    const layout = layoutBuffers(program);
    for (const plan of Object.values(program.webgpu!.plans)) {
      const own = layout.plans[plan.graph]!;
      plan.slots.forEach((bytes, i) => {
        expect(layout.buffers[own.slots[i]!]!.bytes).toBeGreaterThanOrEqual(bytes);
      });
      expect(new Set(own.slots).size).toBe(plan.slots.length);
    }
    const { predict, train } = layout.plans;
    const shared = predict!.slots.filter((slot) => train!.slots.includes(slot));
    expect(shared.length).toBeGreaterThan(0);
    expect(shared.length).toBeLessThan(predict!.slots.length);
  });
});

describe("readback", () => {
  it("is cut into batches that fill the buffer and lose nothing", () => {
    const batches = cut([{ length: 5 }, { length: 0 }, { length: 12 }, { length: 3 }], 8);
    expect(batches.map((batch) => batch.reduce((sum, { length }) => sum + length, 0))).toEqual([8, 8, 4]);
    const seen = batches.flat().map(({ request, from, length }) => [request, from, length]);
    expect(seen).toEqual([
      [0, 0, 5],
      [2, 0, 3],
      [2, 3, 8],
      [2, 11, 1],
      [3, 0, 3],
    ]);
  });
});

describe("work", () => {
  const work = (seconds: number, workgroups: [number, number, number], sliced = true): Cuttable => ({
    seconds,
    workgroups,
    sliced,
  });

  it("is cut into submissions of about one length, parts of launches where these are longer", () => {
    const list = [
      work(0.2, [7, 1, 1]),
      work(0.2, [3, 1, 1]),
      work(1, [10, 1, 1]),
      work(2, [4, 5, 1]),
      work(9, [1, 1, 1]),
    ];
    const submissions = [...cutWork(list, () => 0.5)];
    for (const parts of submissions) {
      const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
      expect(seconds <= 0.5 + 1e-9 || parts.length === 1).toBe(true);
    }
    for (const dispatch of list) {
      const parts = submissions.flat().filter((part) => part.dispatch === dispatch);
      let next = 0;
      for (const {
        first,
        workgroups: [width, height],
      } of parts) {
        expect(first).toBe(next);
        next += width * height;
      }
      expect(next).toBe(dispatch.workgroups[0] * dispatch.workgroups[1]);
    }
  });

  it("leaves launches whole that can't be cut, and has a place for every part's beginning", () => {
    expect([...cutWork([work(5, [9, 1, 1], false)], () => 0.1)]).toHaveLength(1);
    const many = [...cutWork([work(1000, [5000, 1, 1]), work(1000, [5000, 1, 1])], () => 0.5)];
    for (const parts of many) expect(parts.filter((part) => part.first > 0).length).toBeLessThanOrEqual(MOST_PARTS);
  });

  it("puts no more parts into a submission than are allowed", () => {
    const list = Array.from({ length: 7 }, () => work(0, [1, 1, 1]));
    expect([...cutWork(list, () => 0.5, 3)].map((parts) => parts.length)).toEqual([3, 3, 1]);
  });
});
