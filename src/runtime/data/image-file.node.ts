/** Reads image files (PNG, JPEG, WebP) as 8-bit grey or RGB pixels. */
import sharp from "sharp";
import { fail } from "../../diagnostics/catalogue.ts";
import { readBytes } from "../files/read.node.ts";
import { reasonOf } from "../files/reason.ts";
import { resizeAndCrop, type ByteImage } from "./resize.ts";

const FORMATS: readonly string[] = ["png", "jpeg", "webp"];

/**
 * The pixels of an image file: upright as its EXIF data says, sRGB, transparent parts over white, `channels` 1 (grey)
 * or 3. Throws `data/unreadable` and `data/image`.
 */
export async function readImageFile(path: string, channels: 1 | 3): Promise<ByteImage> {
  return decodeImage(await readBytes(path), channels, path);
}

/** The same for the bytes of a file. `name` is for messages. */
export async function decodeImage(bytes: Uint8Array, channels: 1 | 3, name = "image"): Promise<ByteImage> {
  try {
    const image = sharp(bytes, { failOn: "error" });
    const { format } = await image.metadata();
    if (!FORMATS.includes(format)) fail("data/image", { reason: `the format is ${format}` }, { place: name });
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: "white" })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) {
      fail("data/image", { reason: `it has ${info.channels} channels, not ${channels}` }, { place: name });
    }
    return { height: info.height, width: info.width, channels, data: new Uint8Array(data) };
  } catch (error) {
    if (error instanceof Error && error.name === "BcosError") throw error;
    return fail("data/image", { reason: reasonOf(error) }, { place: name });
  }
}

export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Shorter side before the middle is cut out. Default: just large enough. 256 for the usual 224 × 224. */
  readonly shorterSide?: number;
}

/** Reads a file and brings it to a model's input size: shorter side resized, then the middle cut out. */
export async function readImageSized(path: string, size: ImageSize): Promise<ByteImage> {
  const image = await readImageFile(path, size.channels);
  const scale = Math.max(size.height / image.height, size.width / image.width);
  const enough = Math.ceil(Math.min(image.height, image.width) * scale);
  return resizeAndCrop(image, size.shorterSide ?? enough, size.height, size.width);
}
