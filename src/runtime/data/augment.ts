/** Small random changes to training images: a shift with zeros behind it, and a horizontal flip. */

export interface Augmentation {
  /** Largest shift in pixels, up, down, left and right. 0 is none. */
  readonly shift?: number;
  /** Turn every second image, on average, left to right. */
  readonly flip?: boolean;
}

/** What was drawn for one image: where in the source the upper left corner lies, and whether columns are turned. */
export interface Placement {
  readonly dy: number;
  readonly dx: number;
  readonly flip: boolean;
}

/**
 * The placement that three uniform numbers in [0, 1) stand for. Every image takes three, whatever the settings, so that
 * changing one setting does not change the others' draws. The same as padding with zeros and cropping at random.
 */
export function placementOf(augmentation: Augmentation, draws: readonly [number, number, number]): Placement {
  const shift = augmentation.shift ?? 0;
  const offset = (draw: number): number => Math.floor(draw * (2 * shift + 1)) - shift;
  return { dy: offset(draws[0]), dx: offset(draws[1]), flip: augmentation.flip === true && draws[2] < 0.5 };
}

/** Writes the image [H, W, C] of bytes at `from` into `target` as numbers from 0 to 1; zeros where nothing is. */
export function placeImage(
  source: Uint8Array,
  from: number,
  shape: readonly [number, number, number],
  placement: Placement,
  target: Float32Array,
  to: number,
): void {
  const [height, width, channels] = shape;
  for (let y = 0; y < height; y++) {
    const sy = y + placement.dy;
    for (let x = 0; x < width; x++) {
      // Flip first, then crop: x counts in the turned image.
      const turned = x + placement.dx;
      const sx = placement.flip ? width - 1 - turned : turned;
      const inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
      const at = from + (sy * width + sx) * channels;
      const out = to + (y * width + x) * channels;
      for (let c = 0; c < channels; c++) target[out + c] = inside ? source[at + c]! / 255 : 0;
    }
  }
}
