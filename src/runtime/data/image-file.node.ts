/** Reads image files (PNG, JPEG, WebP) as 8-bit grey or RGB pixels, with the package `sharp`. */
import type { SharpOptions } from "sharp";
import { fail } from "../../diagnostics/catalogue.ts";
import { readBytes } from "../files/read.node.ts";
import { reasonOf } from "../files/reason.ts";
import { loadSharp } from "../files/sharp.node.ts";
import { MOST_BYTES, MOST_PIXELS, readImageHeader } from "./image-header.ts";
import { rgbFromInk, toChannels, type Channels } from "./pixels.ts";
import type { ByteImage } from "./resize.ts";

/**
 * The pixels of an image file, with `channels` 1 (grey) or 3 (RGB): upright as its EXIF data says, of animations the first
 * picture, transparent parts over white, of 16 bits the upper 8. Colour profiles are not applied, as with the Python
 * Imaging Library. Throws `data/unreadable`, `data/image` and `run/no-sharp`.
 */
export async function readImageFile(path: string, channels: Channels): Promise<ByteImage> {
  return decodeImage(await readBytes(path, MOST_BYTES), channels, path);
}

/** `failOn`: what is cut off is broken too. */
const options: SharpOptions = { failOn: "error", ignoreIcc: true, limitInputPixels: MOST_PIXELS };

/** The same for the bytes of a file. `name` is for messages. */
export async function decodeImage(bytes: Uint8Array, channels: Channels, name = "image"): Promise<ByteImage> {
  readImageHeader(bytes, name);
  const sharp = await loadSharp();
  try {
    const { space } = await sharp(bytes, options).metadata();
    const { data, info } = await sharp(bytes, options)
      .autoOrient()
      .toColourspace(space === "cmyk" ? "cmyk" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { height, width } = info;
    // Not a Buffer, whose `slice` has another meaning.
    const all = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (space === "cmyk") return toChannels({ height, width, channels: 3, data: rgbFromInk(all) }, channels);
    return toChannels({ height, width, channels: info.channels, data: all }, channels);
  } catch (error) {
    return fail("data/image", { reason: reasonOf(error) }, { place: name });
  }
}
