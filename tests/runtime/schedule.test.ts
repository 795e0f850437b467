import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { checkSchedule, learningRateAt, type Schedule } from "../../src/runtime/train/schedule.ts";

function perEpoch(schedule: Schedule, epochs: number): number[] {
  return Array.from({ length: epochs }, (_, epoch) =>
    learningRateAt(schedule, { epoch, step: epoch * 7 + 3, epochs, stepsPerEpoch: 7 }),
  );
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-15));
}

describe("learning rate schedules", () => {
  it("warms up over five epochs and falls along a cosine to 0 (90 epochs)", () => {
    const rates = perEpoch({ kind: "cosine", rate: 1e-3, warmup: { length: 5 } }, 90);
    expectClose(rates.slice(0, 6), [1e-5, 2.08e-4, 4.06e-4, 6.04e-4, 8.02e-4, 1e-3]);
    expect(rates[6]).toBeCloseTo(0.0009996585300715, 15);
    // 42.5 of 85 epochs behind the warm-up lie between the epochs 47 and 48: the two are symmetric about one half.
    expect((rates[47]! + rates[48]!) / 2).toBeCloseTo(5e-4, 12);
    expect(rates[89]).toBeCloseTo(3.4146992848848e-7, 15);
  });

  it("falls along a cosine without warm-up", () => {
    const rates = perEpoch({ kind: "cosine", rate: 1e-3 }, 100);
    expectClose([rates[0]!, rates[50]!, rates[20]!], [1e-3, 5e-4, 0.0009045084971874737]);
  });

  it("counts in steps when asked", () => {
    const schedule: Schedule = { kind: "cosine", rate: 1e-3, per: "step", warmup: { length: 10 } };
    const at = (step: number) =>
      learningRateAt(schedule, { epoch: Math.floor(step / 10), step, epochs: 4, stepsPerEpoch: 10 });
    expectClose([at(0), at(1), at(9), at(10), at(20), at(25)], [1e-5, 1.09e-4, 9.01e-4, 1e-3, 7.5e-4, 5e-4]);
    expect(at(40)).toBe(0);
    expect(at(50)).toBe(0);
  });

  it("ends at the final rate", () => {
    const rates = perEpoch({ kind: "cosine", rate: 1e-3, final: 1e-4, warmup: { length: 10, factor: 0.01 } }, 200);
    expectClose([rates[0]!, rates[10]!, rates[105]!], [1e-5, 1e-3, 5.5e-4]);
  });

  it("steps down at milestones", () => {
    const rates = perEpoch({ kind: "step", rate: 0.1, milestones: [30, 60] }, 90);
    expectClose(
      [rates[0]!, rates[29]!, rates[30]!, rates[59]!, rates[60]!, rates[89]!],
      [0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3],
    );
  });

  it("knows the quarter cosine with an offset", () => {
    const rates = perEpoch({ kind: "quarter_cosine", rate: 1e-3, offset: 1e-5 }, 100);
    rates.forEach((rate, i) => expect(rate).toBeCloseTo(1e-3 * Math.cos((Math.PI * i) / 200) + 1e-5, 15));
  });

  it("stays constant, also after a warm-up as long as the training", () => {
    expectClose(perEpoch({ kind: "constant", rate: 0.5 }, 3), [0.5, 0.5, 0.5]);
    expectClose(perEpoch({ kind: "constant", rate: 1, warmup: { length: 2, factor: 0.5 } }, 2), [0.5, 0.75]);
  });

  it.each<[string, Schedule]>([
    ["rate", { kind: "constant", rate: -1 }],
    ["rate", { kind: "constant", rate: NaN }],
    ["warm-up length", { kind: "cosine", rate: 1, warmup: { length: -1 } }],
    ["milestone", { kind: "step", rate: 1, milestones: [Infinity] }],
    ["final rate", { kind: "cosine", rate: 1, final: -1 }],
  ])("refuses a bad %s", (name, schedule) => {
    expect(() => checkSchedule(schedule)).toThrow(BcosError);
    expect(() => checkSchedule(schedule)).toThrow(`schedule ${name}`);
  });

  it("moves at every step when smooth, and meets the rates of whole epochs", () => {
    const schedule = { kind: "cosine", rate: 0.1, smooth: true, warmup: { length: 1, factor: 0.5 } } as const;
    const rates = Array.from({ length: 12 }, (_, step) =>
      learningRateAt(schedule, { epoch: Math.floor(step / 4), step, epochs: 3, stepsPerEpoch: 4 }),
    );
    expect(rates[0]).toBeCloseTo(0.05, 12);
    expect(rates[2]).toBeCloseTo(0.075, 12);
    expect(rates[4]).toBeCloseTo(0.1, 12);
    expect(rates[8]).toBeCloseTo(0.05, 12);
    expect(rates[11]).toBeCloseTo(0.05 * (1 + Math.cos((Math.PI * 7) / 8)), 12);
  });
});
