import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Shape } from "../../src/compiler/graph/graph.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import type { ArgumentValue } from "../../src/compiler/layers/layer.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { net } from "./nets.ts";
import { channelsLast, gen, noise, sum, worst } from "./numbers.ts";

interface Use {
  /** Batch-free. */
  readonly shape: Shape;
  readonly batch: number;
  readonly x: ArrayLike<number>;
  readonly state?: Readonly<Record<string, ArrayLike<number>>>;
  readonly settings?: Partial<BcosSettings>;
}

type Given = Readonly<Record<string, ArgumentValue>>;

/** One layer by itself, without encoding, logit layer or head. Its output is the tap `it`. */
function apply(layer: string, args: Given, form: Form, { shape, batch, x, state = {}, settings = {} }: Use) {
  const b = net(shape);
  const it = b.layer(layer, "it", "input", args);
  const flat = b.layer("flatten", "flat", it);
  const network = b.finish(flat, {
    encode: { variant: "none", args: [] },
    head: "after_pool",
    logitBias: 0,
    ...settings,
  });
  const { program, notes } = buildProgram(network, { form, batch, graphs: ["predict"], keepTaps: true });
  const named = Object.fromEntries(Object.entries(state).map(([name, values]) => [`it.${name}`, values]));
  const { outputs } = evaluateGraph(program.graphs.predict!, { feeds: { image: x }, state: named });
  return { y: outputs["tap/it"]!, notes: notes.map((n) => n.code), state: program.state };
}

describe("B-cos layers against numbers of the reference implementation", () => {
  const x = gen([2, 5], 0.7);
  const linear = (b: number, maxout = 1) =>
    apply("linear", { width: 3, b, maxout }, "bcos", {
      shape: [5],
      batch: 2,
      x,
      state: { weight: gen([3 * maxout, 5], 0.2) },
    }).y;

  test("linear", () => {
    expect(worst(linear(1).slice(0, 4), [1.341595762, 1.479974533, 1.543518411, 1.141401809])).toBeLessThan(1e-9);
    expect(sum(linear(1))).toBeCloseTo(8.34333320067, 10);
    expect(sum(linear(1.5))).toBeCloseTo(7.92800797422, 10);
    expect(sum(linear(2))).toBeCloseTo(7.55025304537, 10);
    expect(sum(linear(2.5))).toBeCloseTo(7.20582994369, 10);
    expect(sum(linear(2, 2))).toBeCloseTo(8.52576899831, 10);
  });

  const image = channelsLast(gen([1, 4, 5, 5], 0.7), [1, 4, 5, 5]);
  const conv = (args: Given, rows: number, inputs: number, settings: Partial<BcosSettings> = {}) =>
    apply("conv", { width: 6, kernel: 3, stride: 2, ...args }, "bcos", {
      shape: [5, 5, 4],
      batch: 1,
      x: image,
      state: { weight: channelsLast(gen([rows, inputs, 3, 3], 0.2), [rows, inputs, 3, 3]) },
      settings,
    }).y;

  test("conv", () => {
    expect(sum(conv({ b: 1 }, 6, 4))).toBeCloseTo(0.00173947333075, 10);
    expect(sum(conv({ b: 1.5 }, 6, 4))).toBeCloseTo(-0.0118931691053, 10);
    expect(sum(conv({}, 6, 4))).toBeCloseTo(-0.00667313097199, 10);
    expect(conv({}, 6, 4)[0]).toBeCloseTo(-0.03233729238, 10);
    expect(sum(conv({ b: 2.5 }, 6, 4))).toBeCloseTo(-0.0030485834937, 10);
    expect(sum(conv({ groups: 2 }, 6, 2))).toBeCloseTo(-0.14414853155, 10);
    expect(sum(conv({ maxout: 2 }, 12, 4))).toBeCloseTo(0.607897450227, 10);
    expect(sum(conv({ dilation: 2, padding: 2, stride: 1 }, 6, 4))).toBeCloseTo(-0.12705819093, 10);
  });

  test("conv with a constant divisor", () => {
    const scale = { variant: "constant", args: [0.06] };
    const sums = [1, 1.5, 2, 2.5].map((b) => sum(conv({ b, maxout: 2 }, 12, 4, { scale })));
    [143.466285285, 37.0943306439, 10.1316241704, 2.88523274196].forEach((v, i) => expect(sums[i]).toBeCloseTo(v, 8));
  });

  test("norms in evaluation", () => {
    const norm = (kind: string, state: Record<string, ArrayLike<number>>, shape = [2, 2, 3], data?: Float64Array) =>
      apply("norm", { kind: { variant: kind, args: [] } }, "bcos", {
        shape,
        batch: 2,
        x: data ?? channelsLast(gen([2, 3, 2, 2], 0.7), [2, 3, 2, 2]),
        state,
      }).y;
    const variance = [0.955248354325506, 0.9386823248768987, 0.9574291131000467];
    const batch = norm("batch_uncentered", { weight: [1, 2, 0.5], running_var: variance });
    // Channels last: the first numbers of the reference's first channel are every third.
    const expected = [0.6591317352, 0.9303482388, -0.161397607, -1.01669558];
    expected.forEach((v, i) => expect(batch[3 * i]).toBeCloseTo(v, 9));
    expect(batch[1]).toBeCloseTo(-0.7717856904, 9);
    const position = norm("position", { weight: [1, 1, 1] });
    [1.310947364, 0.8236896279, -1.408216088, -1.117584458].forEach((v, i) =>
      expect(position[3 * i]).toBeCloseTo(v, 8),
    );
    const rows = norm("layer", { weight: [1, 1, 1, 1] }, [4], gen([2, 4], 0.7));
    [0.7308392173, 1.087159527, -0.3471603345, -1.47083841].forEach((v, i) => expect(rows[i]).toBeCloseTo(v, 8));
  });
});

describe("conventional layers against plain formulas", () => {
  const x = noise(2 * 4 * 4 * 2, 3);
  const use: Use = { shape: [4, 4, 2], batch: 2, x };
  const at = (n: number, h: number, w: number, c: number): number =>
    h < 0 || w < 0 || h >= 4 || w >= 4 ? 0 : x[((n * 4 + h) * 4 + w) * 2 + c]!;
  const everywhere = (size: number, channels: number, f: (n: number, h: number, w: number, c: number) => number) =>
    Float64Array.from({ length: 2 * size * size * channels }, (_, i) => {
      const c = i % channels;
      const w = Math.floor(i / channels) % size;
      const h = Math.floor(i / channels / size) % size;
      return f(Math.floor(i / channels / size / size), h, w, c);
    });
  const window = (h: number, w: number): [number, number][] =>
    [-1, 0, 1].flatMap((dh) => [-1, 0, 1].map((dw): [number, number] => [h + dh, w + dw]));

  test("conv with a bias", () => {
    const weight = noise(3 * 9 * 2, 8);
    const bias = noise(3, 9);
    const { y } = apply("conv", { width: 3, kernel: 3, bias: true }, "standard", { ...use, state: { weight, bias } });
    const expected = everywhere(4, 3, (n, h, w, o) =>
      window(h, w).reduce(
        (total, [a, b], k) =>
          total + at(n, a, b, 0) * weight[(o * 9 + k) * 2]! + at(n, a, b, 1) * weight[(o * 9 + k) * 2 + 1]!,
        bias[o]!,
      ),
    );
    expect(worst(y, expected)).toBeLessThan(1e-12);
  });

  test("depthwise_conv", () => {
    const weight = noise(4 * 9, 8);
    const { y } = apply("depthwise_conv", { kernel: 3, multiplier: 2 }, "standard", { ...use, state: { weight } });
    const expected = everywhere(4, 4, (n, h, w, o) =>
      window(h, w).reduce((total, [a, b], k) => total + at(n, a, b, Math.floor(o / 2)) * weight[o * 9 + k]!, 0),
    );
    expect(worst(y, expected)).toBeLessThan(1e-12);
  });

  test("linear over the last axis, with a bias", () => {
    const weight = noise(6, 8);
    const bias = noise(3, 9);
    const { y } = apply("linear", { width: 3 }, "standard", { ...use, state: { weight, bias } });
    const expected = everywhere(
      4,
      3,
      (n, h, w, o) => at(n, h, w, 0) * weight[2 * o]! + at(n, h, w, 1) * weight[2 * o + 1]! + bias[o]!,
    );
    expect(worst(y, expected)).toBeLessThan(1e-12);
  });

  test("batch norm", () => {
    const [weight, bias, mean] = [noise(2, 5), noise(2, 6), noise(2, 7)];
    const variance = [0.5, 2];
    const state = { weight, bias, running_mean: mean, running_var: variance };
    const { y } = apply("norm", {}, "standard", { ...use, state });
    const expected = everywhere(
      4,
      2,
      (n, h, w, c) => ((at(n, h, w, c) - mean[c]!) / Math.sqrt(variance[c]! + 1e-5)) * weight[c]! + bias[c]!,
    );
    expect(worst(y, expected)).toBeLessThan(1e-12);
  });

  test("activations", () => {
    const each = (f: (v: number) => number) => x.map(f);
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    // Abramowitz and Stegun 7.1.26.
    const erf = (v: number): number => {
      const t = 1 / (1 + 0.3275911 * Math.abs(v));
      const p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
      return Math.sign(v) * (1 - p * Math.exp(-v * v));
    };
    expect(apply("relu", {}, "standard", use).y).toEqual(each((v) => Math.max(v, 0)));
    expect(worst(apply("sigmoid", {}, "standard", use).y, each(sigmoid))).toBeLessThan(1e-15);
    expect(
      worst(
        apply("silu", {}, "standard", use).y,
        each((v) => v * sigmoid(v)),
      ),
    ).toBeLessThan(1e-15);
    const gelu = each((v) => 0.5 * v * (1 + erf(v / Math.SQRT2)));
    expect(worst(apply("gelu", {}, "standard", use).y, gelu)).toBeLessThan(2e-7);
  });

  test("pools", () => {
    const max = everywhere(2, 2, (n, h, w, c) =>
      Math.max(...window(2 * h, 2 * w).flatMap(([a, b]) => (a < 0 || b < 0 ? [] : [at(n, a, b, c)]))),
    );
    const mean = everywhere(2, 2, (n, h, w, c) =>
      window(2 * h, 2 * w).reduce((total, [a, b]) => total + at(n, a, b, c) / 9, 0),
    );
    const args = { kernel: 3, stride: 2 };
    expect(apply("max_pool", args, "standard", use).y).toEqual(max);
    expect(worst(apply("avg_pool", args, "standard", use).y, mean)).toBeLessThan(1e-15);
    const averaged = apply("max_pool", args, "bcos", use);
    expect(worst(averaged.y, mean)).toBeLessThan(1e-15);
    expect(averaged.notes).toEqual(["bcos/max-pool-averaged"]);
    expect(apply("max_pool", args, "bcos", { ...use, settings: { maxPool: "keep" } }).y).toEqual(max);

    const weights = [1, 2, 1].flatMap((a) => [1, 2, 1].map((b) => (a * b) / 16));
    const blurred = everywhere(2, 2, (n, h, w, c) =>
      window(2 * h, 2 * w).reduce((total, [a, b], k) => total + at(n, a, b, c) * weights[k]!, 0),
    );
    expect(worst(apply("blur_pool", {}, "standard", use).y, blurred)).toBeLessThan(1e-15);
    const halves = apply("max_pool", { kernel: 2 }, "standard", use).y;
    expect(halves[0]).toBe(Math.max(at(0, 0, 0, 0), at(0, 0, 1, 0), at(0, 1, 0, 0), at(0, 1, 1, 0)));
  });

  test("form", () => {
    expect(apply("identity", {}, "standard", use).y).toEqual(x);
    const flat = apply("flatten", {}, "standard", use).y;
    expect(flat[16]).toBe(at(0, 0, 0, 1));
    expect(flat[5]).toBe(at(0, 1, 1, 0));
    const cropped = everywhere(2, 2, (n, h, w, c) => at(n, h + 1, w + 1, c));
    expect(apply("crop", { size: 2 }, "standard", use).y).toEqual(cropped);
    expect(apply("pad", { size: 1 }, "standard", use).y).toEqual(
      everywhere(6, 2, (n, h, w, c) => at(n, h - 1, w - 1, c)),
    );
    const twice = everywhere(8, 2, (n, h, w, c) => at(n, Math.floor(h / 2), Math.floor(w / 2), c));
    expect(apply("upsample", {}, "standard", use).y).toEqual(twice);
  });

  test("patches have their pixels row by row", () => {
    const cut = apply("patches", { size: 2 }, "standard", use).y;
    const expected = everywhere(2, 8, (n, h, w, c) => {
      const pixel = Math.floor(c / 2);
      return at(n, 2 * h + Math.floor(pixel / 2), 2 * w + (pixel % 2), c % 2);
    });
    expect(cut).toEqual(expected);
  });

  test("position embedding, of the column in the first half of the channels and of the row in the second", () => {
    const zeros = new Float64Array(6 * 8);
    const { y } = apply("position_embed", {}, "standard", { shape: [2, 3, 8], batch: 1, x: zeros });
    const one = [Math.sin(1), Math.sin(1e-4), Math.cos(1), Math.cos(1e-4)];
    const nought = [0, 0, 1, 1];
    expect(worst(y.slice(8, 16), [...one, ...nought])).toBeLessThan(1e-15);
    expect(worst(y.slice(24, 32), [...nought, ...one])).toBeLessThan(1e-15);
  });

  test("attention", () => {
    const [count, heads, depth] = [3, 2, 2];
    const qkv = noise(2 * count * 12, 6);
    const { y } = apply("attention", { heads }, "standard", { shape: [count, 12], batch: 2, x: qkv });
    const part = (n: number, which: number, head: number, token: number): number[] => {
      const start = (n * count + token) * 12 + which * 4 + head * depth;
      return Array.from(qkv.slice(start, start + depth));
    };
    const places = [0, 1, 2];
    const expected = [0, 1].flatMap((n) =>
      places.flatMap((token) =>
        [0, 1].flatMap((head) => {
          const q = part(n, 0, head, token);
          const shares = places.map((other) =>
            Math.exp(sum(part(n, 1, head, other).map((k, i) => k * q[i]!)) / Math.sqrt(depth)),
          );
          return [0, 1].map((i) =>
            sum(places.map((other) => (shares[other]! / sum(shares)) * part(n, 2, head, other)[i]!)),
          );
        }),
      ),
    );
    expect(worst(y, expected)).toBeLessThan(1e-15);
  });

  test("regularisation in evaluation", () => {
    expect(apply("dropout", { rate: 0.5 }, "standard", use).y).toEqual(x);
    expect(apply("stochastic_depth", { rate: 0.5 }, "standard", use).y).toEqual(x);
    const scaled = apply("layer_scale", { initial: 0.1 }, "standard", { ...use, state: { weight: [2, 3] } });
    expect(
      worst(
        scaled.y,
        x.map((v, i) => v * (2 + (i % 2))),
      ),
    ).toBeLessThan(1e-15);
    expect(scaled.state[0]!.initial).toEqual({ kind: "constant", value: 0.1 });
  });
});

describe("the B-cos form of layers with settings", () => {
  const use: Use = { shape: [4, 4, 2], batch: 1, x: noise(32, 3) };

  test("activations are dropped or kept", () => {
    for (const layer of ["relu", "gelu", "silu"]) {
      const dropped = apply(layer, {}, "bcos", use);
      expect(dropped.y).toEqual(use.x);
      expect(dropped.notes).toEqual(["bcos/relu-dropped"]);
      const kept = apply(layer, {}, "bcos", { ...use, settings: { relu: "keep", gelu: "keep" } });
      expect(kept.y).toEqual(apply(layer, {}, "standard", use).y);
      expect(kept.notes).toEqual([]);
    }
  });

  test("a norm of its own kind stays; `none` drops it", () => {
    const state = { weight: [1, 1] };
    const own = apply("norm", { kind: { variant: "position", args: [] } }, "bcos", { ...use, state });
    expect(own.state.map((s) => s.path)).toEqual(["it.weight"]);
    expect(own.notes).toEqual(["bcos/bias-dropped"]);
    const none = apply("norm", {}, "bcos", { ...use, settings: { norm: { variant: "none", args: [] } } });
    expect(none.y).toEqual(use.x);
    expect(none.notes).toEqual(["bcos/norm-dropped"]);
  });

  test("free weights are not normalised", () => {
    const weight = noise(3 * 2, 4);
    const state = { weight };
    const args = { width: 3, kernel: 1, b: 1 };
    const free = apply("conv", args, "bcos", { ...use, state, settings: { weights: "free" } });
    expect(worst(free.y, apply("conv", args, "standard", { ...use, state }).y)).toBeLessThan(1e-15);
    const own = apply("conv", { ...args, weights: "free" }, "bcos", { ...use, state });
    expect(own.y).toEqual(free.y);
    const unit = apply("conv", args, "bcos", { ...use, state });
    const length = Math.hypot(weight[0]!, weight[1]!);
    expect(unit.y[0]).toBeCloseTo(free.y[0]! / length, 12);
  });
});
