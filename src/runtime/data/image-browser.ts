/** Decodes image files (PNG, JPEG, WebP) with what browsers have, in pages and in workers. */
import { fail } from "../../diagnostics/catalogue.ts";
import { bitmapPixels, openBitmap, requireDecoder } from "./image-bitmap.ts";
import { MOST_BYTES, readImageHeader } from "./image-header.ts";
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
