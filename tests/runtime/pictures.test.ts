import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { colourExplanation, smoothingFor } from "../../src/runtime/explain/colour.ts";
import { contributionBound, contributionMap } from "../../src/runtime/explain/contribution-map.ts";
import { percentile } from "../../src/runtime/explain/percentile.ts";
import {
  createRaster,
  drawText,
  enlarge,
  fillRectangle,
  paste,
  rasterFromUnit,
  textWidth,
  type Raster,
} from "../../src/runtime/pictures/canvas.ts";
import { contactSheet, type ContactSheetItem } from "../../src/runtime/pictures/contact-sheet.ts";
import { glyphColumns } from "../../src/runtime/pictures/font.ts";
import { encodePng, savePng } from "../../src/runtime/pictures/png.node.ts";

/** sin(1.3·i + s) over the channels-first index, given channels last. */
function wave(channels: number, height: number, width: number, s: number): Float64Array {
  const result = new Float64Array(channels * height * width);
  for (let i = 0; i < result.length; i++) {
    const c = Math.floor(i / (height * width));
    result[(i % (height * width)) * channels + c] = Math.sin(1.3 * i + s);
  }
  return result;
}

function contributionsOf(x: Float64Array, w: Float64Array, channels: number): Float64Array {
  const result = new Float64Array(x.length / channels);
  x.forEach((value, i) => (result[Math.floor(i / channels)]! += value * w[i]!));
  return result;
}

describe("percentiles", () => {
  it("interpolate between ranks", () => {
    expect(percentile([4, 1, 3, 2], 50)).toBe(2.5);
    expect(percentile([0, 10], 99.5)).toBe(9.95);
    expect(percentile([7], 99.5)).toBe(7);
    expect(percentile([1, 2], 100)).toBe(2);
    expect(percentile([], 50)).toBeNaN();
  });
});

describe("colour explanations", () => {
  const weights = wave(6, 8, 8, 0.9);
  const image = wave(6, 8, 8, 0.1).map(Math.abs);
  const contributions = contributionsOf(image, weights, 6);
  const at = (rgba: Float32Array, y: number, x: number) => [...rgba.subarray((y * 8 + x) * 4, (y * 8 + x) * 4 + 4)];

  it("has the values of the published formula", () => {
    const { rgba } = colourExplanation({ height: 8, width: 8, channels: 3, weights, contributions }, { smooth: 3 });
    [1.0, 0.50931138, 0.0, 0.59951984].forEach((v, c) => expect(at(rgba, 0, 0)[c]).toBeCloseTo(v, 6));
    [0.0, 1.0, 0.37920921, 0.80215903].forEach((v, c) => expect(at(rgba, 3, 4)[c]).toBeCloseTo(v, 6));
    expect(rgba.reduce((a, b) => a + b, 0)).toBeCloseTo(128.55766012578133, 4);
    expect(rgba.reduce((a, b, i) => (i % 4 === 3 ? a + b : a), 0)).toBeCloseTo(51.33470705210536, 4);
  });

  it("is grey for one channel and its complement", () => {
    const grey = Float64Array.of(0.5, 0.5, 1, -1, -3, 2, 0, 0);
    const { rgba, full } = colourExplanation(
      { height: 1, width: 4, channels: 1, weights: grey, contributions: [1, 1, 1, -1] },
      { smooth: 1 },
    );
    expect([...rgba].filter((_, i) => i % 4 === 0)).toEqual([0.5, 1, 0, 0]);
    for (let p = 0; p < 4; p++) expect(new Set(rgba.subarray(p * 4, p * 4 + 3)).size).toBe(1);
    const opacity = [...rgba].filter((_, i) => i % 4 === 3);
    expect(opacity[2]).toBe(1);
    expect(opacity[1]! / opacity[0]!).toBeCloseTo(2, 6);
    expect(opacity[3]).toBeLessThan(1e-11);
    expect(opacity[0]! * full).toBeCloseTo(Math.SQRT1_2, 6);
  });

  it("is transparent without weights, and refuses bad settings", () => {
    const nothing = { height: 2, width: 2, channels: 3, weights: new Float32Array(24), contributions: [0, 0, 0, 0] };
    const { rgba, full } = colourExplanation(nothing);
    expect([...rgba, full].every((v) => v === 0)).toBe(true);
    expect(() => colourExplanation(nothing, { smooth: 4 })).toThrow(BcosError);
    expect(() => colourExplanation({ ...nothing, channels: 2 })).toThrow("image channels");
  });

  it("smooths in proportion to the image", () => {
    expect([14, 28, 32, 64, 112, 224, 500].map(smoothingFor)).toEqual([3, 3, 3, 5, 7, 15, 15]);
  });
});

describe("contribution maps", () => {
  it("go from blue over white to red and are clipped", () => {
    const map = contributionMap([1, 0.5, 0, -0.5, -1, -9], { bound: 1 });
    expect([...map]).toEqual(
      [
        [255, 0, 0, 255],
        [255, 128, 128, 255],
        [255, 255, 255, 255],
        [128, 128, 255, 255],
        [0, 0, 255, 255],
        [0, 0, 255, 255],
      ].flat(),
    );
    expect(contributionBound([-4, 2], 100)).toBe(4);
    expect([...contributionMap([0, 0])]).toEqual(new Array(8).fill(255));
  });
});

const hash = (raster: Raster) => createHash("sha256").update(raster.data).digest("hex").slice(0, 16);
const pixel = (raster: Raster, y: number, x: number) => [
  ...raster.data.subarray((y * raster.width + x) * 4, (y * raster.width + x) * 4 + 4),
];

function textArt(text: string): string[] {
  const raster = createRaster(7, textWidth(text));
  drawText(raster, text, 0, 0);
  return Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: raster.width }, (_, x) => (pixel(raster, y, x)[0] === 0 ? "#" : ".")).join(""),
  );
}

describe("canvas", () => {
  it("fills, blends, enlarges and cuts at the border", () => {
    const canvas = createRaster(3, 4, [100, 100, 100]);
    fillRectangle(canvas, 2, 3, 9, 9, [1, 2, 3]);
    expect(pixel(canvas, 2, 3)).toEqual([1, 2, 3, 255]);
    const half = { height: 1, width: 2, data: Uint8Array.of(200, 0, 0, 128, 9, 9, 9, 0) };
    paste(canvas, half, 0, 0);
    expect(pixel(canvas, 0, 0)).toEqual([150, 50, 50, 255]);
    expect(pixel(canvas, 0, 1)).toEqual([100, 100, 100, 255]);
    paste(canvas, half, -1, -1);
    paste(canvas, half, 2, 4);
    expect(pixel(canvas, 2, 3)).toEqual([1, 2, 3, 255]);
    const large = enlarge(half, 2);
    expect([large.height, large.width]).toEqual([2, 4]);
    expect(pixel(large, 1, 1)).toEqual([200, 0, 0, 128]);
  });

  it("makes rasters of numbers", () => {
    expect([...rasterFromUnit([0, 0.5, 2], 1, 3).data]).toEqual([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
    expect([...rasterFromUnit([1, 0, 0, 0.2], 1, 1).data]).toEqual([255, 0, 0, 51]);
    expect(() => rasterFromUnit([1, 2], 1, 1)).toThrow("no 1 × 1 picture");
  });

  it("writes text", () => {
    expect(textArt("B7")).toEqual([
      "####..#####",
      "#...#.....#",
      "#...#....#.",
      "####....#..",
      "#...#..#...",
      "#...#..#...",
      "####...#...",
    ]);
    expect(textArt("üÉ")).toEqual(textArt("uE"));
    expect(textArt("u\u0308")).toEqual(textArt("u"));
    expect(textArt("猫")).toEqual(textArt("?"));
    expect(textWidth("")).toBe(0);
  });

  it("has a glyph of its own for every printable character", () => {
    const glyphs = Array.from({ length: 95 }, (_, i) => glyphColumns(String.fromCharCode(32 + i)));
    expect(new Set(glyphs.map(String)).size).toBe(95);
    for (const columns of glyphs) expect(columns.length === 5 && columns.every((bits) => bits < 128)).toBe(true);
  });
});

function item(change: Partial<ContactSheetItem> = {}): ContactSheetItem {
  return {
    height: 2,
    width: 2,
    image: [0, 1, 0.5, 0],
    colour: Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 1 : i < 8 ? 0 : 1)),
    contributions: [1, -1, 0, 0],
    label: "7",
    prediction: "7",
    logit: 0,
    residual: 1.25e-7,
    ...change,
  };
}

/** Which pixels of a line are dark. */
function textAt(raster: Raster, top: number, left: number, width: number, size: number): string {
  return Array.from({ length: 7 * size }, (_, y) =>
    Array.from({ length: width }, (_, x) => (pixel(raster, top + y, left + x)[0]! < 200 ? "#" : ".")).join(""),
  ).join("\n");
}

/** The same of a text alone. */
function drawn(text: string, width: number, size: number): string {
  const raster = createRaster(7 * size, width);
  drawText(raster, text, 0, 0, undefined, size);
  return textAt(raster, 0, 0, width, size);
}

describe("contact sheets", () => {
  it("puts image, colours and contributions side by side", () => {
    const sheet = contactSheet([item(), item({ prediction: "1" }), item()], { columns: 2, title: "digits" });
    const cellWidth = 3 * 112 + 8;
    expect(sheet.width).toBe(12 + 2 * (cellWidth + 12));
    const top = 12 + 18 + 12 + 18;
    expect(pixel(sheet, top + 3, 12 + 3)).toEqual([0, 0, 0, 255]);
    expect(pixel(sheet, top + 3, 12 + 111)).toEqual([255, 255, 255, 255]);
    expect(pixel(sheet, top + 3, 12 + 116 + 3)).toEqual([0, 0, 0, 255]);
    expect(pixel(sheet, top + 111, 12 + 116 + 3)).toEqual([255, 255, 255, 255]);
    expect(pixel(sheet, top + 3, 12 + 232 + 3)).toEqual([255, 0, 0, 255]);
    expect(pixel(sheet, top + 3, 12 + 232 + 111)).toEqual([0, 0, 255, 255]);
    const red = (x0: number) => {
      for (let y = 42; y < 56; y++) {
        for (let x = x0; x < x0 + 100; x++) if (pixel(sheet, y, x)[0] === 190) return true;
      }
      return false;
    };
    expect([red(12), red(12 + cellWidth + 12)]).toEqual([false, true]);
  });

  it("writes amounts and names, and cuts off names that are too long", () => {
    const captioned = (change: Partial<ContactSheetItem>, text: string) => {
      const { logit: _, ...rest } = item(change);
      expect(textAt(contactSheet([{ ...rest, ...change }]), 12, 12, 344, 2)).toBe(drawn(text, 344, 2));
    };
    captioned({ prediction: "3 - 8", label: "3 - 8", amount: -1.23456 }, "3 - 8: -1.23");
    captioned({ prediction: "layer1 3", label: "layer1 3" }, "layer1 3");
    const long = "a name that is far too long for this picture";
    captioned({ prediction: long, label: long, logit: 0 }, "a name that is far t.. 50.0%");
    captioned({ prediction: long, label: "x", logit: 0 }, "a name that is.. 50.0%, is x");
    captioned({ prediction: long, label: `not ${long}`, logit: 0 }, "a name .. 50.0%, is not a ..");
    const noted = (name: string, text: string) =>
      expect(textAt(contactSheet([item({ name })]), 12 + 18 + 112 + 4, 12, 344, 1)).toBe(drawn(text, 344, 1));
    noted("cat.png", "cat.png  residual 1.2e-7");
    const large = contactSheet([
      item({
        height: 200,
        width: 200,
        image: new Float32Array(40_000),
        name: "cat.png",
        contributions: new Float32Array(40_000),
        colour: new Float32Array(160_000),
      }),
    ]);
    const note = textAt(large, 12 + 18 + 200 + 4, 12, 608, 2);
    expect(note).toBe(drawn("cat.png  residual 1.2e-7", 608, 2));
    noted("x".repeat(99), `${"x".repeat(38)}..  residual 1.2e-7`);
  });

  it("is the same picture every time", () => {
    expect(hash(contactSheet([item(), item({ logit: 3 })]))).toBe("07f1836e64248b26");
  });

  it("shortens long texts, does without colours, and has no items or one size only", () => {
    const sheet = contactSheet([item({ prediction: "x".repeat(200), logit: 1 })]);
    expect(pixel(sheet, 14, sheet.width - 3)).toEqual([255, 255, 255, 255]);
    const { colour: _colour, logit: _logit, ...plain } = item();
    expect(pixel(contactSheet([plain, item()]), 12 + 18 + 3, 12 + 116 + 3)).toEqual([255, 255, 255, 255]);
    // Where no image has one, there is no place for it: the map stands beside the input.
    const [narrow, wide] = [contactSheet([plain]), contactSheet([item()])];
    expect(wide.width - narrow.width).toBe(112 + 4);
    expect(pixel(narrow, 12 + 18 + 3, 12 + 116 + 3)).toEqual(pixel(wide, 12 + 18 + 3, 12 + 2 * 116 + 3));
    const tinted = contactSheet([{ ...item(), colour: new Array<number>(16).fill(0) }], { background: [1, 2, 3] });
    expect(pixel(tinted, 12 + 18 + 3, 12 + 116 + 3)).toEqual([1, 2, 3, 255]);
    expect(contactSheet([]).width).toBe(1);
    expect(() => contactSheet([item(), item({ width: 1, height: 4 })])).toThrow("one size");
  });
});

describe("PNG files", () => {
  it("hold the raster's pixels", async () => {
    const raster = { height: 1, width: 2, data: Uint8Array.of(1, 2, 3, 255, 200, 100, 50, 128) };
    const { data, info } = await sharp(await encodePng(raster))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 2, height: 1, channels: 4 });
    expect([...data]).toEqual([...raster.data]);
    const folder = await mkdtemp(join(tmpdir(), "bcosc-png-"));
    await savePng(join(folder, "a.png"), raster);
    expect([...(await readFile(join(folder, "a.png"))).subarray(1, 4)]).toEqual([80, 78, 71]);
    await rm(folder, { recursive: true });
  });
});
