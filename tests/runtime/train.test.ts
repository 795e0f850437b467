import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { evaluate } from "../../src/runtime/evaluate/evaluate.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { isFiniteByBits } from "../../src/runtime/finite.ts";
import { train, type StepMetrics, type TrainOptions } from "../../src/runtime/train/trainer.ts";
import { createDataset } from "../../src/runtime/data/dataset.ts";
import { toyDataset, toyProgram, WEIGHT } from "./toy-program.ts";

const data = toyDataset(42);
const options: TrainOptions = { epochs: 5, schedule: { kind: "cosine", rate: 2 }, seed: 9 };
const open = () => openSession(toyProgram({ batch: 4 }), { seed: 1 });
const checkpoint = (session: Session) => session.exportWeights({ optimizer: true });

describe("training", () => {
  it("brings the loss down and the accuracy up, and reports epochs and steps", async () => {
    const session = await open();
    const steps: StepMetrics[] = [];
    const epochs: number[] = [];
    const result = await train(session, data, {
      ...options,
      onStep: (metrics) => void steps.push(metrics),
      onEpoch: async (metrics) => void epochs.push(metrics.epoch),
    });
    expect(result.finished).toBe(true);
    expect(result.next).toEqual({ epoch: 5, step: 0 });
    expect(epochs).toEqual([0, 1, 2, 3, 4]);
    expect(steps.length).toBe(50);
    expect(steps[11]).toMatchObject({ epoch: 1, step: 1, stepsPerEpoch: 10 });
    const [first, last] = [result.epochs[0]!, result.epochs[4]!];
    expect(last.loss).toBeLessThan(first.loss / 3);
    expect(last.accuracy).toBe(1);
    expect(last.learningRate).toBeCloseTo(1 + Math.cos((Math.PI * 4) / 5), 12);
    expect(last.images).toBe(40);
    expect(first.loss).toBeCloseTo(steps.slice(0, 10).reduce((s, m) => s + m.loss, 0) / 10, 12);
    expect((await evaluate(session, toyDataset(30, 2))).accuracy).toBe(1);
    expect((await session.exportWeights()).get("steps")!.data[0]).toBe(50);
  });

  it("gives the same bits for the same seed, others for another", async () => {
    const run = async (seed: number) => {
      const session = await open();
      await train(session, data, { ...options, epochs: 2, seed, augment: { shift: 1, flip: true } });
      return (await session.exportWeights()).get(WEIGHT);
    };
    expect(await run(3)).toEqual(await run(3));
    expect(await run(4)).not.toEqual(await run(3));
  });

  it("finishes the step when aborted, and goes on from there to the same bits", async () => {
    const whole = await open();
    await train(whole, data, options);
    const parts = await open();
    const controller = new AbortController();
    let count = 0;
    const onStep = () => void (++count === 13 && controller.abort());
    const first = await train(parts, data, { ...options, onStep, signal: controller.signal });
    expect(first).toMatchObject({ finished: false, next: { epoch: 1, step: 3 } });
    expect(first.epochs.length).toBe(1);
    const moved = await open();
    await moved.importWeights(await checkpoint(parts));
    const rest = await train(moved, data, { ...options, start: first.next });
    expect(rest.epochs.map((e) => [e.epoch, e.images])).toEqual([
      [1, 28],
      [2, 40],
      [3, 40],
      [4, 40],
    ]);
    expect(await checkpoint(moved)).toEqual(await checkpoint(whole));
  });

  it("does nothing when it is aborted or at its end already", async () => {
    const session = await open();
    const before = await checkpoint(session);
    expect(await train(session, data, { ...options, signal: AbortSignal.abort() })).toEqual({
      epochs: [],
      finished: false,
      next: { epoch: 0, step: 0 },
    });
    expect(await train(session, data, { ...options, start: { epoch: 5, step: 0 } })).toMatchObject({ finished: true });
    expect(await checkpoint(session)).toEqual(before);
  });

  it("can be aborted by a timer, although the device computes on this thread", async () => {
    const session = await open();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const result = await train(session, data, { ...options, epochs: 1_000_000, signal: controller.signal });
    expect(result.finished).toBe(false);
  });

  it("stops where the loss is not finite", async () => {
    const session = await open();
    const weights = await session.exportWeights();
    weights.get(WEIGHT)!.data.fill(NaN);
    await session.importWeights(weights);
    await expect(train(session, data, options)).rejects.toThrow("run/not-finite: the loss is not finite at step 1");
    expect([0, -0, 1e308, 5e-324, -3].every(isFiniteByBits)).toBe(true);
    expect([NaN, -NaN, Infinity, -Infinity].some(isFiniteByBits)).toBe(false);
  });

  it("learns soft targets", async () => {
    const soft = createDataset({ ...data, targets: new Float32Array(data.count * 3).fill(0.25) });
    const session = await open();
    await train(session, soft, { ...options, epochs: 60, schedule: { kind: "constant", rate: 2 } });
    const logits = await session.predict(Float32Array.of(0.8, 0.1, 0.1, 0.1));
    for (const logit of logits) expect(logit).toBeCloseTo(Math.log(1 / 3), 1);
  });

  it("refuses what does not fit", async () => {
    const session = await open();
    await expect(train(session, toyDataset(3), options)).rejects.toThrow(
      "at least one batch of 4 images, not 3 images",
    );
    await expect(train(session, data, { ...options, epochs: 1.5 })).rejects.toThrow("`epochs` takes a whole number");
    await expect(train(session, { ...data, shape: [1, 4, 1] }, options)).rejects.toThrow(
      "the shape [1, 4, 1], the model wants [2, 2, 1]",
    );
    const two = createDataset({ ...data, labels: new Uint32Array(42), classes: ["a", "b"] });
    await expect(train(session, two, options)).rejects.toThrow("its number of classes is 2, the model wants 3");
    await expect(train(session, data, { ...options, schedule: { kind: "constant", rate: NaN } })).rejects.toThrow(
      BcosError,
    );
  });
});

describe("evaluation", () => {
  it("counts by true and predicted class", async () => {
    const session = await openSession(toyProgram({ batch: 4 }));
    const weights = await session.exportWeights();
    // Only the second class looks at its pixel, so dark second pixels give the first class.
    weights.get(WEIGHT)!.data.fill(0)[8 + 1] = 1;
    await session.importWeights(weights);
    const test = toyDataset(30, 5);
    const seen: number[] = [];
    const result = await evaluate(session, test, { onProgress: (done) => seen.push(done) });
    expect(seen).toEqual([4, 8, 12, 16, 20, 24, 28, 30]);
    const counts = [0, 1, 2].map((c) => test.labels.filter((label) => label === c).length);
    expect(result.perClass.map((c) => c.count)).toEqual(counts);
    // A dark pixel still has some light: the second logit is above 0 unless it is exactly black.
    const black = (label: number) => test.labels.filter((l, i) => l === label && test.images[i * 4 + 1] === 0).length;
    expect([...result.confusion]).toEqual([0, 1, 2].flatMap((c) => [black(c), counts[c]! - black(c), 0]));
    expect(result.correct).toBe(black(0) + counts[1]!);
    expect(result.accuracy).toBe(result.correct / 30);
    const stopped = await evaluate(session, test, { signal: AbortSignal.abort() });
    expect(stopped.count).toBe(0);
  });

  it("refuses weights that are no numbers, rather than count them as the first class", async () => {
    const session = await openSession(toyProgram({ batch: 4 }));
    const weights = await session.exportWeights();
    weights.get(WEIGHT)!.data[0] = NaN;
    await session.importWeights(weights);
    await expect(evaluate(session, toyDataset(30, 5))).rejects.toThrow(
      "run/not-finite: the logits are not finite for image 0",
    );
  });

  it("refuses another image size", async () => {
    const session = await openSession(toyProgram());
    await expect(evaluate(session, { ...data, shape: [4, 1, 1] })).rejects.toThrow("data/does-not-fit");
  });
});
