/** The grid pointing game: layouts, scores, and a whole game in which the right answer is known. */
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { createDataset } from "../../src/runtime/data/dataset.ts";
import { gridScores, layOutGrid } from "../../src/runtime/evaluate/grid-pointing.ts";
import { confidentImages, localise } from "../../src/runtime/evaluate/localisation.ts";
import { programFor } from "../../src/runtime/posthoc/attribute.ts";
import { openSession } from "../../src/runtime/session.ts";
import { networkOf } from "../check/helper.ts";

describe("the layout of a grid", () => {
  it("takes one image of each class, column by column", () => {
    expect(layOutGrid([5, 5, 2, 7, 1, 3], 2)).toEqual({
      rows: [
        [0, 3],
        [2, 4],
      ],
      targets: [5, 2, 7, 1],
      next: 6,
    });
    expect(layOutGrid([5, 5, 2, 7], 2)).toBeUndefined();
    expect(layOutGrid([1, 2, 3], 1, 2)).toEqual({ rows: [[2]], targets: [3], next: 4 });
  });
});

describe("scores", () => {
  const even = new Float64Array(36).fill(2);
  const own = (row: number, column: number) =>
    even.map((_, p) => (Math.floor(p / 18) === row && Math.floor((p % 6) / 3) === column ? 1 : -1));

  it("are the share of the own cell in what is positive", () => {
    expect([...gridScores([even, even, even, even], 6, 6, { side: 2 })]).toEqual([0.25, 0.25, 0.25, 0.25]);
    const right = [own(0, 0), own(1, 0), own(0, 1), own(1, 1)];
    expect([...gridScores(right, 6, 6, { side: 2 })]).toEqual([1, 1, 1, 1]);
    expect([...gridScores(right.toReversed(), 6, 6, { side: 2 })]).toEqual([0, 0, 0, 0]);
    expect([...gridScores([even.map((v) => -v), even, even, even], 6, 6, { side: 2 })][0]).toBe(0);
  });

  it("are smoothed before anything is dropped", () => {
    const map = new Float64Array(36);
    // The mean around the first pixel is negative: nothing is left there.
    map[0] = 1;
    map[1] = -2;
    map[35] = 1;
    const [plain] = gridScores([map, even, even, even], 6, 6, { side: 2 });
    const [smooth] = gridScores([map, even, even, even], 6, 6, { side: 2, smooth: 3 });
    expect([plain, smooth]).toEqual([0.5, 0]);
  });

  it("refuse maps that are no grid", () => {
    expect(() => gridScores([even], 6, 6, { side: 2 })).toThrow("`maps` takes 4 maps, not 1");
    expect(() => gridScores([even, even, even, even], 5, 6, { side: 2 })).toThrow("run/input");
    expect(() => gridScores([even, even, even, even], 6, 6, { side: 2, smooth: 2 })).toThrow("an odd whole number");
    expect(() => gridScores([even, even, even, even], 4, 6, { side: 2 })).toThrow("24 numbers a map");
  });
});

describe("images for grids", () => {
  // Four classes; image 3 is wrong, image 5 not sure.
  const labels = [0, 1, 2, 3, 3, 0, 0];
  const rows = [3, 3, 3, -3, 2, -1, 4].map((own, i) => labels.map((_, k) => (k === labels[i] ? own : -2)).slice(0, 4));
  const logits = Float64Array.from(rows.flat());

  it("are right and sure, the surest of a class first", () => {
    const order = confidentImages(labels, logits, { classes: 3 });
    expect(order.length % 3).toBe(0);
    for (const image of order) expect([3, 5]).not.toContain(image);
    expect(order.indexOf(6)).toBeLessThan(order.includes(0) ? order.indexOf(0) : Infinity);
    expect(new Set(order).size).toBe(order.length);
    expect(confidentImages(labels, logits, { classes: 3 })).toEqual(order);
    // As many classes as a grid needs are not more than it needs.
    expect(confidentImages(labels, logits, { classes: 4 })).toEqual([]);
    expect(confidentImages(labels, logits, { classes: 3, threshold: 0.99 })).toEqual([]);
  });
});

describe("a game", () => {
  /** Each class is the brightness of one channel; B = 1 without norms, so that contributions are known. */
  const net = networkOf({
    "main.bcos": `bcos { preset: v2, b: 1, norm: none, logit_bias: 0, encode: none }
      model Net(size: int = 8) {
        input  image: [size, size, 4]
        output logits: [4]
        logits = image -> fc: conv(4, kernel: 1) -> global_avg_pool
      }`,
  });
  const weights = new Map([
    ["fc.weight", { shape: [4, 4, 1, 1], data: Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0)) }],
  ]);
  const bright = (label: number): number[] => Array.from({ length: 64 }, (_, i) => (i % 4 === label ? 255 : 0));
  const labels = [0, 1, 2, 3, 1, 0, 3, 2, 1, 2];
  const data = createDataset({
    shape: [4, 4, 4],
    images: Uint8Array.from(labels.flatMap(bright)),
    labels: Uint32Array.from(labels),
    classes: ["a", "b", "c", "d"],
  });

  it.each(["bcos", "ixg", "intgrad", "occlusion"] as const)(
    "of %s is won by a network that is a mean",
    async (method) => {
      const { program } = buildProgram(net, { form: "bcos", batch: 2, ...programFor(method) });
      const session = await openSession(program, { device: "reference", weights });
      const images = [...labels.keys()];
      const attribute = { steps: 2, kernel: 2 };
      const result = await localise(session, data, { method, side: 2, images, attribute });
      // One image is left out between two grids, and the last one is too short.
      expect(result.grids).toBe(2);
      expect(result.scores).toHaveLength(8);
      for (const score of result.scores) expect(score).toBeCloseTo(1, 5);
      expect(result.mean).toBeCloseTo(1, 5);
      expect(result.quartiles.every((q) => Math.abs(q - 1) < 1e-5)).toBe(true);
    },
  );

  it("of a map that knows nothing has the share of a cell", async () => {
    const { program } = buildProgram(net, { form: "bcos", batch: 1, ...programFor("rise") });
    const session = await openSession(program, { device: "reference", weights });
    const attribute = { givenMasks: new Float32Array(64).fill(1) };
    const result = await localise(session, data, {
      method: "rise",
      side: 2,
      grids: 1,
      images: [0, 1, 2, 3],
      attribute,
    });
    expect([...result.scores].map((score) => score.toFixed(6))).toEqual(new Array(4).fill("0.250000"));
  });

  it("is refused without a network of the size of a grid, and without images", async () => {
    const { program } = buildProgram(net, { form: "bcos", batch: 1, ...programFor("ixg") });
    const session = await openSession(program, { device: "reference", weights });
    const options = { method: "ixg", side: 3, images: [0, 1, 2, 3] } as const;
    await expect(localise(session, data, options)).rejects.toThrow("a network of images [12, 12, 4]");
    await expect(localise(session, data, { ...options, side: 2, images: [0, 1] })).rejects.toThrow(
      "at least 4 classes",
    );
  });
});
