/** Which device `auto` takes, and what is said where memory is short. */
import { afterEach, expect, it, vi } from "vitest";
import { bestDevice } from "../../src/runtime/devices/best-device.ts";
import { findDevice } from "../../src/runtime/devices/registry.ts";
import { defaultThreads, wasmFeatures } from "../../src/runtime/devices/wasm/features.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { workerSource } from "../../src/runtime/devices/wasm/threads/worker-main.ts";
import { openSession } from "../../src/runtime/session.ts";
import { mixedProgram } from "./hand-made.ts";

afterEach(() => vi.restoreAllMocks());

const { wasm: _, ...bare } = mixedProgram;

it("takes the WASM device for programs with code for it, and the reference device for others", async () => {
  expect((await findDevice("auto", mixedProgram)).name).toBe("wasm");
  expect((await findDevice("auto", bare)).name).toBe("reference");
  expect((await findDevice("reference", mixedProgram)).name).toBe("reference");
  expect((await bestDevice(new Set())).reason).toContain("without WASM code");
  const session = await openSession(mixedProgram);
  expect(session.device).toBe("wasm");
  await session.dispose();
});

it("takes the reference device for float64", async () => {
  const session = await openSession(mixedProgram, { precision: "float64" });
  expect(session.device).toBe("reference");
  await expect(openSession(mixedProgram, { precision: "float64", device: "wasm" })).rejects.toThrow("run/precision");
});

it("has as many threads as there are processors, at most 8, and one without shared memory", () => {
  const features = wasmFeatures();
  expect(defaultThreads({ ...features, processors: 64 })).toBe(8);
  expect(defaultThreads({ ...features, processors: 3 })).toBe(3);
  expect(defaultThreads({ ...features, sharedMemory: false })).toBe(1);
});

it.each([1, 2])("says so where the system has no memory for %i threads", async (threads) => {
  vi.spyOn(WebAssembly, "Memory").mockImplementation(function () {
    throw new RangeError("could not allocate memory");
  });
  await expect(wasmDevice.open(mixedProgram, { threads })).rejects.toThrow(/run\/memory: the program needs \d+ MiB/);
});

it("sends workers a program that needs nothing from outside", () => {
  const source = workerSource("port");
  const known = { port: { listen: () => undefined, post: () => undefined }, WebAssembly, Atomics, Float32Array };
  const run = new Function(...Object.keys(known), source) as (...values: unknown[]) => void;
  expect(() => run(...Object.values(known))).not.toThrow();
  expect(source).not.toMatch(/\b(async|await|import|__vi\w*)\b/);
});
