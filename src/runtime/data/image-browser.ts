/** Decodes image files (PNG, JPEG, WebP) with what browsers have, in pages and in workers. */
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "../files/reason.ts";
import { MOST_BYTES, MOST_PIXELS, readImageHeader } from "./image-header.ts";
import { toChannels, type Channels } from "./pixels.ts";
import type { ByteImage } from "./resize.ts";

/**
 * The pixels of an image file, with `channels` 1 (grey) or 3 (RGB), as `decodeImage` of `bcosc/node` gives them: upright,
 * transparent parts over white, colour profiles not applied. Lossless files give the same bytes as there, but for parts
 * that are half transparent (a canvas holds colours times opacity, so they may differ by 1); decoders of JPEG and lossy
 * WebP differ by a few levels. Throws `data/image`, and `run/no-decoder` outside of browsers.
 */
export async function decodeImage(
  source: Blob | Uint8Array<ArrayBuffer>,
  channels: Channels,
  name = "image",
): Promise<ByteImage> {
  requireDecoder();
  const size = source instanceof Blob ? source.size : source.byteLength;
  if (size > MOST_BYTES) fail("data/image", { reason: `it has ${size} bytes` }, { place: name });
  const bytes = source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : source;
  const { format } = readImageHeader(bytes, name);
  const bitmap = await openBitmap(new Blob([bytes], { type: `image/${format}` }), name);
  return toChannels(bitmapPixels(bitmap, name), channels);
}

/** What browsers can draw, as it is stored: upright, without colour profile. Throws `data/image` and `run/no-decoder`. */
export async function openBitmap(source: ImageBitmapSource, name: string): Promise<ImageBitmap> {
  requireDecoder();
  return createImageBitmap(source, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
    imageOrientation: "from-image",
  }).catch((error: unknown) => fail("data/image", { reason: reasonOf(error) }, { place: name }));
}

/** RGBA of a bitmap, which is closed. Throws `data/image`. */
export function bitmapPixels(bitmap: ImageBitmap, name: string): ByteImage {
  try {
    const { height, width } = bitmap;
    if (height * width > MOST_PIXELS) {
      return fail("data/image", { reason: `it has ${height} × ${width} pixels` }, { place: name });
    }
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) return fail("data/image", { reason: `no canvas of ${height} × ${width}` }, { place: name });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { height, width, channels: 4, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  } finally {
    bitmap.close();
  }
}

function requireDecoder(): void {
  if (typeof createImageBitmap !== "function" || typeof OffscreenCanvas !== "function") fail("run/no-decoder", {});
}
