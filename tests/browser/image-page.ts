/** What the browser runs: decodes image files and brings them to the input of a model. No imports of Node's. */
import { decodeImage } from "../../src/runtime/data/image-browser.ts";
import { fitImage } from "../../src/runtime/data/image-input.ts";
import { toUnit, type Channels } from "../../src/runtime/data/pixels.ts";
import type { ByteImage } from "../../src/runtime/data/resize.ts";

export interface ImageData {
  readonly files: readonly { readonly base64: string; readonly channels: Channels }[];
  readonly side: number;
}

export type DecodedFile =
  | {
      readonly height: number;
      readonly width: number;
      /** As decoded. */
      readonly pixels: readonly number[];
      /** What the model is fed with, from these pixels: the bits of float32 numbers. */
      readonly bits: readonly number[];
    }
  | { readonly error: string };

export async function run({ files, side }: ImageData): Promise<readonly DecodedFile[]> {
  return Promise.all(
    files.map(async ({ base64, channels }) => {
      try {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const image = await decodeImage(bytes, channels);
        return { height: image.height, width: image.width, pixels: [...image.data], bits: inputBits(image, side) };
      } catch (error) {
        return { error: String(error) };
      }
    }),
  );
}

/** The input of a model of `side` × `side`. */
export function inputBits(image: ByteImage, side: number): number[] {
  const input = toUnit(fitImage(image, { height: side, width: side }).data);
  return [...new Uint32Array(input.buffer)];
}
