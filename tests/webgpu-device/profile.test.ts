/// <reference types="@webgpu/types" />
/** Times of launches on the WebGPU device: every launch of every timed run, in order, and nothing else is different. */
import { afterEach, describe, expect, it } from "vitest";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { planTotals } from "../../src/compiler/plan/print-plan.ts";
import type { DeviceSession, Profile, Tensor } from "../../src/runtime/device.ts";
import { createRecorder } from "../../src/runtime/devices/recorder.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import type { GpuSource } from "../../src/runtime/devices/webgpu/opened-gpu.ts";
import { createRunTimer, onHostClock } from "../../src/runtime/devices/webgpu/run-timer.ts";
import { createStamps, MOST_PASSES } from "../../src/runtime/devices/webgpu/stamps.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { feedsOf, stateOf } from "../wasm-device/compare.ts";
import { gpuSource, tinyProgram } from "./support.ts";

const source = await gpuSource("vulkan");
const program = tinyProgram(["predict", "explain", "train"]);
const plans = program.webgpu!.plans;

const open: (Session | DeviceSession)[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.dispose();
});

async function sessionFrom(from: GpuSource, sliceMilliseconds?: number): Promise<Session> {
  const slices = sliceMilliseconds === undefined ? {} : { sliceMilliseconds };
  const session = await openSession(program, { device: createWebgpuDevice({ source: from }), seed: 5, ...slices });
  open.push(session);
  return session;
}

/** Counts query sets and timed passes, and destroys the device in the reading of times with the number `loseAt`. */
function watched(loseAt = -1) {
  const devices: GPUDevice[] = [];
  const seen = { querySets: 0, destroyed: 0, timedPasses: 0, readings: 0 };
  const from: GpuSource = async () => {
    const gpu = await source!();
    const { device } = gpu;
    devices.push(device);
    const [createQuerySet, createBuffer] = [device.createQuerySet.bind(device), device.createBuffer.bind(device)];
    device.createQuerySet = (descriptor) => {
      seen.querySets++;
      const set = createQuerySet(descriptor);
      const destroy = set.destroy.bind(set);
      set.destroy = () => {
        seen.destroyed++;
        return destroy();
      };
      return set;
    };
    device.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor);
      const map = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = (...range: Parameters<GPUBuffer["mapAsync"]>) => {
        if (descriptor.label === "times of launches" && seen.readings++ === loseAt) device.destroy();
        return map(...range);
      };
      return buffer;
    };
    const createEncoder = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      const encoder = createEncoder(descriptor);
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (pass) => {
        if (pass?.timestampWrites !== undefined) seen.timedPasses++;
        return begin(pass);
      };
      return encoder;
    };
    return gpu;
  };
  return { source: from, seen, devices };
}

/** The launches of each run, each as often as it was timed, in the order of their beginnings. */
const launchesOf = ({ runs, launches }: Profile): readonly (readonly number[])[] =>
  runs.map((_, run) => launches.filter((one) => one.run === run).map(({ launch }) => launch));

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const all = (graph: GraphName): number[] => range(0, plans[graph]!.launches.length);
const unprepared = (graph: GraphName): number[] => all(graph).slice(planTotals(plans[graph]!).prepare);

function expectInOrder({ runs, launches }: Profile): void {
  launches.forEach(({ run, thread, start, end }, i) => {
    expect(thread).toBe(0);
    expect(start).toBeLessThanOrEqual(end);
    expect(start).toBeGreaterThanOrEqual(runs[run]!.start);
    expect(end).toBeLessThanOrEqual(runs[run]!.end);
    if (i > 0) expect(start).toBeGreaterThanOrEqual(launches[i - 1]!.start);
  });
  for (const { start, end } of runs) expect(start).toBeLessThanOrEqual(end);
}

/** Trains and predicts; what comes out and what the state is then. */
async function work(session: Session): Promise<unknown> {
  const results: unknown[] = [];
  for (let step = 1; step <= 2; step++) results.push(await session.run("train", feedsOf(program, "train", step, step)));
  for (let i = 0; i < 2; i++) results.push(await session.run("predict", feedsOf(program, "predict", i)));
  return [...results, await stateOf(session)];
}

const worked = [all("train"), all("train"), all("predict"), unprepared("predict")];

describe.skipIf(source === undefined)("the profiler of the WebGPU device", () => {
  it("tells every launch of every run, with the same results", async () => {
    const session = await sessionFrom(source!);
    await session.startProfile();
    expect(await work(session)).toEqual(await work(await sessionFrom(source!)));
    const profile = await session.stopProfile();
    expect(profile.runs.map(({ graph }) => graph)).toEqual(["train", "train", "predict", "predict"]);
    expect(launchesOf(profile)).toEqual(worked);
    expect(profile.plans).toBe(plans);
    expectInOrder(profile);
  });

  it("tells the parts of a launch where it is cut", async () => {
    const session = await sessionFrom(source!, 0.001);
    await session.startProfile();
    expect(await work(session)).toEqual(await work(await sessionFrom(source!)));
    const profile = await session.stopProfile();
    expect(launchesOf(profile).map((launches) => [...new Set(launches)])).toEqual(worked);
    expect(profile.launches.length).toBeGreaterThan(worked.flat().length);
    expectInOrder(profile);
  });

  it("tells what goes on from a run before", async () => {
    const session = await createWebgpuDevice({ source: source! }).open(program, {});
    open.push(session);
    const { image, cotangent } = feedsOf(program, "explain", 1) as Record<string, Tensor>;
    await session.run("explain", { image: image!, cotangent: cotangent! });
    session.profiler!.start({ runs: 1 });
    await session.run("explain", { image: image! }, ["logits"]);
    await session.run("explain", { cotangent: cotangent! }, undefined, { resume: true });
    await session.run("explain", { image: image!, cotangent: cotangent! });
    const profile = await session.profiler!.stop();
    expect(profile.runs.map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(launchesOf(profile).flat()).toEqual(unprepared("explain"));
    expectInOrder(profile);
  });

  it("makes nothing unless it is asked to, and one query set for all runs", async () => {
    const { source: from, seen } = watched();
    const session = await sessionFrom(from);
    await work(session);
    expect(seen).toEqual({ querySets: 0, destroyed: 0, timedPasses: 0, readings: 0 });
    await session.startProfile({ runs: 1 });
    expect(seen.querySets).toBe(1);
    for (let i = 0; i < 3; i++) await work(session);
    expect(launchesOf(await session.stopProfile())).toHaveLength(2);
    const once = { querySets: 1, destroyed: 1, timedPasses: all("train").length + all("predict").length, readings: 2 };
    expect(seen).toEqual(once);
    await work(session);
    expect(await session.stopProfile()).toMatchObject({ runs: [], launches: [] });
    expect(seen).toEqual(once);
  });

  it("lets go of its query set with the session", async () => {
    const { source: from, seen } = watched();
    const session = await sessionFrom(from);
    await session.startProfile();
    await work(session);
    await session.dispose();
    expect(seen).toMatchObject({ querySets: 1, destroyed: 1 });
  });

  it("goes on after a loss of the device, in a reading of times or between runs", async () => {
    const wanted = await work(await sessionFrom(source!));
    const { source: from, seen, devices } = watched(1);
    const session = await sessionFrom(from);
    await session.startProfile();
    expect(await work(session)).toEqual(wanted);
    expect(devices).toHaveLength(2);
    devices[1]!.destroy();
    await devices[1]!.lost;
    await session.run("predict", feedsOf(program, "predict", 1));
    expect(devices).toHaveLength(3);
    const profile = await session.stopProfile();
    expect(launchesOf(profile)).toEqual([...worked, all("predict")]);
    expectInOrder(profile);
    expect(seen).toMatchObject({ querySets: 3, destroyed: 3 });

    await session.startProfile();
    devices[2]!.destroy();
    await session.stopProfile();
    await session.run("predict", feedsOf(program, "predict", 1));
  });

  it("can be started on a device that is lost", async () => {
    const { source: from, devices } = watched();
    const session = await sessionFrom(from);
    devices[0]!.destroy();
    await session.startProfile();
    await session.run("predict", feedsOf(program, "predict", 1));
    expect(launchesOf(await session.stopProfile())).toEqual([all("predict")]);
  });

  it("is absent where the adapter has no timestamps", async () => {
    const session = await sessionFrom(async () => {
      const gpu = await source!();
      return { ...gpu, traits: { ...gpu.traits, timestamps: false } };
    });
    await expect(session.startProfile()).rejects.toThrow("run/no-profile");
  });

  it("reads in between where a run has more passes than the query set has room for", async () => {
    const gpu = await source!();
    const stamps = createStamps(gpu.device);
    const recorder = createRecorder(plans);
    recorder.profiler.start({ runs: 1 });
    const timer = createRunTimer(stamps, recorder.begin("predict", false)!);
    const passes = Math.ceil(0.7 * MOST_PASSES);
    for (let submission = 0; submission < 3; submission++) {
      await timer.makeRoom(passes);
      const encoder = gpu.device.createCommandEncoder();
      for (let i = 0; i < passes; i++) {
        encoder.beginComputePass({ timestampWrites: timer.pass(submission * passes + i) }).end();
      }
      gpu.device.queue.submit([encoder.finish()]);
    }
    await timer.finish();
    timer.tell();
    const profile = await recorder.profiler.stop();
    expect(launchesOf(profile)).toEqual([range(0, 3 * passes)]);
    expectInOrder(profile);
    stamps.destroy();
    await gpu.release();
  });
});

describe("times of a GPU on the host's clock", () => {
  const zero = 2n ** 63n;
  const stamp = (launch: number, begin: number, end: number) => ({
    launch,
    begin: zero + BigInt(begin),
    end: zero + BigInt(end),
  });

  it("are put into the middle of the run", () => {
    expect(onHostClock([stamp(4, 0, 1e6), stamp(7, 2e6, 4e6)], 100, 110)).toEqual([
      { launch: 4, start: 103, end: 104 },
      { launch: 7, start: 105, end: 107 },
    ]);
    expect(onHostClock([], 100, 110)).toEqual([]);
  });

  it("are shrunk to the run's length, and none ends before it begins", () => {
    expect(onHostClock([stamp(0, 0, 10e6), stamp(1, 20e6, 15e6)], 100, 110)).toEqual([
      { launch: 0, start: 100, end: 105 },
      { launch: 1, start: 110, end: 110 },
    ]);
  });
});
