/** Images as the network sees them: behind the input encoding, where methods put in what is no image. */
import { sameShape, sizeOf, type Shape } from "../../shape.ts";
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Tensor } from "../device.ts";
import type { Precision, Session } from "../session.ts";

export interface EncodedImages {
  readonly count: number;
  /** Of one encoded image: [H, W, C]. */
  readonly shape: Shape;
  /** [count, …shape] */
  readonly values: Tensor;
}

/**
 * Images [n, …image shape] with numbers from 0 to 1, encoded as the program wants them. Throws `run/input` for a program
 * that encodes images itself, and for numbers that are no whole images.
 */
export function encodeImages({ program, precision }: Session, images: ArrayLike<number>): EncodedImages {
  const { input } = program;
  if (!sameShape(input.shape, input.encodedShape)) {
    const expected = "a session of a program that was built with `encodedInput`";
    fail("run/input", { name: "session", expected, found: "one that is fed with images" });
  }
  const shape = input.imageShape ?? input.shape;
  const size = sizeOf(shape);
  const count = images.length / size;
  if (!Number.isInteger(count)) {
    const expected = `images of [${shape.join(", ")}], ${size} numbers each`;
    fail("run/input", { name: input.name, expected, found: `${images.length} numbers` });
  }
  return { count, shape: input.shape, values: encoded(program, images, precision) };
}

/** What takes the place of the input where it is taken away. */
export type Baseline = "zero" | "black" | ArrayLike<number>;

/**
 * One encoded sample: `zero`, every channel of the encoding is 0, which is the encoding of no image and what a B-cos network
 * answers with nothing; `black`, a black image; or an image.
 */
export function encodeBaseline({ program, precision }: Session, baseline: Baseline): Tensor {
  const { input } = program;
  if (baseline === "zero") return zeros(sizeOf(input.shape), precision);
  const size = sizeOf(input.imageShape ?? input.shape);
  if (baseline === "black") return encoded(program, zeros(size, precision), precision);
  if (baseline.length !== size) {
    fail("run/input", { name: "baseline", expected: `an image, ${size} numbers`, found: `${baseline.length}` });
  }
  return encoded(program, baseline, precision);
}

/** [x, 1 − x] along the last axis, where the program's images are encoded. */
function encoded({ input }: Program, images: ArrayLike<number>, precision: Precision): Tensor {
  const { shape, imageShape = shape } = input;
  if (sameShape(shape, imageShape)) return zeros(images.length, precision).map((_, i) => images[i]!);
  const channels = imageShape.at(-1)!;
  return zeros(2 * images.length, precision).map((_, i) => {
    const [pixel, channel] = [Math.floor(i / (2 * channels)), i % (2 * channels)];
    const value = images[pixel * channels + (channel % channels)]!;
    return channel < channels ? value : 1 - value;
  });
}

export function zeros(length: number, precision: Precision): Tensor {
  return precision === "float64" ? new Float64Array(length) : new Float32Array(length);
}
