/** Images made of waves, for measurements that need some image where none is given. */
import { sizeOf, type Shape } from "../../shape.ts";
import { fillUniform } from "../random.ts";

/** Of so many waves is a channel the mean. */
const waves = 3;
/** A wave goes up and down at most so often over the height or the width. */
const frequency = 4;

/**
 * [count, …shape] with numbers from 0 to 1. Channels of images, [H, W, C], are means of slanted waves; vectors and tokens are
 * uniform random numbers. The same seed gives the same numbers everywhere.
 */
export function syntheticImages(shape: Shape, count: number, seed = 0): Float32Array {
  const size = sizeOf(shape);
  const result = new Float32Array(count * size);
  const [height = 1, width = 1, channels = 1] = shape;
  for (let n = 0; n < count; n++) {
    const image = result.subarray(n * size, (n + 1) * size);
    if (shape.length !== 3) fillUniform(seed, n, image);
    else drawWaves(image, [height, width, channels], seed, n);
  }
  return result;
}

function drawWaves(
  image: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  seed: number,
  n: number,
) {
  const random = new Float64Array(channels * waves * 3);
  fillUniform(seed, n, random);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++, at++) {
        let sum = 0;
        for (let w = 0; w < waves; w++) {
          const from = (c * waves + w) * 3;
          const [down = 0, across = 0, phase = 0] = random.subarray(from, from + 3);
          sum += triangle((frequency * down * y) / height + (frequency * (2 * across - 1) * x) / width + phase);
        }
        image[at] = sum / waves;
      }
    }
  }
}

/** Up from 0 to 1 and down again while `t` goes from one whole number to the next. Only arithmetic that is exact. */
function triangle(t: number): number {
  return Math.abs(2 * (t - Math.floor(t)) - 1);
}
