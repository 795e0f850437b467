/** The device itself: tensors, runs that go on from others, failures, on plans made by hand. */
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import type { DeviceSession } from "../../src/runtime/device.ts";
import { createTfjsDevice } from "../../src/runtime/devices/tfjs/device.ts";
import type { TfjsTensor } from "../../src/runtime/devices/tfjs/tf.ts";
import { fillUniform } from "../../src/runtime/random.ts";
import { brokenProgram, call, handMadeProgram, mixedProgram } from "./hand-made.ts";

const f = (...values: readonly number[]): Float32Array => Float32Array.from(values);
const devices = { cpu: createTfjsDevice({ backend: "cpu" }), wasm: createTfjsDevice({ backend: "wasm" }) };

const open: DeviceSession[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.dispose();
});
async function openDevice(backend: "cpu" | "wasm", program = mixedProgram(backend)): Promise<DeviceSession> {
  const session = await devices[backend].open(program, {});
  open.push(session);
  return session;
}

// What the backends keep for themselves is there from now on.
beforeAll(async () => {
  for (const backend of ["cpu", "wasm"] as const) await (await openDevice(backend)).dispose();
});

function counts(): { readonly tensors: number; readonly bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}

describe.each(["cpu", "wasm"] as const)("tfjs:%s", (backend) => {
  const x = f(1, 2, 3, 4);
  const logitsOf = (w: ArrayLike<number>): number[] => Array.from(x, (v, i) => v * w[i]! ** 2 + 10);

  it("runs calls on feeds, state, constants and what was prepared, and goes on from a run", async () => {
    const session = await openDevice(backend);
    await session.write("w", [1, 2, 3, 4]);
    for (const w of [f(1, 2, 3, 4), f(5, 6, 7, 8)]) {
      await session.write("w", w);
      const logits = logitsOf(w);
      for (let run = 0; run < 3; run++) {
        const whole = await session.run("explain", { x, v: f(1, 0, 0, 0) });
        expect(whole).toEqual({
          logits: Float32Array.from(logits),
          explained: f(logits[0]!),
          both: Float32Array.from(logits, (l, i) => l + Number(i === 0)),
          w,
        });
        expect(await session.run("explain", { x }, ["logits"])).toEqual({ logits: whole["logits"] });
        for (const at of [0, 1, 2, 3]) {
          const v = new Float32Array(4);
          v[at] = 2;
          const again = await session.run("explain", { v }, undefined, { resume: true });
          expect(again).toEqual(await (await fresh(w)).run("explain", { x, v }));
          const one = await session.run("explain", { v }, ["explained"], { resume: true });
          expect(one).toEqual({ explained: f(2 * logits[at]!) });
        }
      }
    }

    async function fresh(w: Float32Array): Promise<DeviceSession> {
      const other = await openDevice(backend);
      await other.write("w", w);
      return other;
    }
  });

  it("takes a new feed of the part that does not repeat, too", async () => {
    const session = await openDevice(backend);
    await session.write("w", [1, 1, 1, 1]);
    await session.run("explain", { x, v: f(1, 1, 1, 1) });
    const { logits, explained } = await session.run("explain", { x: f(0, 0, 0, 5) }, undefined, { resume: true });
    expect(logits).toEqual(f(10, 10, 10, 15));
    expect(explained).toEqual(f(45));
    const next = await session.run("explain", { v: f(0, 0, 0, 1) }, ["explained"], { resume: true });
    expect(next["explained"]).toEqual(f(15));
  });

  it("copies what it is given and what it gives", async () => {
    const session = await openDevice(backend);
    const w = f(1, 1, 1, 1);
    const fed = x.slice();
    await session.write("w", w);
    const { logits, w: read } = await session.run("explain", { x: fed, v: f(1, 1, 1, 1) });
    const kept = logits!.slice();
    w.fill(7);
    fed.fill(7);
    read!.fill(7);
    logits!.fill(7);
    const again = await session.run("explain", { v: f(1, 1, 1, 1) }, ["logits", "w"], { resume: true });
    expect(again).toEqual({ logits: kept, w: f(1, 1, 1, 1) });
    (await session.read("w")).fill(7);
    expect(await session.read("w")).toEqual(f(1, 1, 1, 1));
  });

  it("there is nothing to go on from after a write, a change of state, another graph or a failure", async () => {
    const session = await openDevice(backend);
    const v = f(1, 1, 1, 1);
    const step = f(1);
    const resumed = (): Promise<unknown> => session.run("explain", { v }, undefined, { resume: true });
    await expect(resumed()).rejects.toThrow("run/resume");
    const between: (() => Promise<unknown>)[] = [() => session.write("w", x), () => session.run("train", { x, step })];
    for (const change of between) {
      await session.run("explain", { x, v });
      await resumed();
      await change();
      await expect(resumed()).rejects.toThrow("run/resume");
    }
  });

  it("updates state all at once, with the uniform numbers of the step", async () => {
    const session = await openDevice(backend);
    await session.write("m", [1, 1, 1, 1]);
    await session.write("n", [2, 2, 2, 2]);
    let w: Float32Array = new Float32Array(4);
    for (const step of [1, 2, 9]) {
      const u = new Float32Array(4);
      fillUniform(7, step, u);
      const { loss, drawn } = await session.run("train", { x, step: f(step) });
      expect(drawn).toEqual(u);
      w = w.map((value, i) => Math.fround(value + x[i]!) + u[i]!);
      expect(loss![0]).toBeCloseTo(
        w.reduce((a, b) => a + b, 0),
        4,
      );
      expect(await session.read("w")).toEqual(w);
    }
    expect(await session.read("m")).toEqual(f(2, 2, 2, 2));
    expect(await session.read("n")).toEqual(f(1, 1, 1, 1));
  });

  it("keeps as many tensors and bytes as ever over many runs, and none in the end", async () => {
    const before = counts();
    const session = await openDevice(backend);
    const v = f(1, 0, 0, 0);
    const round = async (step: number): Promise<void> => {
      await session.run("train", { x, step: f(step) });
      await session.run("explain", { x, v });
      await session.run("explain", { v }, ["both"], { resume: true });
      await session.run("explain", { x, v }, []);
      await session.read("w");
      await session.write("m", x);
    };
    await round(1);
    const after = counts();
    for (let step = 2; step < 300; step++) await round(step);
    expect(counts()).toEqual(after);
    await session.dispose();
    await session.dispose();
    expect(counts()).toEqual(before);
    await expect(session.run("explain", { x, v })).rejects.toThrow("run/disposed");
    await expect(session.read("w")).rejects.toThrow("run/disposed");
  });

  it("leaves nothing behind where a call fails in the middle, and the state as it was", async () => {
    const before = counts();
    const session = await openDevice(backend, brokenProgram(backend));
    await session.write("w", x);
    const opened = counts();
    for (let run = 0; run < 3; run++) {
      const error: unknown = await session.run("predict", { x }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(BcosError);
      expect((error as Error).message).toMatch(/^run\/tfjs: .* in `matMul` of `layer1\.fc`: .*inner shapes/);
      await expect(session.run("train", { x })).rejects.toThrow("run/tfjs");
      await expect(session.run("predict", { x: f(1) })).rejects.toThrow("run/feed");
      await expect(session.run("predict", {})).rejects.toThrow("was run without the feed `x`");
      expect(await session.read("w")).toEqual(x);
    }
    // The constants of the graph are there since its first run.
    expect(counts()).toEqual({ tensors: opened.tensors + 1, bytes: opened.bytes + 16 });
    await session.dispose();
    expect(counts()).toEqual(before);
  });

  it("wrong feeds, graphs, outputs, paths and precisions", async () => {
    const session = await openDevice(backend);
    const v = f(1, 1, 1, 1);
    await expect(session.run("predict", {})).rejects.toThrow("run/no-graph");
    await expect(session.run("explain", { x, v }, ["z"])).rejects.toThrow("run/no-output");
    await expect(session.run("explain", { x, v, z: v })).rejects.toThrow("has no feed `z`");
    await expect(session.read("nothing")).rejects.toThrow("run/state");
    await expect(session.write("w", [1])).rejects.toThrow("takes 4 numbers, not 1");
    await expect(devices[backend].open(mixedProgram(backend), { precision: "float64" })).rejects.toThrow(
      "run/precision",
    );
    const { tfjs: _, ...bare } = mixedProgram(backend);
    await expect(devices[backend].open(bare, {})).rejects.toThrow("run/no-plan");
    await expect(devices[backend].open(mixedProgram("node"), {})).rejects.toThrow("run/no-plan");
  });
});

describe("tensors in and out", () => {
  const other = { cpu: "wasm", wasm: "cpu" } as const;

  it.each(["cpu", "wasm"] as const)("on tfjs:%s stay the caller's", async (backend) => {
    await tf.setBackend(backend);
    const before = counts();
    const session = await openDevice(backend);
    const { resident } = session;
    await session.write("w", [1, 1, 1, 1]);
    const x = tf.tensor1d([1, 2, 3, 4]) as TfjsTensor & tf.Tensor;
    const wanted = ["logits", "explained", "w"];
    const first = await resident!.run("explain", { x, v: f(0, 0, 0, 1) }, wanted);
    const { logits, explained, w } = first as Record<string, tf.Tensor>;
    expect(await logits!.data()).toEqual(f(11, 12, 13, 14));
    expect(await explained!.data()).toEqual(f(14));
    expect(await x.data()).toEqual(f(1, 2, 3, 4));
    x.dispose();
    // Theirs is another tensor than the session's.
    w!.dispose();
    expect(await session.read("w")).toEqual(f(1, 1, 1, 1));
    // Goes on from the tensor that is disposed by now.
    const resumed = await session.run("explain", { v: f(1, 0, 0, 0) }, ["explained"], { resume: true });
    expect(resumed["explained"]).toEqual(f(11));
    const sum = tf.tidy(() => tf.sum(logits!));
    expect(await sum.data()).toEqual(f(50));
    const { both } = (await resident!.run("explain", { x: logits! as TfjsTensor, v: f(0, 0, 0, 0) }, [
      "both",
    ])) as Record<string, tf.Tensor>;
    expect(await both!.data()).toEqual(f(21, 22, 23, 24));
    await session.dispose();
    expect(await both!.data()).toEqual(f(21, 22, 23, 24));
    tf.dispose([logits!, explained!, sum, both!]);
    expect(counts()).toEqual(before);
  });

  it("the step of random numbers may be one", async () => {
    await tf.setBackend("cpu");
    const session = await openDevice("cpu");
    const step = tf.tensor1d([9]);
    const numbers = new Float32Array(4);
    fillUniform(7, 9, numbers);
    const outputs = await session.resident!.run("train", { x: numbers, step: step as TfjsTensor }, ["drawn"]);
    expect(await (outputs["drawn"] as tf.Tensor).data()).toEqual(numbers);
    tf.dispose([step, outputs["drawn"] as tf.Tensor]);
  });

  it.each(["cpu", "wasm"] as const)(
    "of a wrong shape, type or backend, or disposed, tfjs:%s refuses",
    async (backend) => {
      await tf.setBackend(backend);
      const session = await openDevice(backend);
      const v = f(1, 1, 1, 1);
      const run = (x: tf.Tensor): Promise<unknown> => session.resident!.run("explain", { x: x as TfjsTensor, v });
      const wrong = tf.tensor2d([[1, 2, 3, 4]]);
      const whole = tf.tensor1d([1, 2, 3, 4], "int32");
      const gone = tf.tensor1d([1, 2, 3, 4]);
      gone.dispose();
      await tf.setBackend(other[backend]);
      const elsewhere = tf.tensor1d([1, 2, 3, 4]);
      await expect(run(wrong)).rejects.toThrow("takes a tensor float32 [4], not float32 [1, 4], for the feed `x`");
      await expect(run(whole)).rejects.toThrow("not int32 [4]");
      await expect(run(gone)).rejects.toThrow("is disposed");
      await expect(run(elsewhere)).rejects.toThrow(`takes a tensor of the backend \`${backend}\``);
      await expect(session.resident!.run("explain", { z: elsewhere as TfjsTensor })).rejects.toThrow("has no feed `z`");
      // It was not moved.
      expect(await elsewhere.data()).toEqual(f(1, 2, 3, 4));
      tf.dispose([wrong, whole, elsewhere]);
    },
  );
});

describe("programs of their own beside it", () => {
  it("two sessions on two backends take turns, and the program keeps its backend", async () => {
    await tf.setBackend("wasm");
    const [a, b] = [await openDevice("cpu"), await openDevice("wasm")];
    for (const session of [a, b]) await session.write("w", [1, 2, 3, 4]);
    const v = f(1, 1, 1, 1);
    for (const mine of ["cpu", "wasm", "cpu"] as const) {
      await tf.setBackend(mine);
      const own = tf.tidy(() => tf.add(tf.tensor1d([1, 2]), 1));
      const runs = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? a : b).run("explain", { x: f(i, i, i, i), v }));
      // Between any two steps of them the program finds what it had.
      for (let i = 0; i < 100; i++) {
        expect(tf.getBackend()).toBe(mine);
        await Promise.resolve();
      }
      const results = await Promise.all(runs);
      expect(results.map(({ logits }) => logits![1])).toEqual([10, 14, 18, 22, 26, 30]);
      expect(tf.getBackend()).toBe(mine);
      expect(await own.data()).toEqual(f(2, 3));
      own.dispose();
    }
  });

  it("a scope that the program leaves open does not take the session's tensors", async () => {
    await tf.setBackend("cpu");
    const engine = tf.engine();
    engine.startScope();
    const session = await openDevice("cpu");
    await session.write("w", [1, 2, 3, 4]);
    await session.run("explain", { x: f(1, 1, 1, 1), v: f(1, 1, 1, 1) });
    const result = await session.resident!.run("explain", { x: f(1, 1, 1, 1), v: f(1, 1, 1, 1) }, ["logits"]);
    engine.endScope();
    expect((result["logits"] as tf.Tensor).isDisposed).toBe(false);
    (result["logits"] as tf.Tensor).dispose();
    expect(await session.read("w")).toEqual(f(1, 2, 3, 4));
    const { logits } = await session.run("explain", { v: f(1, 1, 1, 1) }, undefined, { resume: true });
    expect(logits).toEqual(f(11, 14, 19, 26));
  });

  it("a backend that the program removes is an error, not a wrong number", async () => {
    await tf.setBackend("wasm");
    const { factory, priority } = tf.engine().registryFactory["cpu"]!;
    const session = await openDevice("cpu");
    const { session: gone } = await (async () => {
      tf.removeBackend("cpu");
      return { session };
    })();
    await expect(gone.run("explain", { x: f(1, 1, 1, 1), v: f(1, 1, 1, 1) })).rejects.toThrow("removed the backend");
    tf.registerBackend("cpu", factory, priority);
    const next = await openDevice("cpu");
    await next.run("explain", { x: f(1, 1, 1, 1), v: f(1, 1, 1, 1) });
  });
});

it("a kernel of WebAssembly that traps ends the session's use, not the process", async () => {
  await tf.setBackend("cpu");
  const before = counts();
  const session = await openDevice("wasm");
  const feeds = { x: f(1, 1, 1, 1), v: f(1, 1, 1, 1) };
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = () => {
    throw new WebAssembly.RuntimeError("memory access out of bounds");
  };
  const said = /^run\/tfjs: .*`tfjs:wasm` in `square`: memory access out of bounds$/;
  await expect(session.run("explain", feeds)).rejects.toThrow(said);
  engine.runKernel = runKernel;
  await expect(session.run("explain", feeds)).rejects.toThrow(said);
  await expect(session.read("w")).rejects.toThrow(said);
  await session.dispose();
  expect(counts()).toEqual(before);
});

it("WebAssembly whose memory is full is an error before anything is written over", async () => {
  const shape = [100, 100];
  const calls = [2, 3, 4].map((value) => call("broadcastTo", [0], value, shape, { shape }));
  const at = (value: number): { value: number; shape: readonly number[] } => ({ value, shape });
  const program = handMadeProgram(
    "wasm",
    { w: [4] },
    {
      predict: {
        signature: { inputs: { x: [1] }, outputs: { a: ["x"], b: ["x"] }, updates: [] },
        plan: {
          ...{ inputs: { x: { value: 0, shape: [1] } }, state: {}, constants: [], draws: [], updates: {} },
          calls: [...calls, call("add", [2, 3], 5, shape, {})],
          outputs: { a: at(4), b: at(5) },
        },
      },
    },
  );
  const session = await openDevice("wasm", program);
  const before = counts();
  const { wasm } = tf.engine().registry["wasm"] as unknown as { wasm: { _malloc(bytes: number): number } };
  const { _malloc: allocate } = wasm;
  let left = 100_000;
  wasm._malloc = (bytes) => ((left -= bytes) < 0 ? 0 : allocate(bytes));
  try {
    const error: unknown = await session.run("predict", { x: f(1) }).catch((e: unknown) => e);
    expect((error as Error).message).toMatch(
      /^run\/memory: the program needs 0 MiB of memory: WebAssembly has no 0\.0 MiB more/,
    );
  } finally {
    wasm._malloc = allocate;
  }
  expect(counts()).toEqual(before);
  const { b } = await session.run("predict", { x: f(1) });
  expect(b!.every((value) => value === 2)).toBe(true);
});
