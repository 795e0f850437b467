import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import type { Initial, StateSpec } from "../../src/compiler/graph/program.ts";
import type { Device, DeviceSession } from "../../src/runtime/device.ts";
import { initialValues } from "../../src/runtime/initialise.ts";
import { openSession } from "../../src/runtime/session.ts";
import { loadWeights, saveWeights } from "../../src/runtime/weights/files.node.ts";
import { fileShape, fromFileLayout, toFileLayout } from "../../src/runtime/weights/layout.ts";
import type { WeightTensor } from "../../src/runtime/weights/weights.ts";
import { MOMENTUM, toyDataset, toyProgram, WEIGHT } from "./toy-program.ts";

const images = (count: number) => Float32Array.from({ length: 4 * count }, (_, i) => ((i * 37) % 101) / 101);

describe("sessions", () => {
  it("name some of many tensors that do not fit, and say how many more there are", async () => {
    const session = await openSession(toyProgram());
    const weights = await session.exportWeights();
    for (let i = 0; i < 20; i++) weights.set(`other${i}`, { shape: [1], data: Float32Array.of(0) });
    const error = (await session.importWeights(weights).catch((e: unknown) => e)) as BcosError;
    expect(error.diagnostics).toHaveLength(8);
    expect(error.diagnostics.at(-1)!.hints).toContain("12 more tensors do not fit: is it the right model?");
  });

  it("predict any number of images, whatever the batch size", async () => {
    const small = await openSession(toyProgram({ batch: 2 }), { seed: 3 });
    const large = await openSession(toyProgram({ batch: 5 }), { seed: 3 });
    const seven = await small.predict(images(7));
    expect(seven.length).toBe(21);
    expect(await large.predict(images(7))).toEqual(seven);
    expect(await small.predict([...images(1)])).toEqual(seven.slice(0, 3));
    expect((await small.predict([])).length).toBe(0);
  });

  it("compute what the weights say", async () => {
    const session = await openSession(toyProgram({ batch: 1 }), { precision: "float64" });
    const weight = (await session.exportWeights()).get(WEIGHT)!;
    const x = [0.1, 0.7, 0.3, 0.9];
    const logits = await session.predict(x);
    for (let o = 0; o < 3; o++) {
      // File layout [o, channel, row, column]: the second channel holds the complements.
      const expected = x.reduce(
        (sum, v, p) => sum + v * weight.data[o * 8 + p]! + (1 - v) * weight.data[o * 8 + 4 + p]!,
        -Math.log(2),
      );
      expect(logits[o]).toBeCloseTo(expected, 12);
    }
  });

  it("have weights that depend on the seed and the path only", async () => {
    const weights = async (seed: number) =>
      (await (await openSession(toyProgram(), { seed })).exportWeights()).get(WEIGHT);
    expect(await weights(1)).toEqual(await weights(1));
    expect(await weights(2)).not.toEqual(await weights(1));
  });

  it("refuse an unknown device, a bad seed, wrong images and graphs that are not there", async () => {
    const program = toyProgram();
    await expect(openSession(program, { device: "gpu" })).rejects.toThrow(
      /run\/device: .*`gpu`; there are auto, reference/,
    );
    await expect(openSession(program, { seed: -1 })).rejects.toThrow("`seed` takes a whole number");
    const session = await openSession(program);
    await expect(session.predict(images(1).subarray(1))).rejects.toThrow("images of [2, 2, 1], 4 numbers each");
    await expect(session.run("gradient", {})).rejects.toThrow("run/no-graph: the program has no graph `gradient`");
    await expect(session.runSamples("explain", 2, { image: images(2), cotangent: [1, 2, 3] })).rejects.toThrow(
      "`cotangent` takes the same amount of numbers for each of 2 samples",
    );
    await expect(session.runSamples("explain", 1, { image: images(1) })).rejects.toThrow(BcosError);
  });

  it("do calls one after the other and none after dispose", async () => {
    const log: string[] = [];
    const device: Device = {
      name: "slow",
      open: async () => {
        const wait = (name: string) =>
          new Promise<void>((resolve) => {
            log.push(`${name} begins`);
            setTimeout(() => (log.push(`${name} ends`), resolve()), 2);
          });
        return {
          run: async () => (await wait("run"), { logits: new Float32Array(12) }),
          read: async () => new Float32Array(1),
          write: async () => undefined,
          dispose: () => wait("dispose"),
        } satisfies DeviceSession;
      },
    };
    const session = await openSession(toyProgram(), { device });
    const calls = [session.predict(images(5)), session.run("predict", {}), session.dispose(), session.dispose()];
    await expect(session.exportWeights()).rejects.toThrow("run/disposed: the session was disposed");
    // The second batch of the first call comes too late; what was called before dispose is done.
    await expect(calls[0]).rejects.toThrow("run/disposed");
    await Promise.all(calls.slice(1));
    expect(log).toEqual(["run begins", "run ends", "run begins", "run ends", "dispose begins", "dispose ends"]);
    await expect(session.predict(images(1))).rejects.toThrow(BcosError);
  });

  it("go on after a call that failed", async () => {
    const session = await openSession(toyProgram());
    const failed = session.run("predict", {});
    const done = session.predict(images(1));
    await expect(failed).rejects.toThrow(BcosError);
    expect((await done).length).toBe(3);
  });
});

describe("weights", () => {
  it("round trip bit by bit through a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bcosc-weights-"));
    const session = await openSession(toyProgram(), { seed: 4 });
    const weights = await session.exportWeights();
    expect([...weights.keys()]).toEqual([WEIGHT, "steps"]);
    expect(weights.get(WEIGHT)!.shape).toEqual([3, 2, 2, 2]);
    await saveWeights(join(folder, "m.safetensors"), weights);
    const other = await openSession(toyProgram(), { weights: await loadWeights(join(folder, "m.safetensors")) });
    expect(await other.exportWeights()).toEqual(weights);
    expect(await other.predict(images(3))).toEqual(await session.predict(images(3)));
    await rm(folder, { recursive: true });
  });

  it("of checkpoints have the optimiser's state; without it the optimiser starts anew", async () => {
    const session = await openSession(toyProgram());
    const data = toyDataset(4);
    const feeds = {
      image: [...data.images].map((v) => v / 255),
      targets: [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0],
      learningRate: [0.5],
      step: [1],
    };
    await session.run("train", feeds);
    const checkpoint = await session.exportWeights({ optimizer: true });
    const momentum = checkpoint.get(MOMENTUM)!.data;
    expect(momentum.some((v) => v !== 0)).toBe(true);
    expect(checkpoint.get("steps")!.data[0]).toBe(1);
    await session.importWeights(await session.exportWeights());
    expect((await session.exportWeights({ optimizer: true })).get(MOMENTUM)!.data.every((v) => v === 0)).toBe(true);
    await session.importWeights(checkpoint);
    expect(await session.exportWeights({ optimizer: true })).toEqual(checkpoint);
  });

  it("that do not fit are listed all at once and change nothing", async () => {
    const session = await openSession(toyProgram());
    const before = await session.exportWeights();
    const wrong = new Map<string, WeightTensor>([
      [WEIGHT, { shape: [3, 2, 2, 1], data: new Float32Array(12) }],
      ["more", { shape: [1], data: new Float32Array(1) }],
    ]);
    const error = await session.importWeights(wrong, "m.safetensors").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BcosError);
    expect((error as Error).message.split("\n")).toEqual([
      "weights/shape: the tensor `conv.weight` has the shape [3, 2, 2, 1], the model wants [3, 2, 2, 2] (m.safetensors)",
      "weights/missing: the weights have no tensor `steps` (m.safetensors)",
      "weights/unexpected: the weights have a tensor `more` that the model does not know (m.safetensors)",
    ]);
    expect(await session.exportWeights()).toEqual(before);
    const short = new Map(before).set("steps", { shape: [1], data: new Float32Array(2) });
    await expect(openSession(toyProgram(), { weights: short })).rejects.toThrow("2 numbers for the shape [1]");
  });

  it("change between the layouts by moving numbers only", () => {
    const spec = { shape: [2, 1, 3, 2], layout: "ohwi" } as const;
    const program = Float32Array.from({ length: 12 }, (_, i) => i);
    expect(fileShape(spec)).toEqual([2, 2, 1, 3]);
    expect([...toFileLayout(spec, program)]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
    expect(fileShape({ shape: [2, 3], layout: "plain" })).toEqual([2, 3]);
    fc.assert(
      fc.property(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)), (shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const words = Uint32Array.from({ length: size }, (_, i) => 0x7f800000 + i * 12345);
        const there = toFileLayout({ shape, layout: "ohwi" }, new Float32Array(words.buffer.slice(0)));
        const back = fromFileLayout({ shape, layout: "ohwi" }, there);
        expect(new Uint32Array(back.buffer)).toEqual(words);
      }),
    );
  });
});

describe("initial values", () => {
  const values = (initial: Initial, shape: readonly number[] = [64, 3, 3, 16], path = "w") =>
    initialValues({ path, shape, role: "weight", layout: "plain", initial } satisfies StateSpec, 7);
  const deviation = (v: Float32Array) => Math.sqrt(v.reduce((s, x) => s + x * x, 0) / v.length);

  it("have the stated distribution", () => {
    expect([...values({ kind: "constant", value: 0.5 }, [3])]).toEqual([0.5, 0.5, 0.5]);
    expect(deviation(values({ kind: "kaiming_normal", fan: "in" })) / Math.sqrt(2 / (16 * 9))).toBeCloseTo(1, 1);
    expect(deviation(values({ kind: "kaiming_normal", fan: "out" })) / Math.sqrt(2 / (64 * 9))).toBeCloseTo(1, 1);
    expect(deviation(values({ kind: "kaiming_normal", fan: "out" }, [1000, 10])) / Math.sqrt(2 / 1000)).toBeCloseTo(
      1,
      1,
    );
    const uniform = values({ kind: "kaiming_uniform", fanIn: 25 });
    expect(Math.max(...uniform)).toBeLessThanOrEqual(0.2);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-0.2);
    expect(deviation(uniform)).toBeCloseTo(0.2 / Math.sqrt(3), 2);
    const truncated = values({ kind: "truncated_normal", deviation: 0.02 });
    expect(Math.max(...truncated.map(Math.abs))).toBeLessThanOrEqual(0.0400001);
    expect(deviation(truncated) / 0.02).toBeCloseTo(0.88, 1);
  });

  it("differ from path to path", () => {
    expect(values({ kind: "kaiming_normal", fan: "in" }, [8], "a")).not.toEqual(
      values({ kind: "kaiming_normal", fan: "in" }, [8], "b"),
    );
  });
});
