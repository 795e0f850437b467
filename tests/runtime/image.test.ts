import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage, readImageFile } from "../../src/runtime/data/image-file.node.ts";
import { MOST_BYTES, readImageHeader } from "../../src/runtime/data/image-header.ts";
import { fitImage, usualShorterSide } from "../../src/runtime/data/image-input.ts";
import { toUnit } from "../../src/runtime/data/pixels.ts";
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

function pictureOf(height: number, width: number): ByteImage {
  return image(height, width, 3, (y, x, c) => (y * 7 + x * (5 + c) + c * 60 + ((y * x) >> 3)) % 256);
}

async function encoded(
  { height, width, data }: ByteImage,
  format: "png" | "jpeg" | "webp",
  options: object = {},
): Promise<Uint8Array> {
  return new Uint8Array(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .toFormat(format, options)
      .toBuffer(),
  );
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
    const sized = fitImage(await readImageFile(path, 1), { height: 3, width: 3 });
    expect(sized).toEqual({ height: 3, width: 3, channels: 1, data: new Uint8Array(9).fill(120) });
  });

  it("refuses what is no such image", async () => {
    await expect(readImageFile(join(folder, "none.png"), 3)).rejects.toThrow("data/unreadable");
    await expect(decodeImage(Uint8Array.of(1, 2, 3), 3, "f.png")).rejects.toThrow(/data\/image: .*\(f.png\)/);
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>');
    await expect(decodeImage(svg, 3)).rejects.toThrow("its first bytes are those of another format");
    await expect(decodeImage(new Uint8Array(0), 3)).rejects.toThrow("the file is empty");
    await expect(readImageFile(folder, 3)).rejects.toThrow("it is a folder");
    const endless = join(folder, "endless.png");
    await writeFile(endless, "");
    await truncate(endless, MOST_BYTES + 1);
    await expect(readImageFile(endless, 3)).rejects.toThrow("endless.png: it has more than 256 MiB");
    const raw = { raw: { width: 64, height: 64, channels: 3 } } as const;
    const png = await sharp(
      new Uint8Array(64 * 64 * 3).map((_, i) => (i * 7919) % 251),
      raw,
    )
      .png()
      .toBuffer();
    const jpeg = await sharp(pictureOf(64, 64).data, raw).jpeg().toBuffer();
    const webp = await sharp(pictureOf(64, 64).data, raw).webp().toBuffer();
    for (const whole of [png, jpeg, webp]) {
      for (const length of [whole.length - 40, whole.length / 2, 100, 24, 12, 3]) {
        await expect(decodeImage(whole.subarray(0, length), 3), `${length} bytes`).rejects.toThrow("data/image");
      }
    }
  });

  it("refuses too many pixels by the header alone", async () => {
    const bomb = (await encoded(pictureOf(4, 4), "png")).slice();
    const view = new DataView(bomb.buffer);
    view.setUint32(16, 60_000);
    view.setUint32(20, 50_000);
    await expect(decodeImage(bomb, 3, "bomb.png")).rejects.toThrow(
      "it has 50000 × 60000 pixels, more than 67 million (bomb.png)",
    );
    view.setUint32(16, 0);
    await expect(decodeImage(bomb, 3)).rejects.toThrow("it has no pixels");
  });

  it("reads 16 bits, palettes, grey with opacity and printed colours", async () => {
    const deep = { raw: { width: 2, height: 2, channels: 3 } } as const;
    const sixteen = Uint16Array.from([0, 255, 256, 257, 32767, 32768, 65279, 65280, 65535, 1000, 20000, 40000]);
    const png16 = await sharp(sixteen, deep).toColourspace("rgb16").png().toBuffer();
    expect([...(await decodeImage(png16, 3)).data]).toEqual([...sixteen].map((value) => value >> 8));
    const grey16 = await sharp(sixteen.slice(0, 4), { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect([...(await decodeImage(grey16, 1)).data]).toEqual([0, 0, 1, 1]);
    const two = image(4, 4, 3, (y, x) => ((x + y) % 2 === 0 ? 0 : 255));
    const palette = await sharp(two.data, { raw: { width: 4, height: 4, channels: 3 } })
      .png({ palette: true, colours: 2 })
      .toBuffer();
    expect(await decodeImage(palette, 3)).toEqual(two);
    const veiled = await sharp(Uint8Array.of(0, 255, 0, 128, 100, 51, 9, 0), {
      raw: { width: 4, height: 1, channels: 2 },
    })
      .png()
      .toBuffer();
    expect([...(await decodeImage(veiled, 1)).data]).toEqual([0, 127, 224, 255]);
    const ink = await sharp(image(8, 8, 3, (_y, _x, c) => [200, 60, 30][c]!).data, {
      raw: { width: 8, height: 8, channels: 3 },
    })
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toBuffer();
    // Ink 0, 227, 255, 29: paper 226, of which that ink takes its share.
    expect([...(await decodeImage(ink, 3)).data.slice(0, 3)]).toEqual([226, 25, 0]);
  });

  it("does not apply colour profiles", async () => {
    const pixels = image(2, 2, 3, (_y, _x, c) => [200, 60, 30][c]!);
    const png = await sharp(pixels.data, { raw: { width: 2, height: 2, channels: 3 } })
      .png()
      .withIccProfile("p3", { attach: true })
      .toBuffer();
    const { data } = await sharp(png, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
    expect(await sharp(png).metadata()).toMatchObject({ hasProfile: true });
    expect([...(await decodeImage(png, 3)).data]).toEqual([...data]);
  });

  it("knows the size from the first bytes, whatever the kind of file", async () => {
    const picture = pictureOf(37, 53);
    const kinds = { png: {}, jpeg: { progressive: true }, webp: { lossless: true } } as const;
    for (const format of ["png", "jpeg", "webp"] as const) {
      const bytes = await encoded(picture, format, kinds[format]);
      expect(readImageHeader(bytes, "x")).toEqual({ format, height: 37, width: 53 });
    }
    const lossy = await encoded(picture, "webp");
    expect(readImageHeader(lossy, "x")).toEqual({ format: "webp", height: 37, width: 53 });
    const withOpacity = await sharp(await encoded(picture, "png"))
      .ensureAlpha(0.5)
      .webp()
      .toBuffer();
    expect(readImageHeader(withOpacity, "x")).toEqual({ format: "webp", height: 37, width: 53 });
  });
});

describe("the input of a model", () => {
  it("is resized to 256 for 224 and to 320 for 299, other sizes cover the model's", () => {
    const any = { height: 300, width: 500 };
    expect(usualShorterSide(any, 224, 224)).toBe(256);
    expect(usualShorterSide(any, 299, 299)).toBe(320);
    expect(usualShorterSide(any, 28, 28)).toBe(28);
    expect(usualShorterSide(any, 100, 200)).toBe(120);
    const picture = pictureOf(60, 90);
    const same = (a: ByteImage, b: ByteImage): boolean => Buffer.compare(a.data, b.data) === 0;
    expect(same(fitImage(picture, { height: 224, width: 224 }), resizeAndCrop(picture, 256, 224, 224))).toBe(true);
    const long = fitImage(picture, { height: 224, width: 224, shorterSide: 232 });
    expect(same(long, resizeAndCrop(picture, 232, 224, 224))).toBe(true);
    expect(() => fitImage(picture, { height: 224, width: 224, shorterSide: 200 })).toThrow("smaller than 224 × 224");
  });

  it("has numbers from 0 to 1, rounded to float32", () => {
    expect([...toUnit(Uint8Array.of(0, 1, 128, 255))]).toEqual([0, 1 / 255, 128 / 255, 1].map(Math.fround));
  });
});
