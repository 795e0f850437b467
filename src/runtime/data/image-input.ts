/** From an image of any size to the input of a model: the evaluation transform of the published models. */
import { resizeAndCrop, type ByteImage } from "./resize.ts";

export interface ImageSize {
  readonly height: number;
  readonly width: number;
  /** Shorter side before the middle is cut out. Default: `usualShorterSide`. */
  readonly shorterSide?: number;
}

/**
 * Resizes the shorter side and cuts out the middle `height` × `width`. The bytes are the same in Node and in browsers;
 * torchvision's transform of an image of the Python Imaging Library gives the same bytes too. Throws `data/image`, with
 * `name` as the place, where the given shorter side leaves an image that is smaller than what is cut out.
 */
export function fitImage(image: ByteImage, size: ImageSize, name?: string): ByteImage {
  const { height, width } = size;
  return resizeAndCrop(image, size.shorterSide ?? usualShorterSide(image, height, width), height, width, name);
}

/** Sides of models and of what published evaluations resize to first: ResNets and their like, Inception v3. */
const USUAL: ReadonlyMap<number, number> = new Map([
  [224, 256],
  [299, 320],
]);

/** 256 for 224 × 224 and 320 for 299 × 299. Other sizes are cut out of the smallest image that covers them. */
export function usualShorterSide(image: Pick<ByteImage, "height" | "width">, height: number, width: number): number {
  const usual = height === width ? USUAL.get(height) : undefined;
  if (usual !== undefined) return usual;
  const scale = Math.max(height / image.height, width / image.width);
  return Math.ceil(Math.min(image.height, image.width) * scale);
}
