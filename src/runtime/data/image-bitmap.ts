/** Pixels of what browsers can draw. Apart from `image-browser.ts`, whose types need no browser's. */
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "../files/reason.ts";
import { MOST_PIXELS } from "./image-header.ts";
import type { ByteImage } from "./resize.ts";

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

/** Throws `run/no-decoder` outside of browsers. */
export function requireDecoder(): void {
  if (typeof createImageBitmap !== "function" || typeof OffscreenCanvas !== "function") fail("run/no-decoder", {});
}
