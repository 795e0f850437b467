/** Tunings: what is measured, how it is kept, and that sessions with and without one give the same numbers. */
import { describe, expect, it } from "vitest";
import type { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { tuningKey } from "../../src/runtime/devices/webgpu/choose-variant.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { tuneOn } from "../../src/runtime/devices/webgpu/tune.ts";
import { createTuning, mergeTunings, parseTuning } from "../../src/runtime/tuning.ts";
import { gpuSource, otherVariants, tinyProgram } from "./support.ts";

const silent = await gpuSource("null");
const driver = await gpuSource("vulkan");

describe("a tuning in a file", () => {
  const tuning = createTuning("card", { "matmul #1": "registers" });

  it("is read again", () => {
    expect(parseTuning(JSON.stringify(tuning), "t.json")).toEqual(tuning);
  });

  it("is refused where it is something else", () => {
    const refused = (text: string): string => {
      try {
        parseTuning(text, "t.json");
      } catch (error) {
        return (error as BcosError).diagnostics[0]!.message;
      }
      return "taken";
    };
    expect(refused("{")).toBe("`t.json` is no tuning: it is no JSON");
    expect(refused("[]")).toContain("its `format`");
    expect(refused(JSON.stringify({ ...tuning, version: 2 }))).toContain("version 1");
    expect(refused(JSON.stringify({ ...tuning, adapters: { card: { a: 1 } } }))).toContain("`adapters`");
  });

  it("has several adapters", () => {
    const more = mergeTunings(
      mergeTunings(tuning, createTuning("other", { k: "a" })),
      createTuning("card", { k: "b" }),
    );
    expect(more.adapters).toEqual({ card: { "matmul #1": "registers", k: "b" }, other: { k: "a" } });
  });
});

describe.skipIf(silent === undefined)("tuning without a driver", () => {
  it("measures every kernel that has a choice once", async () => {
    const program = tinyProgram(["predict", "train"]);
    const seen: string[] = [];
    const onProgress = (_: number, __: number, label: string): void => void seen.push(label);
    const result = await tuneOn(silent!, program, { repetitions: 1, onProgress });
    expect(result.kernels.length).toBeGreaterThan(3);
    expect(seen).toEqual(result.kernels.map(({ label }) => label));
    const keys = new Set(Object.values(program.webgpu!.kernels).map(tuningKey));
    const chosen = result.tuning.adapters[result.adapter]!;
    expect(Object.keys(chosen).length).toBe(result.kernels.length);
    for (const key of Object.keys(chosen)) expect(keys.has(key)).toBe(true);
    for (const { untuned, milliseconds } of result.kernels) expect(Object.keys(milliseconds)).toContain(untuned);
  });

  it("ends where it is told to", async () => {
    const result = await tuneOn(silent!, tinyProgram(["predict"]), { signal: AbortSignal.abort() });
    expect(result.kernels).toEqual([]);
  });
});

describe.skipIf(driver === undefined)("sessions with a tuning", () => {
  it("give what sessions without one give, within rounding", { timeout: 300_000 }, async () => {
    const program = tinyProgram(["predict"]);
    const feeds = { image: Float32Array.from({ length: 2 * 4 * 4 * 2 }, (_, i) => Math.sin(i + 1) ** 2) };
    const gpu = await driver!();
    const { traits } = gpu;
    await gpu.release();
    const others = otherVariants(program, traits);
    expect(others.length).toBeGreaterThan(0);
    const run = async (tuning?: ReturnType<typeof createTuning>): Promise<Float32Array> => {
      const device = createWebgpuDevice({ source: driver! });
      const session = await device.open(program, tuning === undefined ? {} : { tuning });
      try {
        for (const { path, shape } of program.state) {
          const length = shape.reduce((a, b) => a * b, 1);
          await session.write(
            path,
            Float32Array.from({ length }, (_, i) => Math.cos(3 * i + 1) / 2),
          );
        }
        const outputs = await session.run("predict", feeds);
        return Float32Array.from(outputs["logits"]!);
      } finally {
        await session.dispose();
      }
    };
    const plain = await run();
    const tuned = await run(createTuning(traits.name, Object.fromEntries(others)));
    expect(plain.some((value) => value !== 0)).toBe(true);
    plain.forEach((value, i) => expect(Math.abs(value - tuned[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value))));
  });
});
