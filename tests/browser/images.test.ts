/** Image files in a real browser: the same pixels are the same input of a model as in Node, bit for bit. */
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeImage } from "../../src/runtime/data/image-file.node.ts";
import type { Channels } from "../../src/runtime/data/pixels.ts";
import { chromium, requires, runPage } from "./chromium.ts";
import { inputBits, type DecodedFile } from "./image-page.ts";

if (chromium === undefined && requires("browser")) throw new Error("BCOSC_REQUIRE has browser, but there is none");

const SIDE = 96;

/** A picture with smooth parts, edges and noise. */
function picture(height: number, width: number, channels: 1 | 3 | 4): Sharp {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return Math.floor(128 + 90 * Math.sin(x / 9 + c) * Math.cos(y / 13) + ((x ^ y) % 32)) & 255;
  });
  return sharp(data, { raw: { width, height, channels } });
}

const files: readonly {
  readonly name: string;
  readonly bytes: () => Promise<Uint8Array>;
  readonly channels: Channels;
  /** How far a level may be from Node's, and how far their mean: decoders of lossy files differ. */
  readonly most: number;
  readonly mean: number;
}[] = [
  { name: "PNG", bytes: () => picture(190, 260, 3).png().toBuffer(), channels: 3, most: 0, mean: 0 },
  { name: "PNG as grey", bytes: () => picture(190, 260, 3).png().toBuffer(), channels: 1, most: 0, mean: 0 },
  { name: "grey PNG", bytes: () => picture(100, 80, 1).png().toBuffer(), channels: 3, most: 0, mean: 0 },
  { name: "half transparent PNG", bytes: () => picture(99, 120, 4).png().toBuffer(), channels: 3, most: 1, mean: 0.2 },
  {
    name: "PNG with a profile",
    bytes: () => picture(60, 60, 3).png().withIccProfile("p3").toBuffer(),
    channels: 3,
    most: 0,
    mean: 0,
  },
  {
    name: "lossless WebP",
    bytes: () => picture(130, 97, 3).webp({ lossless: true }).toBuffer(),
    channels: 3,
    most: 0,
    mean: 0,
  },
  {
    name: "PNG of 16 bits",
    bytes: () => picture(64, 70, 3).toColourspace("rgb16").png().toBuffer(),
    channels: 3,
    most: 1,
    mean: 0.5,
  },
  {
    name: "JPEG on its side",
    bytes: () => picture(120, 200, 3).jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer(),
    channels: 3,
    most: 12,
    mean: 1,
  },
  { name: "WebP", bytes: () => picture(120, 200, 3).webp({ quality: 90 }).toBuffer(), channels: 3, most: 12, mean: 1 },
  {
    name: "JPEG in printed colours",
    bytes: () => picture(64, 64, 3).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer(),
    channels: 3,
    // Chromium has a profile of its own for inks.
    most: 64,
    mean: 16,
  },
];

describe.skipIf(chromium === undefined)("image files in Chromium", () => {
  let inNode: Uint8Array[];
  let inPage: readonly DecodedFile[];
  const broken = [Uint8Array.of(1, 2, 3), new Uint8Array(0)];

  beforeAll(async () => {
    inNode = await Promise.all(files.map(async ({ bytes }) => new Uint8Array(await bytes())));
    const cut = inNode.slice(0, 1).map((bytes) => bytes.slice(0, 400));
    const sent = [...inNode, ...broken, ...cut].map((bytes, i) => ({
      base64: Buffer.from(bytes).toString("base64"),
      channels: files[i]?.channels ?? 3,
    }));
    const data = { files: sent, side: SIDE };
    inPage = (await runPage({ script: "tests/browser/image-page.ts", data })) as readonly DecodedFile[];
  }, 60_000);

  it.each(files)("$name: the input is Node's, bit for bit", async ({ name, channels, most, mean }) => {
    const at = files.findIndex((file) => file.name === name);
    const [own, page] = [await decodeImage(inNode[at]!, channels), inPage[at]!];
    if ("error" in page) throw new Error(page.error);
    expect([page.height, page.width]).toEqual([own.height, own.width]);
    const distances = own.data.map((value, i) => Math.abs(value - page.pixels[i]!));
    expect(Math.max(...distances)).toBeLessThanOrEqual(most);
    expect(distances.reduce((sum, d) => sum + d, 0) / distances.length).toBeLessThanOrEqual(mean);
    // The same code on the same pixels.
    expect(page.bits).toEqual(inputBits({ ...own, data: Uint8Array.from(page.pixels) }, SIDE));
    if (most === 0) expect(page.bits).toEqual(inputBits(own, SIDE));
  });

  it("refuses what is no image, and what is cut off", () => {
    const errors = inPage.slice(files.length).map((page) => ("error" in page ? page.error : "none"));
    expect(errors).toEqual([
      expect.stringContaining("data/image: can not use the image: its first bytes are those of another format"),
      expect.stringContaining("data/image: can not use the image: the file is empty"),
      expect.stringContaining("data/image: can not use the image: "),
    ]);
  });
});
