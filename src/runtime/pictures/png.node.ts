/** Writes rasters as PNG files. */
import sharp from "sharp";
import { writeFileAtomic } from "../files/atomic-write.node.ts";
import type { Raster } from "./canvas.ts";

/** The bytes of a PNG file with all of the raster's pixels, opacity included. */
export async function encodePng(raster: Raster): Promise<Uint8Array> {
  const { width, height } = raster;
  return sharp(raster.data, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** Writes a PNG file atomically. Throws `data/unwritable`. */
export async function savePng(path: string, raster: Raster): Promise<void> {
  await writeFileAtomic(path, await encodePng(raster));
}
