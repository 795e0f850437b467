/**
 * From what decoders give to the channels that a model takes: whole numbers only, so that the same pixels are the same
 * bytes in Node and in browsers.
 */
import { fail } from "../../diagnostics/catalogue.ts";
import type { ByteImage } from "./resize.ts";

export type Channels = 1 | 3;

/** Whether there are pictures of an input of this shape: [H, W, 1] is a grey image, [H, W, 3] one in colour. */
export function isImageShape(shape: readonly number[]): shape is readonly [number, number, Channels] {
  return shape.length === 3 && (shape[2] === 1 || shape[2] === 3);
}

/** The same shape; throws `data/image`, at the place, where image files have no such pictures. */
export function requireImageShape(shape: readonly number[], place: string): readonly [number, number, Channels] {
  if (isImageShape(shape)) return shape;
  const reason = `the model takes [${shape.join(", ")}]; image files give [height, width, 1] or [height, width, 3]`;
  return fail("data/image", { reason }, { place });
}

/**
 * RGB or, not premultiplied, RGBA → `channels`. What is transparent is over white. Grey is the luma of ITU-R BT.601 with
 * the weights that the Python Imaging Library has, in 65536ths.
 */
export function toChannels(image: ByteImage, channels: Channels): ByteImage {
  const { height, width, channels: given, data } = image;
  if (given !== 3 && given !== 4) throw new Error(`${given} channels are neither RGB nor RGBA`);
  if (given === channels) return image;
  const pixels = height * width;
  const result = new Uint8Array(pixels * channels);
  for (let p = 0; p < pixels; p++) {
    const from = p * given;
    const opacity = given === 4 ? data[from + 3]! : 255;
    const [red, green, blue] = [
      overWhite(data[from]!, opacity),
      overWhite(data[from + 1]!, opacity),
      overWhite(data[from + 2]!, opacity),
    ];
    if (channels === 1) result[p] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
    else {
      result[p * 3] = red;
      result[p * 3 + 1] = green;
      result[p * 3 + 2] = blue;
    }
  }
  return { height, width, channels, data: result };
}

function overWhite(value: number, opacity: number): number {
  return Math.round((value * opacity + 255 * (255 - opacity)) / 255);
}

/** Ink [n, 4] of a printed image, 255 is full, → RGB [n, 3], as the Python Imaging Library does without a profile. */
export function rgbFromInk(ink: Uint8Array): Uint8Array {
  const pixels = ink.length / 4;
  const result = new Uint8Array(pixels * 3);
  for (let p = 0; p < pixels; p++) {
    const paper = 255 - ink[p * 4 + 3]!;
    for (let c = 0; c < 3; c++) result[p * 3 + c] = paper - Math.round((ink[p * 4 + c]! * paper) / 255);
  }
  return result;
}

/** Bytes as the numbers from 0 to 1 that models are fed with: byte / 255, rounded to float32. */
export function toUnit(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => byte / 255);
}
