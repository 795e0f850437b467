/**
 * From a drawing to the network's input, as the digits of MNIST were made: the ink is scaled into 20 × 20 pixels, and its
 * centre of mass is put into the middle of 28 × 28. In operations of TensorFlow.js, and so where its tensors are.
 */
import * as tf from "@tensorflow/tfjs-core";

const side = 28;
const inner = 20;
/** Samples a pixel and axis, of which the mean is taken. */
const fine = 4;

/** Brightnesses [1, 28, 28, 1] from 0 to 1, which the caller disposes; `undefined` where nothing is drawn. */
export async function readDigit(drawing: HTMLCanvasElement): Promise<tf.Tensor4D | undefined> {
  const digit = placeDigit(drawing);
  const brightest = tf.max(digit);
  const [ink] = await brightest.data();
  brightest.dispose();
  if (ink! > 0) return digit;
  digit.dispose();
  return undefined;
}

function placeDigit(drawing: HTMLCanvasElement): tf.Tensor4D {
  return tf.tidy(() => {
    const pixels: tf.Tensor3D = tf.div(tf.browser.fromPixels(drawing, 1), 255);
    // 1 or 0, but no comparison: tfjs-webgpu 4.22 can not transpose booleans, which reductions do.
    const ink = tf.step(tf.sub<tf.Tensor3D>(pixels, 0.2));
    const [down, across] = [placeAlong(pixels, ink, 0), placeAlong(pixels, ink, 1)];
    const window = tf.mul(tf.maximum(down.length, across.length), side / inner);
    const [top, bottom] = samplesOf(down, window);
    const [left, right] = samplesOf(across, window);
    const boxes = tf.reshape(tf.stack([top, left, bottom, right]), [1, 4]) as tf.Tensor2D;
    const samples: [number, number] = [side * fine, side * fine];
    const cut = tf.image.cropAndResize(tf.expandDims(pixels) as tf.Tensor4D, boxes, tf.tensor1d([0], "int32"), samples);
    return tf.avgPool(cut, fine, fine, "valid");
  });
}

/** Where the ink is along one axis of the drawing. Scalars, in pixels of the drawing. */
interface Place {
  readonly length: tf.Tensor;
  /** Of its mass. */
  readonly centre: tf.Tensor;
  readonly pixels: number;
}

function placeAlong(pixels: tf.Tensor3D, ink: tf.Tensor, axis: 0 | 1): Place {
  const others = [1 - axis, 2];
  const count = pixels.shape[axis];
  const at = tf.range(0, count);
  const inked = tf.greater(tf.max(ink, others), 0);
  const first = tf.min(tf.where(inked, at, count));
  const last = tf.max(tf.where(inked, at, -1));
  const mass = tf.sum(pixels, others);
  const centre = tf.div(tf.sum(tf.mul(mass, tf.add(at, 0.5))), tf.maximum(tf.sum(mass), 1e-6));
  return { length: tf.maximum(tf.add(tf.sub(last, first), 1), 1), centre, pixels: count };
}

/** The first and the last sample of a window around the ink, as `cropAndResize` counts: from 0 to 1 between the outer pixels. */
function samplesOf({ centre, pixels }: Place, window: tf.Tensor): [first: tf.Tensor, last: tf.Tensor] {
  const reach = tf.mul(window, 0.5 - 0.5 / (side * fine));
  const middle = tf.sub(centre, 0.5);
  return [tf.div(tf.sub(middle, reach), pixels - 1), tf.div(tf.add(middle, reach), pixels - 1)];
}
