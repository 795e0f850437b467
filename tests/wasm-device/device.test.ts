/** The device itself: memory, threads, failures, on plans made by hand. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import type { DeviceSession } from "../../src/runtime/device.ts";
import { layoutMemory } from "../../src/runtime/devices/wasm/memory-layout.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { schedule } from "../../src/runtime/devices/wasm/steps.ts";
import { fillUniform } from "../../src/runtime/random.ts";
import { brokenProgram, buffers, handMadeProgram, launch, LENGTH, mixedProgram, numbers } from "./hand-made.ts";

const { slot, state } = buffers;
const reversedUnits = (values: Float32Array): Float32Array =>
  Float32Array.from(values, (_, i) => values[LENGTH - 4 - (i - (i % 4)) + (i % 4)]!);

const open: DeviceSession[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.dispose();
});
async function openDevice(program: Parameters<typeof wasmDevice.open>[0], threads: number): Promise<DeviceSession> {
  const session = await wasmDevice.open(program, { threads });
  open.push(session);
  return session;
}

function mixedResult(x: Float32Array, s: Float32Array): Float32Array {
  const sum = x.map((v, i) => v + s[i]!);
  return reversedUnits(sum).map((v, i) => v + i);
}

describe("the WASM device", () => {
  it.each([1, 2, 3, 5])("runs launches in order on %i threads, with feeds, state and constants", async (threads) => {
    const session = await openDevice(mixedProgram, threads);
    expect(session.threads).toBe(threads);
    let s: Float32Array = numbers(3);
    await session.write("s", s);
    for (let run = 0; run < 50; run++) {
      const x = numbers(run + 1);
      const { y, x: back } = await session.run("predict", { x });
      s = mixedResult(x, s);
      expect(y).toEqual(s);
      expect(back).toEqual(x);
      expect(await session.read("s")).toEqual(s);
    }
  });

  it("copies results, and only those that are asked for", async () => {
    const session = await openDevice(mixedProgram, 2);
    const first = await session.run("predict", { x: numbers(1) }, ["y"]);
    expect(Object.keys(first)).toEqual(["y"]);
    const kept = first["y"]!.slice();
    await session.run("predict", { x: numbers(2) });
    expect(first["y"]).toEqual(kept);
    expect(first["y"]!.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it("starts no threads where no launch is worth them", async () => {
    const small = handMadeProgram({
      predict: {
        slots: 2,
        inputs: { x: 0 },
        outputs: { y: slot(1) },
        launches: [launch("add", [slot(0), slot(0)], [slot(1)], { large: false })],
      },
    });
    const session = await openDevice(small, 4);
    expect(session.threads).toBe(1);
    expect((await session.run("predict", { x: numbers(1) }))["y"]).toEqual(numbers(1).map((v) => 2 * v));
  });

  it("prepares weights only when state has changed", async () => {
    // The state is added into the slot once for each time that the launch runs.
    const launches = [
      launch("add", [state("s"), state("s")], [slot(1)], { prepare: true }),
      launch("add", [slot(0), slot(1)], [slot(2)]),
    ];
    const shared = { inputs: { x: 0 }, outputs: { y: slot(2), prepared: slot(1) } };
    const program = handMadeProgram({
      predict: { slots: 3, ...shared, launches },
      // Writes over every shared slot; what `predict` has prepared must outlive it.
      explain: {
        slots: 8,
        inputs: { x: 0 },
        outputs: { y: slot(7) },
        launches: [1, 2, 3, 4, 5, 6, 7].map((i) => launch("add", [slot(0), slot(i - 1)], [slot(i)])),
      },
      train: {
        slots: 1,
        inputs: { x: 0 },
        outputs: { x: slot(0) },
        launches: [launch("through_scratch", [slot(0)], [state("s")])],
      },
    });
    expect(schedule(program, 2).segments.predict).toMatchObject([{ prepare: true }, { prepare: false }]);
    const session = await openDevice(program, 2);
    const expectPrepared = async (s: Float32Array): Promise<void> => {
      const x = numbers(5);
      const { y, prepared } = await session.run("predict", { x });
      expect(prepared).toEqual(s.map((v) => 2 * v));
      expect(y).toEqual(x.map((v, i) => v + Math.fround(2 * s[i]!)));
    };
    await session.write("s", numbers(1));
    await expectPrepared(numbers(1));
    await session.run("explain", { x: numbers(11) });
    await expectPrepared(numbers(1));
    await session.run("train", { x: numbers(2) });
    await expectPrepared(numbers(2));
    await session.write("s", numbers(3));
    await expectPrepared(numbers(3));
  });

  it("makes random numbers between launches, of the step that is fed", async () => {
    const label = { path: "drop", ops: ["random_uniform"] };
    const program = handMadeProgram({
      train: {
        slots: 4,
        inputs: { x: 0, step: 1 },
        outputs: { y: slot(3) },
        launches: [
          launch("through_scratch", [slot(1)], [slot(2)]),
          { kind: "random", key: 7, step: slot(2), out: slot(2), count: LENGTH, ...label },
          launch("add", [slot(0), slot(2)], [slot(3)]),
        ],
      },
    });
    const session = await openDevice(program, 2);
    for (const step of [1, 9]) {
      const { y } = await session.run("train", {
        x: new Float32Array(LENGTH),
        step: new Float32Array(LENGTH).fill(step),
      });
      const wanted = new Float32Array(LENGTH);
      fillUniform(7, step, wanted);
      expect(y).toEqual(wanted);
    }
  });
});

describe("what goes wrong", () => {
  it.each([1, 2, 3])(
    "a kernel that traps on one of %i threads ends the session's use, not the process",
    async (threads) => {
      const session = await openDevice(brokenProgram, threads);
      for (let i = 0; i < 2; i++) {
        const error: unknown = await session.run("predict", { x: numbers(1) }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(BcosError);
        expect((error as Error).message).toMatch(/run\/kernel: the kernel `trap` of `layer` failed: .*out of bounds/);
      }
      await expect(session.read("s")).rejects.toThrow("run/kernel");
      await session.dispose();
      await session.dispose();
      await expect(session.run("predict", { x: numbers(1) })).rejects.toThrow("run/disposed");
    },
  );

  it("wrong options, feeds, graphs, outputs and paths", async () => {
    await expect(wasmDevice.open(mixedProgram, { precision: "float64" })).rejects.toThrow("run/precision");
    for (const threads of [0, 1.5, 1000, NaN]) {
      await expect(wasmDevice.open(mixedProgram, { threads })).rejects.toThrow(
        "`threads` takes a whole number from 1 to 256",
      );
    }
    const { wasm: _, ...bare } = mixedProgram;
    await expect(wasmDevice.open(bare, {})).rejects.toThrow("run/no-plan");
    const session = await openDevice(mixedProgram, 1);
    await expect(session.run("train", {})).rejects.toThrow("run/no-graph");
    await expect(session.run("predict", {})).rejects.toThrow("was run without the feed `x`");
    await expect(session.run("predict", { x: new Float32Array(3) })).rejects.toThrow("run/feed");
    await expect(session.run("predict", { x: numbers(1) }, ["z"])).rejects.toThrow("run/no-output");
    await expect(session.read("nothing")).rejects.toThrow("run/state");
    await expect(session.write("s", [1])).rejects.toThrow(`takes ${LENGTH} numbers, not 1`);
  });

  it("more memory than WebAssembly reaches is refused before anything is allocated", async () => {
    const { wasm } = mixedProgram;
    const plan = wasm!.plans.predict!;
    const huge = {
      ...mixedProgram,
      wasm: { ...wasm!, plans: { predict: { ...plan, slots: [...plan.slots, 2 ** 32] } } },
    };
    await expect(wasmDevice.open(huge, {})).rejects.toThrow(/run\/memory: the program needs 4096 MiB .* 4 GiB/);
  });
});

describe("the layout of the memory", () => {
  it("keeps everything apart and aligned, whatever the sizes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { maxLength: 6 }),
        fc.array(fc.nat(50), { maxLength: 6 }),
        fc.nat(500),
        fc.integer({ min: 1, max: 5 }),
        (states, constants, scratchBytes, threads) => {
          const slots = states.map((n) => 16 * n);
          const plan = { ...mixedProgram.wasm!.plans.predict!, slots, scratchBytes, launches: [], inputs: {} };
          const program = {
            ...mixedProgram,
            state: states.map((n, i) => ({ ...mixedProgram.state[0]!, path: `s${i}`, shape: [n] })),
            wasm: {
              ...mixedProgram.wasm!,
              plans: {
                predict: { ...plan, constants: constants.map((n) => Array.from({ length: n }, () => 0)) },
                explain: { ...plan, graph: "explain" as const, constants: [[1]] },
              },
            },
          };
          const layout = layoutMemory(program, threads);
          for (const graph of ["predict", "explain"] as const) {
            const regions = [
              ...states.map((n, i) => [layout.state.get(`s${i}`)!.offset, 4 * n] as const),
              ...slots.map((bytes, i) => [layout.plans[graph]!.slots[i]!, bytes] as const),
              ...(graph === "predict" ? constants : [1]).map(
                (n, i) => [layout.plans[graph]!.constants[i]!, 4 * n] as const,
              ),
              ...Array.from({ length: threads }, (_, t) => [layout.scratch(t), scratchBytes] as const),
            ].filter(([, bytes]) => bytes > 0);
            regions.sort((a, b) => a[0] - b[0]);
            let end = 16;
            for (const [offset, bytes] of regions) {
              expect(offset).toBeGreaterThanOrEqual(end);
              expect(offset % 16).toBe(0);
              end = offset + bytes;
            }
            expect(end).toBeLessThanOrEqual(layout.bytes);
          }
          expect(layout.pages * 65536).toBeGreaterThanOrEqual(layout.bytes);
        },
      ),
      { numRuns: 50 },
    );
  });
});
