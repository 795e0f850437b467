/** The photograph of photo.json, cropped as the networks of the oracles see it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { Skip } from "./outcome.ts";

interface Photo {
  readonly png_base64: string;
  readonly crop224: { readonly top: number; readonly left: number; readonly height: number; readonly width: number };
}

/** [H, W, 3] from 0 to 1, rounded to float32. Throws `Skip` where the folder has no photo. */
export async function photoInput(folder: string): Promise<Float64Array> {
  const file = join(folder, "photo.json");
  if (!existsSync(file)) throw new Skip("the folder has no photo.json");
  const photo = JSON.parse(readFileSync(file, "utf8")) as Photo;
  const { top, left, height, width } = photo.crop224;
  const bytes = await sharp(Buffer.from(photo.png_base64, "base64"))
    .extract({ top, left, height, width })
    .removeAlpha()
    .raw()
    .toBuffer();
  return Float64Array.from(bytes, (byte) => Math.fround(byte / 255));
}
