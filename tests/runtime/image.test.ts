import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage, readImageFile, readImageSized } from "../../src/runtime/data/image-file.node.ts";
import { centreCrop, resize, resizeAndCrop, resizeShorterSide, type ByteImage } from "../../src/runtime/data/resize.ts";

function image(
  height: number,
  width: number,
  channels: number,
  value: (y: number, x: number, c: number) => number,
): ByteImage {
  const data = new Uint8Array(height * width * channels);
  for (let i = 0; i < data.length; i++) {
    const c = i % channels;
    const x = Math.floor(i / channels) % width;
    data[i] = value(Math.floor(i / channels / width), x, c);
  }
  return { height, width, channels, data };
}

describe("resizing", () => {
  it("halves by the triangle filter with weights 1, 3, 3, 1", () => {
    const row = image(1, 8, 1, (_y, x) => [0, 0, 0, 255, 255, 0, 0, 0][x]!);
    // At the border the missing weight is shared by the others: (3, 3, 1) / 7.
    expect([...resize(row, 1, 4).data]).toEqual([0, 128, 128, 0]);
    const edge = image(1, 8, 1, (_y, x) => (x === 0 ? 255 : 0));
    expect(resize(edge, 1, 4).data[0]).toBe(Math.round((255 * 3) / 7));
  });

  it("enlarges linearly and keeps what is flat", () => {
    const pair = image(2, 1, 1, (y) => y * 200);
    expect([...resize(pair, 4, 1).data]).toEqual([0, 50, 150, 200]);
    const flat = image(13, 7, 3, (_y, _x, c) => 10 + 100 * c);
    for (const [h, w] of [
      [5, 5],
      [20, 3],
      [1, 1],
    ] as const) {
      expect(resize(flat, h, w)).toEqual(image(h, w, 3, (_y, _x, c) => 10 + 100 * c));
    }
  });

  it("does both axes alike", () => {
    const one = image(9, 14, 2, (y, x, c) => (y * 31 + x * 17 + c * 50) % 256);
    const turned = image(14, 9, 2, (y, x, c) => (x * 31 + y * 17 + c * 50) % 256);
    // Rounding happens between the passes, so the order may cost one step.
    const a = resize(one, 4, 6);
    const b = resize(turned, 6, 4);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++) {
        for (let c = 0; c < 2; c++) {
          expect(Math.abs(a.data[(y * 6 + x) * 2 + c]! - b.data[(x * 4 + y) * 2 + c]!)).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it("brings the shorter side to a size and cuts out the middle", () => {
    const wide = image(300, 451, 1, (_y, x) => x % 256);
    expect(resizeShorterSide(wide, 256)).toMatchObject({ height: 256, width: 384 });
    expect(
      resizeShorterSide(
        image(451, 300, 1, () => 0),
        320,
      ),
    ).toMatchObject({ height: 481, width: 320 });
    expect(resizeAndCrop(wide, 232, 224, 224)).toMatchObject({ height: 224, width: 224 });
    const cut = centreCrop(
      image(5, 5, 1, (y, x) => 10 * y + x),
      2,
      3,
    );
    expect([...cut.data]).toEqual([21, 22, 23, 31, 32, 33]);
    expect(() => centreCrop(wide, 301, 10)).toThrow("smaller than 301 × 10");
    expect(() => resize(wide, 0, 3)).toThrow("image size");
  });
});

describe("image files", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bcosc-image-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("reads PNG losslessly, as RGB or grey, transparent parts over white", async () => {
    const pixels = image(3, 5, 3, (y, x, c) => y * 40 + x * 9 + c * 70);
    const png = await sharp(pixels.data, { raw: { width: 5, height: 3, channels: 3 } })
      .png()
      .toBuffer();
    expect(await decodeImage(png, 3)).toEqual(pixels);
    const grey = await sharp(Uint8Array.of(0, 100, 200, 255), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(grey, 1)).data]).toEqual([0, 100, 200, 255]);
    expect([...(await decodeImage(grey, 3)).data.slice(3, 6)]).toEqual([100, 100, 100]);
    const clear = await sharp(Uint8Array.of(9, 9, 9, 0), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(clear, 3)).data]).toEqual([255, 255, 255]);
  });

  it("reads JPEG and WebP and turns them upright", async () => {
    const raw = { raw: { width: 8, height: 4, channels: 3 } } as const;
    const flat = new Uint8Array(96).fill(120);
    const jpeg = await sharp(flat, raw).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect(await decodeImage(jpeg, 3)).toMatchObject({ height: 8, width: 4 });
    const path = join(folder, "x.webp");
    await writeFile(path, await sharp(flat, raw).webp({ lossless: true }).toBuffer());
    const sized = await readImageSized(path, { height: 3, width: 3, channels: 1 });
    expect(sized).toEqual({ height: 3, width: 3, channels: 1, data: new Uint8Array(9).fill(120) });
  });

  it("refuses what is no such image", async () => {
    await expect(readImageFile(join(folder, "none.png"), 3)).rejects.toThrow("data/unreadable");
    await expect(decodeImage(Uint8Array.of(1, 2, 3), 3, "f.png")).rejects.toThrow(/data\/image: .*\(f.png\)/);
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>');
    await expect(decodeImage(svg, 3)).rejects.toThrow("the format is svg");
    const raw = { raw: { width: 64, height: 64, channels: 3 } } as const;
    const png = await sharp(
      new Uint8Array(64 * 64 * 3).map((_, i) => (i * 7919) % 251),
      raw,
    )
      .png()
      .toBuffer();
    await expect(decodeImage(png.subarray(0, png.length / 2), 3)).rejects.toThrow("data/image");
  });
});
