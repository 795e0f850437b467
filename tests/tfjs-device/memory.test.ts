/** Nothing is left behind: over a thousand steps, after errors at any call, and in the end. */
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { Program } from "../../src/compiler/graph/program.ts";
import { tfjsBackendOf, type TfjsTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import type { Device } from "../../src/runtime/device.ts";
import { findDevice } from "../../src/runtime/devices/registry.ts";
import { backendName } from "../../src/runtime/devices/tfjs/tf.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { feedsOf, stateOf } from "../wasm-device/compare.ts";
import { leastProgram, nodeBackend, tinyProgram, webgpuBackend } from "./backends.ts";

const webgpu = await webgpuBackend();
const node = await nodeBackend();
const backends: readonly { name: TfjsTarget; device: Device; steps: number }[] = [
  { name: "tfjs:cpu", device: await findDevice("tfjs:cpu"), steps: 1000 },
  { name: "tfjs:wasm", device: await findDevice("tfjs:wasm"), steps: 1000 },
  ...(webgpu === undefined ? [] : [{ name: "tfjs:webgpu" as const, device: webgpu, steps: 30 }]),
  ...(node === undefined ? [] : [{ name: "tfjs:node" as const, device: node.device, steps: 1000 }]),
];

function counts(): Readonly<Record<string, number>> {
  const { numTensors, numBytes, numDataBuffers } = tf.memory();
  return { numTensors, numBytes, numDataBuffers };
}

/** Bytes of what the backend has taken from the system, where it tells. */
function taken(backend: string): number {
  const instance = tf.engine().registry[backend] as {
    wasm?: { HEAPU8: Uint8Array };
    memory?(): { numBytesAllocatedInGPU?: number };
  };
  return instance.wasm?.HEAPU8.length ?? instance.memory?.().numBytesAllocatedInGPU ?? 0;
}

async function everyGraph(session: Session, program: Program, step: number): Promise<void> {
  await session.run("train", feedsOf(program, "train", step, step));
  await session.run("predict", feedsOf(program, "predict", step));
  const { cotangent, ...images } = feedsOf(program, "explain", step);
  const next = (): Record<string, ArrayLike<number>> => ({ cotangent: cotangent! });
  await session.runRepeated("explain", program.batch, images, { times: 2, first: ["logits"], next });
}

describe.each(backends)("$name", ({ name, device, steps }) => {
  const backend = backendName(tfjsBackendOf(name)!);

  it(`has as many tensors after ${steps} steps as after two, and none in the end`, async () => {
    const program = leastProgram(name);
    await (await openSession(program, { device })).dispose();
    const before = counts();
    const session = await openSession(program, { device, seed: 1 });
    for (const step of [1, 2]) await everyGraph(session, program, step);
    const after = counts();
    for (let step = 3; step <= 20; step++) await everyGraph(session, program, step);
    expect(counts()).toEqual(after);
    const bytes = taken(backend);
    for (let step = 21; step <= steps; step++) await session.run("train", feedsOf(program, "train", step, step));
    await everyGraph(session, program, steps + 1);
    expect(counts()).toEqual(after);
    expect(taken(backend)).toBe(bytes);
    await session.dispose();
    expect(counts()).toEqual(before);
  });

  it("leaves nothing behind and the state as it was, whichever call fails", async () => {
    const program = tinyProgram(name);
    const before = counts();
    const session = await openSession(program, { device, seed: 1 });
    await everyGraph(session, program, 1);
    const opened = counts();
    const state = await stateOf(session);
    const engine = tf.engine();
    const { runKernel } = engine;
    /** A training step with a kernel that fails at the call of this number; whether there is one. */
    const failsAt = async (place: number): Promise<boolean> => {
      let calls = 0;
      engine.runKernel = ((...given: Parameters<typeof runKernel>) => {
        if (++calls === place) throw new Error("a fault in the middle");
        return runKernel.apply(engine, given);
      }) as typeof runKernel;
      try {
        const said = await session.run("train", feedsOf(program, "train", 2, 2)).catch((error: Error) => error.message);
        if (calls < place) return false;
        expect(said).toMatch(/^run\/tfjs: .*: a fault in the middle$/);
        return true;
      } finally {
        engine.runKernel = runKernel;
      }
    };
    let place = 1;
    for (; await failsAt(place); place += 7) {
      // What the last run of another graph left to go on from is gone.
      expect(counts()["numTensors"]).toBeLessThanOrEqual(opened["numTensors"]!);
    }
    expect(place).toBeGreaterThan(70);
    // The last one has succeeded.
    expect(await stateOf(session)).not.toEqual(state);
    await everyGraph(session, program, 3);
    expect(counts()).toEqual(opened);
    const other = await openSession(program, { device, seed: 1 });
    await everyGraph(other, program, 1);
    await other.run("train", feedsOf(program, "train", 2, 2));
    await everyGraph(other, program, 3);
    expect(await stateOf(session)).toEqual(await stateOf(other));
    await session.dispose();
    await other.dispose();
    expect(counts()).toEqual(before);
  });
});

it.skipIf(webgpu === undefined)(
  "what the graphics device refuses is an error of the run that asked for it",
  async () => {
    const program = leastProgram("tfjs:webgpu");
    const session = await openSession(program, { device: webgpu!, seed: 1 });
    const train = (): Promise<unknown> => session.run("train", feedsOf(program, "train", 1, 1));
    await train();
    const opened = counts();
    const state = await stateOf(session);
    const engine = tf.engine();
    const { device } = engine.registry["webgpu"] as unknown as { device: { createBuffer(of: object): unknown } };
    const refused = (): unknown => device.createBuffer({ size: 16, usage: 0x1 | 0x80 });
    const { runKernel } = engine;
    engine.runKernel = ((...given: Parameters<typeof runKernel>) => {
      refused();
      return runKernel.apply(engine, given);
    }) as typeof runKernel;
    try {
      await expect(train()).rejects.toThrow(/^run\/tfjs: TensorFlow\.js failed on `tfjs:webgpu` in a run: /);
    } finally {
      engine.runKernel = runKernel;
    }
    expect(await stateOf(session)).toEqual(state);
    expect(counts()).toEqual(opened);
    await train();
    expect(await stateOf(session)).not.toEqual(state);
    await session.dispose();
  },
);
