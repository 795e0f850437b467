/** Everything that is an image to a compiled model, as the numbers that it takes. */
import { fail } from "../../diagnostics/catalogue.ts";
import { sizeOf } from "../../shape.ts";
import { bitmapPixels, openBitmap } from "../data/image-bitmap.ts";
import { decodeImage } from "../data/image-browser.ts";
import { fitImage } from "../data/image-input.ts";
import { requireImageShape, toChannels, toUnit } from "../data/pixels.ts";
import type { ByteImage } from "../data/resize.ts";
import { fetchBytes } from "./fetch-bytes.ts";

/** The type of a global class where the program's environment has it, so that no environment is asked for. */
type Global<Name extends string> = typeof globalThis extends { [N in Name]: { prototype: infer T } } ? T : never;

/** `ImageData` has this form: bytes red, green, blue and opacity, row by row. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** What `putImageData` takes, where the program's environment has canvases. */
export type CanvasPicture = [Global<"ImageData">] extends [never] ? PixelImage : Global<"ImageData">;

/** What browsers can draw on a canvas. */
export type DrawableImage =
  | Global<"ImageBitmap">
  | Global<"HTMLImageElement">
  | Global<"HTMLCanvasElement">
  | Global<"OffscreenCanvas">
  | Global<"HTMLVideoElement">
  | Global<"VideoFrame">;

/** The very numbers that the model takes, from 0 to 1, row-major. */
export interface RawImage<Shape extends readonly number[]> {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/**
 * - pixels: `ImageData`, or `{ width, height, data }` with bytes RGBA;
 * - in browsers, what can be drawn on a canvas;
 * - a PNG, JPEG or WebP file: a `Blob`, its bytes, or its address as a `URL` or text. Decoded in browsers; in Node
 *   `readImageFile` of `bcosc/node` reads files;
 * - `{ shape, data }`, or a `Float32Array` of the model's shape: numbers from 0 to 1, taken as they are.
 *
 * All but the last are cut to the model's size: the shorter side is resized, and the middle taken.
 */
export type ImageSource<Shape extends readonly number[]> =
  PixelImage | DrawableImage | Blob | Uint8Array<ArrayBuffer> | URL | string | RawImage<Shape> | Float32Array;

/**
 * The numbers of an image in the model's shape. `name` is for messages. Throws `data/image`, `data/unreadable`,
 * `run/no-decoder` and `run/input`.
 */
export async function imageNumbers(
  source: ImageSource<readonly number[]>,
  shape: readonly number[],
  { shorterSide, name }: { readonly shorterSide?: number | undefined; readonly name: string },
): Promise<Float32Array> {
  if (source instanceof Float32Array) return checked(source, shape, name);
  if (isRaw(source)) {
    if (source.shape.length !== shape.length || source.shape.some((d, i) => d !== shape[i])) {
      const found = `[${source.shape.join(", ")}]`;
      fail("run/input", { name, expected: `an image of the shape [${shape.join(", ")}]`, found });
    }
    return checked(Float32Array.from(source.data), shape, name);
  }
  const [height, width, channels] = requireImageShape(shape, name);
  const image = toChannels(await pixelsOf(source, channels, name), channels);
  const size = { height, width, ...(shorterSide === undefined ? {} : { shorterSide }) };
  return toUnit(fitImage(image, size, name).data);
}

function checked(numbers: Float32Array, shape: readonly number[], name: string): Float32Array {
  if (numbers.length === sizeOf(shape)) return numbers;
  const expected = `${sizeOf(shape)} numbers, an image of the shape [${shape.join(", ")}]`;
  return fail("run/input", { name, expected, found: String(numbers.length) });
}

function isRaw(source: object | string): source is RawImage<readonly number[]> {
  return typeof source === "object" && "shape" in source && "data" in source;
}

type FramedImage = Exclude<ImageSource<readonly number[]>, RawImage<readonly number[]> | Float32Array>;

async function pixelsOf(source: FramedImage, channels: 1 | 3, name: string): Promise<ByteImage> {
  if (typeof source === "string" || source instanceof URL) {
    return decodeImage(await fetchBytes(source), channels, String(source).slice(0, 100));
  }
  if (source instanceof Uint8Array || source instanceof Blob) return decodeImage(source, channels, name);
  if ("data" in source && "width" in source) {
    const { width, height, data } = source;
    if (data.length !== 4 * width * height) {
      const reason = `${width} × ${height} pixels want ${4 * width * height} bytes, not ${data.length}`;
      return fail("data/image", { reason }, { place: name });
    }
    return { height, width, channels: 4, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  }
  return bitmapPixels(await openBitmap(source as ImageBitmapSource, name), name);
}
