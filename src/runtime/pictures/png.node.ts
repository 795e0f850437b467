/** Writes rasters as PNG files. */
import { writeFileAtomic } from "../files/atomic-write.node.ts";
import { loadSharp } from "../files/sharp.node.ts";
import type { Raster } from "./canvas.ts";

/** The bytes of a PNG file with all of the raster's pixels, opacity included. Throws `run/no-sharp`. */
export async function encodePng(raster: Raster): Promise<Uint8Array> {
  const { width, height } = raster;
  const sharp = await loadSharp();
  return sharp(raster.data, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** Writes a PNG file atomically. Throws `data/unwritable` and `run/no-sharp`. */
export async function savePng(path: string, raster: Raster): Promise<void> {
  await writeFileAtomic(path, await encodePng(raster));
}
