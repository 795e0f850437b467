/**
 * Resizing of 8-bit images with an antialiased bilinear (triangle) filter: horizontally, then vertically, rounding to
 * bytes after each pass as the Python Imaging Library does, so that published evaluation recipes come out the same.
 */
import { fail } from "../../diagnostics/catalogue.ts";

/** Bytes [height, width, channels], row-major. */
export interface ByteImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Resizes to exactly `height` × `width`. */
export function resize(image: ByteImage, height: number, width: number): ByteImage {
  for (const size of [height, width]) {
    if (!Number.isSafeInteger(size) || size < 1) {
      fail("run/input", { name: "image size", expected: "whole numbers from 1 on", found: String(size) });
    }
  }
  const { channels } = image;
  const wide = width === image.width ? image.data : filterAxis(image.data, image.height, image.width, channels, width);
  // Rows of a vertical pass are whole image rows, so one pass serves both axes.
  const data = height === image.height ? wide : filterAxis(wide, 1, image.height, width * channels, height);
  return { height, width, channels, data };
}

/** Resizes so that the shorter side has `size` pixels, the longer one rounded down. */
export function resizeShorterSide(image: ByteImage, size: number): ByteImage {
  const { height, width } = image;
  return height <= width
    ? resize(image, size, Math.max(size, Math.floor((size * width) / height)))
    : resize(image, Math.max(size, Math.floor((size * height) / width)), size);
}

/** Cuts `height` × `width` pixels out of the middle; a side that is too short is an error, about the image `name`. */
export function centreCrop(image: ByteImage, height: number, width: number, name?: string): ByteImage {
  if (height > image.height || width > image.width) {
    const reason = `it is ${image.height} × ${image.width}, smaller than ${height} × ${width}`;
    fail("data/image", { reason }, name === undefined ? {} : { place: name });
  }
  const top = roundHalfToEven((image.height - height) / 2);
  const left = roundHalfToEven((image.width - width) / 2);
  const row = width * image.channels;
  const data = new Uint8Array(height * row);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * image.channels;
    data.set(image.data.subarray(from, from + row), y * row);
  }
  return { height, width, channels: image.channels, data };
}

/** The usual evaluation transform: shorter side to `shorterSide`, then the middle `height` × `width`. */
export function resizeAndCrop(
  image: ByteImage,
  shorterSide: number,
  height: number,
  width: number,
  name?: string,
): ByteImage {
  return centreCrop(resizeShorterSide(image, shorterSide), height, width, name);
}

/** Filters the middle axis of [outer, from, inner] to [outer, to, inner]. */
function filterAxis(source: Uint8Array, outer: number, from: number, inner: number, to: number): Uint8Array {
  const target = new Uint8Array(outer * to * inner);
  const scale = from / to;
  // The triangle is one source pixel wide on each side, and wider by the factor when the image gets smaller.
  const support = Math.max(scale, 1);
  for (let t = 0; t < to; t++) {
    const centre = (t + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = new Float64Array(end - first);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = Math.max(0, 1 - Math.abs((first + i - centre + 0.5) / support));
      sum += weights[i]!;
    }
    // Whole numbers of 22 bits, as that library computes them: the bytes are the same on every machine.
    const fixed = weights.map((weight) => Math.floor((weight / sum) * FIXED_ONE + 0.5));
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < inner; k++) {
        let value = FIXED_ONE / 2;
        for (let i = 0; i < fixed.length; i++) value += fixed[i]! * source[(o * from + first + i) * inner + k]!;
        target[(o * to + t) * inner + k] = Math.min(255, Math.floor(value / FIXED_ONE));
      }
    }
  }
  return target;
}

const FIXED_ONE = 2 ** 22;

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
