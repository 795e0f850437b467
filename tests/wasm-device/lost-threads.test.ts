/** Workers that are terminated from outside: the session says so instead of waiting for ever, and can be disposed. */
import { Worker } from "node:worker_threads";
import { afterEach, expect, it } from "vitest";
import type { Program } from "../../src/compiler/graph/program.ts";
import type { DeviceSession } from "../../src/runtime/device.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { ThreadLoss } from "../../src/runtime/devices/wasm/engine.ts";
import { createIsolatedEngine } from "../../src/runtime/devices/wasm/engines/isolated.ts";
import { schedule } from "../../src/runtime/devices/wasm/steps.ts";
import { buffers, handMadeProgram, launch, LENGTH, mixedProgram, numbers } from "./hand-made.ts";

const { slot } = buffers;
const builtin = process.getBuiltinModule("node:worker_threads") as { Worker: typeof Worker };

/** What is started while `body` runs. */
async function withWorkers<T>(body: () => Promise<T>): Promise<{ result: T; workers: Worker[] }> {
  const workers: Worker[] = [];
  builtin.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      workers.push(this);
    }
  };
  try {
    return { result: await body(), workers };
  } finally {
    builtin.Worker = Worker;
  }
}

const sessions: DeviceSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.dispose();
});

async function open(program: Program, threads: number): Promise<{ session: DeviceSession; workers: Worker[] }> {
  const { result: session, workers } = await withWorkers(() => wasmDevice.open(program, { threads }));
  sessions.push(session);
  expect(workers).toHaveLength(threads - 1);
  return { session, workers };
}

const feeds = { x: numbers(3) };
const lost = "run/thread-lost: a thread of the device is gone: the worker has ended";

async function expectLost(session: DeviceSession, running: Promise<unknown>): Promise<void> {
  await expect(running).rejects.toThrow(lost);
  await expect(session.run("predict", feeds)).rejects.toThrow(lost);
  await expect(session.read("s")).rejects.toThrow(lost);
  await session.dispose();
  await expect(session.run("predict", feeds)).rejects.toThrow("run/disposed");
}

it.each([2, 3])("in the middle of a kernel, with %i threads", async (threads) => {
  const stalled = handMadeProgram({
    predict: {
      slots: 2,
      inputs: { x: 0 },
      outputs: { y: slot(1) },
      // A unit a thread: none takes another's.
      launches: [
        launch("stall", [slot(0)], [slot(1)], { units: threads }),
        launch("add", [slot(0), slot(0)], [slot(1)]),
      ],
    },
  });
  const { session, workers } = await open(stalled, threads);
  const exited = workers.map((worker) => new Promise((resolve) => worker.on("exit", resolve)));
  const running = session.run("predict", feeds);
  void workers.at(-1)!.terminate();
  await expectLost(session, running);
  // Those that were still at work have been ended too.
  await Promise.all(exited);
});

it("between two parts of a run", async () => {
  const program = handMadeProgram({
    predict: {
      slots: 3,
      inputs: { x: 0 },
      outputs: { y: slot(2) },
      launches: [
        launch("add", [slot(0), slot(0)], [slot(1)]),
        { kind: "random", key: 7, out: slot(2), count: LENGTH, path: "", ops: ["random_uniform"] },
        launch("add", [slot(1), slot(2)], [slot(2)]),
        launch("reverse", [slot(1)], [slot(2)]),
      ],
    },
  });
  const { session, workers } = await open(program, 3);
  const running = session.run("predict", feeds);
  // The first part is done when `run` gives the thread back.
  const ended = workers[0]!.terminate();
  await expectLost(
    session,
    running.then(() => ended.then(() => session.run("predict", feeds))),
  );
});

it("between runs, whether or not its end was told yet", async () => {
  const told = await open(mixedProgram, 3);
  await told.session.run("predict", feeds);
  await told.workers[1]!.terminate();
  await expectLost(told.session, told.session.run("predict", feeds));

  const untold = await open(mixedProgram, 3);
  await untold.session.run("predict", feeds);
  const ended = untold.workers[0]!.terminate();
  // It may still have done its part of this run.
  const runs = untold.session.run("predict", feeds).then(() => ended.then(() => untold.session.run("predict", feeds)));
  await expectLost(untold.session, runs);
});

it("the only worker of a page that is not isolated", async () => {
  const { layout, steps } = schedule(mixedProgram, 1);
  const source = { module: mixedProgram.wasm!.module, pages: layout.pages, steps };
  const { result: engine, workers } = await withWorkers(() => createIsolatedEngine(source));
  await engine.run(0, 5);
  await workers[0]!.terminate();
  await expect(engine.run(0, 5)).rejects.toThrow(ThreadLoss);
  await expect(engine.read(16, 4)).rejects.toThrow("the worker has ended");
  await engine.dispose();
});
