/** A small raster of RGBA pixels with what contact sheets need: filling, pasting, scaling, text. */
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphColumns } from "./font.ts";

export interface Raster {
  readonly height: number;
  readonly width: number;
  /** [H, W, 4] bytes: red, green, blue, opacity; not premultiplied. */
  readonly data: Uint8Array;
}

/** Red, green, blue from 0 to 255. */
export type Colour = readonly [number, number, number];

export const WHITE: Colour = [255, 255, 255];
export const BLACK: Colour = [0, 0, 0];

/** An opaque raster of one colour. */
export function createRaster(height: number, width: number, colour: Colour = WHITE): Raster {
  const raster = { height, width, data: new Uint8Array(height * width * 4) };
  fillRectangle(raster, 0, 0, height, width, colour);
  return raster;
}

/** Colours a rectangle; what lies outside the raster is left out. */
export function fillRectangle(
  raster: Raster,
  top: number,
  left: number,
  height: number,
  width: number,
  colour: Colour,
): void {
  const bottom = Math.min(raster.height, top + height);
  const right = Math.min(raster.width, left + width);
  for (let y = Math.max(0, top); y < bottom; y++) {
    for (let x = Math.max(0, left); x < right; x++) {
      const at = (y * raster.width + x) * 4;
      raster.data.set(colour, at);
      raster.data[at + 3] = 255;
    }
  }
}

/** Blends `source` onto `target` by its opacity; what lies outside is left out. The target has to be opaque. */
export function paste(target: Raster, source: Raster, top: number, left: number): void {
  for (let y = 0; y < source.height; y++) {
    for (let x = 0; x < source.width; x++) {
      const ty = top + y;
      const tx = left + x;
      if (ty < 0 || ty >= target.height || tx < 0 || tx >= target.width) continue;
      const from = (y * source.width + x) * 4;
      const to = (ty * target.width + tx) * 4;
      const opacity = source.data[from + 3]! / 255;
      for (let c = 0; c < 3; c++) {
        target.data[to + c] = Math.round(source.data[from + c]! * opacity + target.data[to + c]! * (1 - opacity));
      }
    }
  }
}

/** Each pixel as a square of `factor` × `factor`. */
export function enlarge(source: Raster, factor: number): Raster {
  const height = source.height * factor;
  const width = source.width * factor;
  const data = new Uint8Array(height * width * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / factor) * source.width + Math.floor(x / factor)) * 4;
      data.set(source.data.subarray(from, from + 4), (y * width + x) * 4);
    }
  }
  return { height, width, data };
}

/** Writes a line of text with its upper left corner at (top, left); `size` is the side of a font pixel. */
export function drawText(raster: Raster, text: string, top: number, left: number, colour = BLACK, size = 1): void {
  let x = left;
  for (const character of charactersOf(text)) {
    glyphColumns(character).forEach((bits, column) => {
      for (let row = 0; row < GLYPH_HEIGHT; row++) {
        if ((bits >> row) & 1) fillRectangle(raster, top + row * size, x + column * size, size, size, colour);
      }
    });
    x += (GLYPH_WIDTH + 1) * size;
  }
}

/** Pixels that a line of text is wide. */
export function textWidth(text: string, size = 1): number {
  return Math.max(0, charactersOf(text).length * (GLYPH_WIDTH + 1) - 1) * size;
}

/** An accent that stands behind its letter belongs to it. */
function charactersOf(text: string): readonly string[] {
  return [...text.normalize("NFC")];
}

/** A raster from numbers between 0 and 1 with 1 (grey), 3 (RGB) or 4 (RGBA) channels, row-major. */
export function rasterFromUnit(values: ArrayLike<number>, height: number, width: number): Raster {
  const pixels = height * width;
  const channels = values.length / pixels;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new Error(`${values.length} numbers are no ${height} × ${width} picture of 1, 3 or 4 channels`);
  }
  const byte = (value: number): number => Math.round(255 * Math.min(1, Math.max(0, value)));
  const data = new Uint8Array(pixels * 4);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) data[p * 4 + c] = byte(values[p * channels + (channels === 1 ? 0 : c)]!);
    data[p * 4 + 3] = channels === 4 ? byte(values[p * 4 + 3]!) : 255;
  }
  return { height, width, data };
}
