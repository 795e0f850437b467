/** Times of launches on the WASM device: every launch of every timed run, from every thread that works on it. */
import { describe, expect, it } from "vitest";
import type { Program } from "../../src/compiler/graph/program.ts";
import type { DeviceSession, Profile } from "../../src/runtime/device.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import type { Engine } from "../../src/runtime/devices/wasm/engine.ts";
import { createIsolatedEngine } from "../../src/runtime/devices/wasm/engines/isolated.ts";
import { createLocalEngine } from "../../src/runtime/devices/wasm/engines/local.ts";
import { schedule } from "../../src/runtime/devices/wasm/steps.ts";
import { openSession } from "../../src/runtime/session.ts";
import { compileForTests, feedsOf } from "./compare.ts";
import { brokenProgram, buffers, handMadeProgram, launch, LENGTH, mixedProgram, numbers } from "./hand-made.ts";

const { slot, state } = buffers;

/** A launch that prepares, random numbers, large and small launches. */
const program = handMadeProgram({
  predict: {
    slots: 5,
    inputs: { x: 0 },
    outputs: { y: slot(4) },
    launches: [
      launch("add", [state("s"), state("s")], [slot(1)], { prepare: true }),
      launch("add", [slot(0), slot(1)], [slot(2)]),
      { kind: "random", key: 7, out: slot(3), count: LENGTH, path: "drop", ops: ["random_uniform"] },
      launch("add", [slot(2), slot(3)], [slot(4)], { large: false }),
    ],
  },
});

/** For each run, the launches that were timed, with the number of threads. */
function launchesOf({ runs, launches }: Profile): Record<number, number>[] {
  return runs.map((_, run) => {
    const counts: Record<number, number> = {};
    for (const timing of launches) if (timing.run === run) counts[timing.launch] = (counts[timing.launch] ?? 0) + 1;
    return counts;
  });
}

function expectInOrder({ runs, launches }: Profile): void {
  for (const { run, start, end } of launches) {
    expect(start).toBeLessThanOrEqual(end);
    // Threads have clocks of their own, which browsers and systems round.
    expect(start).toBeGreaterThanOrEqual(runs[run]!.start - 1);
    expect(end).toBeLessThanOrEqual(runs[run]!.end + 1);
  }
}

async function profileOf(session: DeviceSession, runs: number, done: number): Promise<Profile> {
  session.profiler!.start({ runs });
  for (let i = 0; i < done; i++) await session.run("predict", { x: numbers(1) });
  return session.profiler!.stop();
}

describe("the profiler", () => {
  it.each([1, 2, 3])("tells every launch of every run on %i threads", async (threads) => {
    const session = await wasmDevice.open(program, { threads });
    await session.run("predict", { x: numbers(1) });
    await session.write("s", numbers(2));
    const profile = await profileOf(session, 3, 2);
    const run = { 1: threads, 2: 1, 3: 1 };
    expect(launchesOf(profile)).toEqual([{ 0: threads, ...run }, run]);
    expect(profile.runs.map(({ graph }) => graph)).toEqual(["predict", "predict"]);
    expect(profile.plans.predict).toBe(program.wasm!.plans.predict);
    expectInOrder(profile);
    expect(new Set(profile.launches.map(({ thread }) => thread))).toEqual(
      new Set(Array.from({ length: threads }).keys()),
    );
    await session.dispose();
  });

  it("times no more runs than asked for, and none before or after", async () => {
    const session = await wasmDevice.open(program, { threads: 2 });
    expect(launchesOf(await profileOf(session, 2, 5))).toHaveLength(2);
    await session.run("predict", { x: numbers(1) });
    expect(await session.profiler!.stop()).toMatchObject({ runs: [], launches: [] });
    await session.dispose();
  });

  it("leaves out a run that fails, and the results as they are", async () => {
    const broken = await wasmDevice.open(brokenProgram, { threads: 2 });
    broken.profiler!.start({ runs: 5 });
    await expect(broken.run("predict", { x: numbers(1) })).rejects.toThrow("run/kernel");
    expect(await broken.profiler!.stop()).toMatchObject({ runs: [], launches: [] });
    await broken.dispose();

    const timed = await wasmDevice.open(mixedProgram, { threads: 2 });
    const plain = await wasmDevice.open(mixedProgram, { threads: 2 });
    timed.profiler!.start({ runs: 5 });
    const x = numbers(3);
    expect(await timed.run("predict", { x })).toEqual(await plain.run("predict", { x }));
    for (const session of [timed, plain]) await session.dispose();
  });

  it("covers the plans of a model", async () => {
    const model = compileForTests("mnist.bcos", 3);
    const session = await openSession(model, { device: "wasm", threads: 2 });
    await session.startProfile();
    for (const graph of ["train", "predict", "explain", "train"] as const)
      await session.run(graph, feedsOf(model, graph, 1));
    const profile = await session.stopProfile();
    expectInOrder(profile);
    profile.runs.forEach(({ graph }, run) => {
      const indexes = new Set(profile.launches.filter((timing) => timing.run === run).map((timing) => timing.launch));
      expect(indexes, graph).toEqual(new Set(model.wasm!.plans[graph]!.launches.keys()));
    });
    await session.dispose();
  });
});

describe("engines of browsers", () => {
  async function timedSteps(of: Program, engine: Engine, steps: number): Promise<number[]> {
    const told: number[] = [];
    await engine.run(0, steps);
    engine.observe((step, thread, start, end) => {
      expect(thread).toBe(0);
      expect(start).toBeLessThanOrEqual(end);
      expect(Math.abs(end - performance.now())).toBeLessThan(60_000);
      told.push(step);
    });
    await engine.run(1, steps);
    engine.observe(undefined);
    await engine.run(0, steps);
    await engine.dispose();
    return told;
  }

  const { layout, steps } = schedule(mixedProgram, 1);
  const source = { module: mixedProgram.wasm!.module, pages: layout.pages, steps };

  it("a worker with a memory of its own", async () => {
    expect(await timedSteps(mixedProgram, await createIsolatedEngine(source), 5)).toEqual([1, 2, 3, 4]);
  });

  it("this thread in slices", async () => {
    const told = await timedSteps(mixedProgram, await createLocalEngine(source, true), 5);
    expect([...new Set(told)]).toEqual([1, 2, 3, 4]);
    expect(told.length).toBe(steps[0]!.slice(1).reduce((sum, { slices }) => sum + slices, 0));
    expect(told.length).toBeGreaterThan(4);
  });
});
