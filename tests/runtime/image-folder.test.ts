import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { loadImageFolder } from "../../src/runtime/data/image-folder.node.ts";

const root = mkdtempSync(join(tmpdir(), "bcosc-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A PNG of one colour. */
function flat(height: number, width: number, colour: readonly [number, number, number]): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: height * width * 3 }, (_, i) => colour[i % 3]!);
  return sharp(pixels, { raw: { height, width, channels: 3 } })
    .png()
    .toBuffer();
}

async function folder(name: string, files: Readonly<Record<string, string | readonly [number, number, number]>>) {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : await flat(6, 4, content));
  }
  return join(root, name);
}

describe("a folder of images with a folder a class", () => {
  it("gives images and labels by class and name, and skips what is no image", async () => {
    const where = await folder("pets", {
      "train/dog/b.png": [1, 2, 3],
      "train/dog/a.PNG": [4, 5, 6],
      "train/dog/notes.txt": "no image",
      "train/cat/z.png": [7, 8, 9],
      "train/.cache/x.png": "hidden",
      "val/cat/1.png": [10, 11, 12],
      "val/dog/.hidden.png": "hidden",
    });
    symlinkSync(join(where, "train/dog"), join(where, "train/ant"));
    const train = await loadImageFolder(where, "train", [2, 2, 3]);
    expect(train.classes).toEqual(["ant", "cat", "dog"]);
    expect([...train.labels]).toEqual([0, 0, 1, 2, 2]);
    expect(train.shape).toEqual([2, 2, 3]);
    const first = (i: number): number[] => [...train.images.subarray(i * 12, i * 12 + 3)];
    expect([0, 1, 2, 3, 4].map(first)).toEqual([
      [4, 5, 6],
      [1, 2, 3],
      [7, 8, 9],
      [4, 5, 6],
      [1, 2, 3],
    ]);
    // A class without test images is still a class.
    const test = await loadImageFolder(where, "test", [2, 2, 3]);
    expect([test.count, test.classes]).toEqual([1, ["cat", "dog"]]);
    const itself = await loadImageFolder(join(where, "train"), "test", [6, 4, 1]);
    expect([itself.count, itself.shape]).toEqual([5, [6, 4, 1]]);
  });

  it("resizes the shorter side as it is told", async () => {
    // Of 8 × 6 pixels the one at the left and all others.
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => (i % 6 === 0 ? 255 : 0));
    const where = join(root, "sizes");
    mkdirSync(join(where, "test/a"), { recursive: true });
    await sharp(pixels, { raw: { height: 8, width: 6, channels: 1 } }).toFile(join(where, "test/a/1.png"));
    const rowOf = async (shorterSide?: number) =>
      (await loadImageFolder(where, "test", [3, 3, 1], shorterSide === undefined ? {} : { shorterSide })).images;
    const [all, middle] = [await rowOf(), await rowOf(6)];
    expect(all[0]).toBeGreaterThan(50);
    expect([...middle]).toEqual(new Array(9).fill(0));
    await expect(rowOf(2)).rejects.toMatchObject({ diagnostics: [{ place: join(where, "test/a/1.png") }] });
  });

  it("says what is missing or can't be used, and where", async () => {
    const refused = async (where: string, part: "train" | "test", code: string, text: string, shape = [2, 2, 3]) => {
      const error = await loadImageFolder(where, part, shape).catch((e: unknown) => e);
      expect(error).toMatchObject({ diagnostics: [{ code, message: expect.stringContaining(text) as string }] });
    };
    const where = await folder("odd", { "train/a/1.png": [1, 1, 1], "train/b/x.txt": "", "test/a/1.png": "no image" });
    await refused(where, "train", "data/dataset", "the class `b` has no images");
    await refused(where, "test", "data/image", "can not use the image");
    await refused(join(where, "train"), "train", "data/not-found", "can not find the folder `train`");
    await refused(join(where, "train/a"), "test", "data/not-found", "can not find folders of classes");
    await refused(join(where, "nowhere"), "test", "data/unreadable", "nowhere");
    await refused(where, "train", "data/image", "the model takes [4]", [4]);
    const onlyTrain = await folder("half", { "train/a/1.png": [1, 1, 1] });
    await refused(onlyTrain, "test", "data/not-found", "can not find the folder `test`");
    await refused(await folder("void", { "a/x.txt": "" }), "test", "data/dataset", "there are no images");
  });
});
