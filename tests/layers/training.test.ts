import { describe, expect, test } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { LossSettings, OptimizerSettings, StateSpec } from "../../src/compiler/graph/program.ts";
import { clipUnitwise, unitAxes } from "../../src/compiler/training/clip.ts";
import { lossOf } from "../../src/compiler/training/losses.ts";
import { optimizerStep } from "../../src/compiler/training/optimizers.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { evaluateWith } from "./evaluate.ts";
import { net } from "./nets.ts";
import { channelsLast, gen, noise, worst } from "./numbers.ts";

describe("losses", () => {
  const logits = gen([2, 5], 0.3, 3);
  const hard = Float64Array.from({ length: 10 }, (_, i) => (i === 1 || i === 9 ? 1 : 0));
  const soft = noise(10, 4).map(Math.abs);
  const loss = (settings: LossSettings, targets: Float64Array): number =>
    evaluateWith([2, 5], logits, {}, (b, x) => ({ loss: lossOf(b, x, g.input(b, "t", [2, 5]), settings) }), {
      t: targets,
    })["loss"]![0]!;

  test("binary cross entropies have the reference's values", () => {
    expect(loss({ kind: "bce" }, hard)).toBeCloseTo(0.9807576363236945, 14);
    expect(loss({ kind: "bce", smoothing: 0.1 }, hard)).toBeCloseTo(0.9949308707103313, 14);
    expect(loss({ kind: "uniform_off_label_bce" }, hard)).toBeCloseTo(1.0113698157802022, 14);
  });

  test("soft targets, and cross entropy with smoothing, by their formulas", () => {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const binary = (t: (i: number) => number) =>
      logits.reduce((total, x, i) => total - t(i) * Math.log(sigmoid(x)) - (1 - t(i)) * Math.log(1 - sigmoid(x)), 0) /
      10;
    expect(loss({ kind: "bce" }, soft)).toBeCloseTo(
      binary((i) => soft[i]!),
      12,
    );
    expect(loss({ kind: "uniform_off_label_bce" }, soft)).toBeCloseTo(
      binary((i) => Math.max(soft[i]!, 0.2)),
      12,
    );
    const categorical = (t: (i: number) => number) =>
      logits.reduce((total, x, i) => {
        const row = Array.from(logits.slice(5 * Math.floor(i / 5), 5 * Math.floor(i / 5) + 5), Math.exp);
        return total - (t(i) * (x - Math.log(row.reduce((a, b) => a + b)))) / 2;
      }, 0);
    expect(loss({ kind: "cross_entropy" }, hard)).toBeCloseTo(
      categorical((i) => hard[i]!),
      12,
    );
    const smoothing = 0.2;
    expect(loss({ kind: "cross_entropy", smoothing }, hard)).toBeCloseTo(
      categorical((i) => hard[i]! * 0.8 + 0.04),
      12,
    );
  });

  test("large logits don't overflow", () => {
    const far = (value: number) =>
      evaluateWith(
        [1, 2],
        [value, -value],
        {},
        (b, x) => ({
          loss: lossOf(b, x, g.input(b, "t", [1, 2]), { kind: "bce" }),
        }),
        { t: [0, 1] },
      )["loss"]![0]!;
    expect(far(1000)).toBeCloseTo(1000, 9);
    expect(far(-1000)).toBe(0);
  });
});

describe("adaptive clipping", () => {
  test("units are rows, and whole tensors that are vectors but for axes of length 1", () => {
    expect(unitAxes([4, 3, 3, 2])).toEqual([1, 2, 3]);
    expect(unitAxes([3, 5])).toEqual([1]);
    expect(unitAxes([6])).toEqual([0]);
    expect(unitAxes([5, 1, 1])).toEqual([0, 1, 2]);
    expect(unitAxes([1, 1, 1, 8])).toEqual([0, 1, 2, 3]);
    expect(unitAxes([1])).toEqual([0]);
  });

  test.each([
    { shape: [4, 3, 3, 2], units: 4 },
    { shape: [3, 5], units: 3 },
    { shape: [6], units: 1 },
    { shape: [5, 1, 1], units: 1 },
  ])("$shape by hand", ({ shape, units }) => {
    const size = shape.reduce((a, b) => a * b);
    const run = size / units;
    // One unit is zero, so that its length is the epsilon; gradients of the units lie around their bounds.
    const weight = noise(size, 3).map((v, i) => (i < run && units > 1 ? 0 : v));
    const gradient = noise(size, 4).map((v, i) => (units === 1 ? 0.2 : 0.02) * v * (1 + Math.floor(i / run)));
    const length = (values: Float64Array, u: number) => Math.hypot(...values.slice(u * run, (u + 1) * run));
    const expected = gradient.map((v, i) => {
      const u = Math.floor(i / run);
      const allowed = 0.05 * Math.max(length(weight, u), 1e-3);
      const actual = length(gradient, u);
      return actual < allowed ? v : (v * allowed) / Math.max(actual, 1e-6);
    });
    const { out } = evaluateWith(shape, gradient, { w: weight }, (b, x) => ({
      out: clipUnitwise(b, g.state(b, "w", shape), x, 0.05, 1e-3),
    }));
    expect(worst(out!, expected)).toBeLessThan(1e-15);
    expect(worst(out!, gradient)).toBeGreaterThan(0);
  });

  test("a zero gradient stays zero", () => {
    const { out } = evaluateWith([2, 3], new Float64Array(6), { w: new Float64Array(6) }, (b, x) => ({
      out: clipUnitwise(b, g.state(b, "w", [2, 3]), x, 0.01, 1e-3),
    }));
    expect(out).toEqual(new Float64Array(6));
  });
});

describe("optimisers over several steps", () => {
  const start = noise(4, 1);
  const gradients = Array.from({ length: 6 }, (_, t) => noise(4, 10 + t));
  const rates = gradients.map((_, t) => 0.1 / (t + 1));

  /** The graph's weights after the steps. */
  function graphSteps(settings: OptimizerSettings, precision: "float64" | "float32" = "float64"): ArrayLike<number> {
    const b = createBuilder("step");
    const spec: StateSpec = {
      path: "w",
      shape: [4],
      role: "weight",
      layout: "plain",
      initial: { kind: "constant", value: 0 },
    };
    const one = { spec, weight: g.state(b, "w", [4]), gradient: g.input(b, "gradient", [4]) };
    const [rate, step] = [g.input(b, "learningRate", [1]), g.input(b, "step", [1])];
    const result = optimizerStep(b, settings, [one], rate, step);
    for (const [path, value] of result.updates) b.update(path, value);
    const graph = b.finish();
    let state: Record<string, ArrayLike<number>> = { w: start };
    for (const own of result.state) state[own.path] = new Float64Array(4);
    gradients.forEach((gradient, t) => {
      const feeds = { gradient, learningRate: [rates[t]!], step: [t + 1] };
      state = evaluateGraph(graph, { feeds, state, precision }).updates;
    });
    return state["w"]!;
  }

  /** The same by scalar code, element by element. */
  function byHand(element: (w: number, g: number, lr: number, t: number, memory: Map<string, number>) => number) {
    return start.map((first, i) => {
      const memory = new Map<string, number>();
      return gradients.reduce((w, gradient, t) => element(w, gradient[i]!, rates[t]!, t + 1, memory), first);
    });
  }

  const adam =
    (beta1: number, beta2: number, decay: number, decoupled: boolean) =>
    (w: number, gradient: number, lr: number, t: number, memory: Map<string, number>): number => {
      const g = decoupled ? gradient : gradient + decay * w;
      const m = beta1 * (memory.get("m") ?? 0) + (1 - beta1) * g;
      const v = beta2 * (memory.get("v") ?? 0) + (1 - beta2) * g * g;
      memory.set("m", m).set("v", v);
      const kept = decoupled ? w * (1 - lr * decay) : w;
      return kept - (lr / (1 - beta1 ** t)) * (m / (Math.sqrt(v) / Math.sqrt(1 - beta2 ** t) + 1e-8));
    };

  test.each([
    { beta1: 0.9, beta2: 0.999, weightDecay: 0, decoupled: false },
    { beta1: 0.9, beta2: 0.999, weightDecay: 0.1, decoupled: false },
    { beta1: 0.8, beta2: 0.99, weightDecay: 0.1, decoupled: true },
    { beta1: 0, beta2: 0.5, weightDecay: 0, decoupled: false },
  ])("Adam %o", ({ beta1, beta2, weightDecay, decoupled }) => {
    const settings = { kind: "adam", beta1, beta2, epsilon: 1e-8, weightDecay, decoupled } as const;
    const expected = byHand(adam(beta1, beta2, weightDecay, decoupled));
    expect(worst(graphSteps(settings), expected)).toBeLessThan(1e-14);
    // The bias correction must not lose digits in float32: the first step is the learning rate in every element.
    expect(worst(graphSteps(settings, "float32"), expected)).toBeLessThan(1e-6);
  });

  test.each([
    { momentum: 0, weightDecay: 0 },
    { momentum: 0.9, weightDecay: 0 },
    { momentum: 0.9, weightDecay: 0.05 },
  ])("SGD %o", ({ momentum, weightDecay }) => {
    const expected = byHand((w, gradient, lr, _, memory) => {
      const g = gradient + weightDecay * w;
      const before = memory.get("v");
      const v = before === undefined ? g : momentum * before + g;
      memory.set("v", v);
      return w - lr * v;
    });
    expect(worst(graphSteps({ kind: "sgd", momentum, weightDecay }), expected)).toBeLessThan(1e-14);
  });
});

test("batch statistics in training, and the running ones behind them, have the reference's values", () => {
  const b = net([2, 2, 3]);
  const x = b.layer("norm", "bn", "input", { kind: { variant: "batch_uncentered", args: [] } });
  const network = b.finish(b.layer("flatten", "flat", x), {
    encode: { variant: "none", args: [] },
    logitBias: 0,
  });
  const { program } = buildProgram(network, {
    form: "bcos",
    batch: 2,
    graphs: ["train"],
    train: { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 } },
  });
  const { outputs, updates } = evaluateGraph(program.graphs.train!, {
    feeds: {
      image: channelsLast(gen([2, 3, 2, 2], 0.7), [2, 3, 2, 2]),
      targets: new Float64Array(24),
      learningRate: [0],
      step: [1],
    },
    state: { "bn.weight": [1, 2, 0.5], "bn.running_var": [1, 1, 1] },
  });
  // `flatten` puts channels first, as the reference has them.
  const expected = [0.8667004876, 1.22332643, -0.2122237137, -1.336865619, -1.202254629];
  expect(worst(outputs["logits"]!.slice(0, 5), expected)).toBeLessThan(1e-9);
  const running = [0.955248354325506, 0.9386823248768987, 0.9574291131000467];
  expect(worst(updates["bn.running_var"]!, running)).toBeLessThan(1e-14);
});
