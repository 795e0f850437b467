/** The random generator: published vectors, exactness, and sanity of the distributions. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  counterUniform,
  createRandom,
  fillUniform,
  naturalLog,
  normalQuantile,
  philox4x32,
} from "../../src/runtime/random.ts";

/** Counter, key and result of Philox-4x32-10 in the known answers that its authors publish with Random123. */
const knownAnswers = [
  ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
] as const;

const parse = (text: string) => text.split(" ").map((word) => Number.parseInt(word, 16));

describe("Philox-4x32-10", () => {
  test.each(knownAnswers)("counter %s, key %s", (counter, key, result) => {
    const out = new Uint32Array(4);
    philox4x32(parse(counter) as [number, number, number, number], parse(key) as [number, number], out);
    expect([...out]).toEqual(parse(result));
  });
});

describe("counterUniform", () => {
  test("is the upper 24 bits of the block's lanes", () => {
    const words = parse("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
    expect([0, 1, 2, 3].map((i) => counterUniform(0, 0, i))).toEqual(words.map((w) => (w >>> 8) / 2 ** 24));
  });

  test("reads keys, steps and indices beyond 32 bits", () => {
    const key = 2 ** 32 * 5 + 3;
    const step = 2 ** 32 * 7 + 9;
    const index = (2 ** 32 * 2 + 11) * 4 + 2;
    const out = new Uint32Array(4);
    philox4x32([11, 2, 9, 7], [3, 5], out);
    expect(counterUniform(key, step, index)).toBe((out[2]! >>> 8) / 2 ** 24);
  });

  test("is exact in float32 and below 1", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (key, step, index) => {
        const u = counterUniform(key, step, index);
        return u >= 0 && u < 1 && Math.fround(u) === u;
      }),
    );
  });

  test("fillUniform gives the same numbers", () => {
    for (const length of [1, 4, 7]) {
      const out = new Float32Array(length);
      fillUniform(123, 45, out);
      expect([...out]).toEqual(Array.from({ length }, (_, i) => counterUniform(123, 45, i)));
    }
  });
});

describe("the inverse normal distribution", () => {
  // Quantiles as tabulated to 16 digits.
  test.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.05, -1.6448536269514722],
    [0.999, 3.090232306167813],
    [1e-10, -6.361340902404056],
    [1e-15, -7.941345326170997],
  ])("%d", (p, x) => expect(Math.abs(normalQuantile(p) - x)).toBeLessThan(1e-14 * Math.max(1, Math.abs(x))));

  test("the logarithm agrees with the engine's", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        return Math.abs(naturalLog(x) - Math.log(x)) <= 4e-16 * Math.max(1, Math.abs(Math.log(x)));
      }),
    );
  });
});

const take = (n: number, draw: () => number) => Array.from({ length: n }, draw);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("createRandom", () => {
  test("same seed and stream, same bits; others differ", () => {
    const draw = (seed: number, stream: string) => take(50, createRandom(seed, stream).normal);
    expect(draw(1, "init")).toEqual(draw(1, "init"));
    expect(draw(1, "init")).not.toEqual(draw(2, "init"));
    expect(draw(1, "init")).not.toEqual(draw(1, "order"));
    expect(draw(1, "ab")).not.toEqual(draw(1, "ba"));
    expect(draw(3, "init")).not.toEqual(draw(3 + 2 ** 32, "init"));
  });

  test("the first numbers of a stream stay what they are", () => {
    const random = createRandom(42, "layer1.0.conv1.weight");
    expect(take(3, random.uniform)).toMatchInlineSnapshot(`
      [
        0.7724635004997253,
        0.7106710076332092,
        0.6374441385269165,
      ]
    `);
    expect(take(3, random.normal)).toMatchInlineSnapshot(`
      [
        1.0908225774765015,
        -0.8678248524665833,
        1.5573416948318481,
      ]
    `);
    expect(take(3, random.truncatedNormal)).toMatchInlineSnapshot(`
      [
        0.1410731077194214,
        1.5751357078552246,
        -1.9526780843734741,
      ]
    `);
    expect([...random.permutation(8)]).toMatchInlineSnapshot(`
      [
        6,
        5,
        4,
        3,
        2,
        0,
        1,
        7,
      ]
    `);
  });

  test("uniform numbers fill [0, 1) evenly", () => {
    const random = createRandom(7, "uniform");
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 64_000; i++) counts[Math.floor(random.uniform() * 16)]!++;
    // χ² with 15 degrees of freedom: 37.7 is exceeded once in a thousand; the seed is fixed.
    expect(counts.reduce((s, c) => s + (c - 4000) ** 2 / 4000, 0)).toBeLessThan(37.7);
  });

  test("normal numbers have mean 0, variance 1 and the right tails", () => {
    const values = take(50_000, createRandom(7, "normal").normal);
    expect(Math.abs(mean(values))).toBeLessThan(0.02);
    expect(Math.abs(mean(values.map((v) => v * v)) - 1)).toBeLessThan(0.03);
    expect(Math.abs(mean(values.map((v) => (Math.abs(v) > 1.959964 ? 1 : 0))) - 0.05)).toBeLessThan(0.005);
    expect(values.every((v) => Math.fround(v) === v)).toBe(true);
  });

  test("truncated normal numbers stay within 2", () => {
    const values = take(50_000, createRandom(7, "truncated").truncatedNormal);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(2);
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(1.99);
    // The variance of a standard normal cut at ±2 is 1 − 4 φ(2)/(1 − 2 Φ(−2)).
    expect(Math.abs(mean(values.map((v) => v * v)) - 0.7737)).toBeLessThan(0.02);
  });

  test("integers are even, and refuse what they can't do", () => {
    const random = createRandom(7, "integer");
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[random.integer(5)]!++;
    expect(counts.reduce((s, c) => s + (c - 4000) ** 2 / 4000, 0)).toBeLessThan(18.5);
    expect(random.integer(1)).toBe(0);
    // With n = 3·2³⁰ a quarter of the words is drawn again: without that, low numbers would come twice as often.
    const low = take(20_000, () => (random.integer(3 * 2 ** 30) < 2 ** 30 ? 1 : 0));
    expect(Math.abs(mean(low) - 1 / 3)).toBeLessThan(0.015);
    for (const n of [0, -1, 1.5, 2 ** 33, NaN]) expect(() => random.integer(n)).toThrow("integer(n)");
  });

  test("permutations hold every number once, and each order equally often", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), (n, seed) => {
        const order = createRandom(seed, "p").permutation(n);
        return [...order].sort((a, b) => a - b).every((v, i) => v === i) && order.length === n;
      }),
    );
    const random = createRandom(7, "permutation");
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const key = random.permutation(3).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    expect([...counts.values()].reduce((s, c) => s + (c - 2000) ** 2 / 2000, 0)).toBeLessThan(20.5);
  });
});
