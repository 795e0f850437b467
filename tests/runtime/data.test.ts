import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { orderedBatches, trainingBatches, trainingSteps, type Batch } from "../../src/runtime/data/batches.ts";
import { placeImage, placementOf } from "../../src/runtime/data/augment.ts";
import { createDataset, datasetFromIdx, range, subset, type Dataset } from "../../src/runtime/data/dataset.ts";
import { parseIdx, readIdx } from "../../src/runtime/data/idx.ts";
import { loadMnist } from "../../src/runtime/data/mnist.node.ts";

function idx(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes[2] = type;
  bytes[3] = shape.length;
  shape.forEach((length, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, length));
  bytes.set(Array.from(data), 4 + 4 * shape.length);
  return bytes;
}

describe("idx files", () => {
  it("reads plain and gzipped bytes", async () => {
    const bytes = idx([2, 3], [1, 2, 3, 4, 5, 6]);
    const expected = { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect(await readIdx(bytes)).toEqual(expected);
    expect(await readIdx(gzipSync(bytes))).toEqual(expected);
    expect(parseIdx(idx([0], []))).toEqual({ shape: [0], data: new Uint8Array() });
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "data/idx: not a valid idx file: it has 0 bytes"],
    ["another magic", Uint8Array.of(1, 0, 8, 1), "two zero bytes"],
    ["floats", idx([1], [0, 0, 0, 0], 13), "the element type is 13"],
    ["no dimensions", idx([], [1]), "no dimensions"],
    ["a cut header", idx([2, 3], []).slice(0, 9), "the header of 2 dimensions is cut off"],
    ["missing data", idx([2, 3], [1, 2, 3]), "want 6 bytes, 3 are left"],
    ["trailing bytes", idx([2], [1, 2, 3]), "want 2 bytes, 3 are there"],
    ["huge dimensions", idx([0xffffffff, 0xffffffff, 0xffffffff], [1]), "1 are left"],
    ["a cut gzip", gzipSync(idx([2], [1, 2])).slice(0, 15), "data/gzip: "],
    ["a damaged gzip", gzipSync(idx([2], [1, 2])).map((b, i) => (i === 12 ? b ^ 0xff : b)), "data/"],
    ["a gzip with trailing bytes", new Uint8Array([...gzipSync(idx([2], [1, 2])), 9]), "data/gzip: "],
  ])("refuses %s", async (_name, bytes, message) => {
    const error = await readIdx(bytes, "f").then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(BcosError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain("(f)");
  });

  it("gives an array or a BcosError for any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom([], [0, 0, 8], [31, 139, 8]),
        async (tail, head) => {
          try {
            await readIdx(Uint8Array.of(...head, ...tail));
          } catch (error) {
            expect(error).toBeInstanceOf(BcosError);
          }
        },
      ),
    );
  });
});

/** Ten images of 2 × 3 × 1 whose pixels are 10·index + position. */
const toy = createDataset({
  shape: [2, 3, 1],
  images: Uint8Array.from({ length: 60 }, (_, i) => Math.floor(i / 6) * 10 + (i % 6)),
  labels: Uint32Array.from({ length: 10 }, (_, i) => i % 3),
  classes: ["a", "b", "c"],
});

describe("datasets", () => {
  it.each<[string, Partial<Dataset>, string]>([
    ["too few pixels", { images: new Uint8Array(59) }, "want 60 bytes of images"],
    ["a label that is no class", { labels: Uint32Array.from({ length: 10 }, () => 3) }, "label 3 of image 0"],
    ["no pixels", { shape: [0, 3, 1] }, "is empty or no image"],
    ["too few targets", { targets: new Float32Array(3) }, "want 30 targets, not 3"],
  ])("refuses %s", (_name, change, message) => {
    expect(() => createDataset({ ...toy, ...change })).toThrow(message);
  });

  it("comes from an idx pair", () => {
    const images = parseIdx(idx([2, 2, 1], [1, 2, 3, 4]));
    const data = datasetFromIdx(images, parseIdx(idx([2], [1, 0])), ["x", "y"]);
    expect(data).toMatchObject({ count: 2, shape: [2, 1, 1], labels: Uint32Array.of(1, 0) });
    const classes = ["x", "y"];
    expect(() => datasetFromIdx(images, parseIdx(idx([1], [0])), classes)).toThrow("2 images but 1 labels");
    expect(() => datasetFromIdx(images, parseIdx(idx([2], [1, 2])), classes)).toThrow("label 2 of image 1");
    expect(() => datasetFromIdx(parseIdx(idx([2], [0, 0])), parseIdx(idx([2], [0, 0])), classes)).toThrow("not 3");
    expect(() => datasetFromIdx(images, images, classes)).toThrow("not 1");
  });

  it("cuts out parts", () => {
    const part = subset(toy, [7, 2]);
    expect([...part.images]).toEqual([70, 71, 72, 73, 74, 75, 20, 21, 22, 23, 24, 25]);
    expect([...part.labels]).toEqual([1, 2]);
    expect(range(toy, 8, 5).count).toBe(2);
    expect(() => subset(toy, [10])).toThrow("no image 10");
  });
});

function collect(batches: Iterable<Batch>): { indexes: number[]; images: number[][]; targets: number[][] } {
  const all = { indexes: [] as number[], images: [] as number[][], targets: [] as number[][] };
  for (const batch of batches) {
    all.indexes.push(...batch.indexes);
    all.images.push([...batch.images]);
    all.targets.push([...batch.targets]);
  }
  return all;
}

describe("batches", () => {
  it("go in order with a small one at the end", () => {
    const all = collect(orderedBatches(toy, 4));
    expect(all.indexes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(all.images.map((b) => b.length)).toEqual([24, 24, 12]);
    expect(all.images[2]![0]).toBe(Math.fround(80 / 255));
    expect(all.targets[0]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
  });

  it("use one pair of buffers", () => {
    const buffers = new Set<ArrayBufferLike>();
    for (const batch of orderedBatches(toy, 4)) buffers.add(batch.images.buffer).add(batch.targets.buffer);
    expect(buffers.size).toBe(2);
  });

  it("are shuffled by seed and epoch, whole ones only, and the same every time", () => {
    const options = { size: 3, seed: 5, epoch: 0 };
    const first = collect(trainingBatches(toy, options));
    expect(trainingSteps(toy, 3)).toBe(3);
    expect(first.indexes.length).toBe(9);
    expect(new Set(first.indexes).size).toBe(9);
    expect(collect(trainingBatches(toy, options))).toEqual(first);
    expect(collect(trainingBatches(toy, { ...options, epoch: 1 })).indexes).not.toEqual(first.indexes);
    expect(collect(trainingBatches(toy, { ...options, seed: 6 })).indexes).not.toEqual(first.indexes);
  });

  it("go on in the middle of an epoch as if nothing had happened", () => {
    const options = { size: 2, seed: 1, epoch: 3, augment: { shift: 1, flip: true } };
    const whole = collect(trainingBatches(toy, options));
    const rest = collect(trainingBatches(toy, { ...options, skip: 2 }));
    expect(rest.images).toEqual(whole.images.slice(2));
    expect(rest.indexes).toEqual(whole.indexes.slice(4));
  });

  it("take soft targets where the dataset has them", () => {
    const soft = createDataset({ ...toy, targets: Float32Array.from({ length: 30 }, (_, i) => i) });
    const all = collect(trainingBatches(soft, { size: 10, seed: 0, epoch: 0 }));
    expect(all.targets[0]!.slice(0, 3)).toEqual([0, 1, 2].map((c) => 3 * all.indexes[0]! + c));
  });

  it("refuse a bad size and a bad shift", () => {
    expect(() => [...orderedBatches(toy, 0)]).toThrow("batch size");
    expect(() => [...trainingBatches(toy, { size: 1, seed: 0, epoch: 0, augment: { shift: 0.5 } })]).toThrow("shift");
  });
});

describe("augmentation", () => {
  const place = (placement: { dy: number; dx: number; flip: boolean }) => {
    const target = new Float32Array(6).fill(9);
    placeImage(Uint8Array.of(0, 51, 102, 153, 204, 255), 0, [2, 3, 1], placement, target, 0);
    return [...target].map((v) => Math.round(v * 5));
  };
  it("shifts with zeros behind, and flips before it shifts", () => {
    expect(place({ dy: 0, dx: 0, flip: false })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(place({ dy: 1, dx: 0, flip: false })).toEqual([3, 4, 5, 0, 0, 0]);
    expect(place({ dy: 0, dx: -1, flip: false })).toEqual([0, 0, 1, 0, 3, 4]);
    expect(place({ dy: 0, dx: 0, flip: true })).toEqual([2, 1, 0, 5, 4, 3]);
    expect(place({ dy: 0, dx: 1, flip: true })).toEqual([1, 0, 0, 4, 3, 0]);
  });

  it("draws every shift from the whole range", () => {
    expect(placementOf({ shift: 2 }, [0, 0.999, 0])).toEqual({ dy: -2, dx: 2, flip: false });
    expect(placementOf({ shift: 2, flip: true }, [0.5, 0.2, 0.4])).toEqual({ dy: 0, dx: -1, flip: true });
    expect(placementOf({}, [0.9, 0.1, 0.1])).toMatchObject({ flip: false });
  });

  it("changes about half of the images by a flip", () => {
    const data = createDataset({
      shape: [1, 2, 1],
      images: Uint8Array.from({ length: 400 }, (_, i) => (i % 2) * 255),
      labels: new Uint32Array(200),
      classes: ["a"],
    });
    const [images] = collect(trainingBatches(data, { size: 200, seed: 2, epoch: 0, augment: { flip: true } })).images;
    const flipped = images!.filter((v, i) => i % 2 === 0 && v === 1).length;
    expect(flipped).toBeGreaterThan(70);
    expect(flipped).toBeLessThan(130);
  });
});

describe("MNIST", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bcosc-mnist-"));
    await writeFile(
      join(folder, "train-images-idx3-ubyte.gz"),
      gzipSync(idx([2, 28, 28], new Uint8Array(1568).fill(7))),
    );
    await writeFile(join(folder, "train-labels-idx1-ubyte"), idx([2], [3, 9]));
    await writeFile(join(folder, "t10k-images.idx3-ubyte"), idx([1, 28, 28], new Uint8Array(784)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is read from a folder, plain or gzipped, and names the file that is missing", async () => {
    await expect(loadMnist(folder)).rejects.toThrow(/data\/not-found: can not find t10k-labels-idx1-ubyte/);
    await writeFile(join(folder, "t10k-labels.idx1-ubyte.gz"), gzipSync(idx([1], [4])));
    const { train, test } = await loadMnist(folder);
    expect(train).toMatchObject({ count: 2, shape: [28, 28, 1], labels: Uint32Array.of(3, 9) });
    expect(train.images[0]).toBe(7);
    expect([...test.labels]).toEqual([4]);
    expect((await loadMnist(folder, 12)).train.classes).toHaveLength(12);
    await expect(loadMnist(folder, 5)).rejects.toThrow("label 9 of image 1 is not one of the 5 classes");
  });

  it("is found in the package", async () => {
    const { train, test } = await loadMnist();
    expect([train.count, test.count]).toEqual([60000, 10000]);
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(test.classes.length).toBe(10);
  });
});
