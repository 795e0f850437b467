/** Pictures of explanations, in operations of TensorFlow.js. To be called in a scope: `tf.tidy`. */
import * as tf from "@tensorflow/tfjs-core";

const tiny = 1e-12;

/**
 * RGBA [H, W, 4] from 0 to 1 of weights [1, H, W, 2] and contributions [1, H, W] (Böhle et al. 2022). A grey image reaches the
 * network as pairs [x, 1 − x], so the weights of a pixel are such a pair too: how bright it is, is what the network looks for
 * there. Opaque is what weighs much, next to its neighbours, and speaks for the class.
 */
export function colourPicture(weights: tf.Tensor, contributions: tf.Tensor): tf.Tensor3D {
  const [, height, width] = weights.shape as [number, number, number, number];
  const pairs = tf.relu(tf.reshape(weights, [height, width, 2]));
  const bright = tf.div(tf.slice(pairs, [0, 0, 0], [-1, -1, 1]), tf.add(tf.sum(pairs, 2, true), tiny));
  const norms: tf.Tensor4D = tf.reshape(tf.norm(weights, "euclidean", 3), [1, height, width, 1]);
  const speaking = tf.mul(norms, tf.step(tf.reshape(contributions, norms.shape), 0));
  const around = tf.avgPool(tf.pad(speaking, [[0, 0], [1, 1], [1, 1], [0, 0]]) as tf.Tensor4D, 3, 1, "valid"); // prettier-ignore
  const opacity = tf.div(around, tf.add(tf.max(around), tiny));
  return tf.concat([bright, bright, bright, tf.reshape(opacity, [height, width, 1])], 2) as tf.Tensor3D;
}

/** RGB [H, W, 3] from 0 to 1: red is what a pixel adds, blue what it takes away. */
export function contributionPicture(contributions: tf.Tensor): tf.Tensor3D {
  const [, height, width] = contributions.shape as [number, number, number];
  const all = tf.reshape(contributions, [height, width, 1]);
  const share = tf.div(all, tf.add(tf.max(tf.abs(all)), tiny));
  const [red, blue] = [tf.sub(1, tf.relu(tf.neg(share))), tf.sub(1, tf.relu(share))];
  return tf.concat([red, tf.sub(1, tf.abs(share)), blue], 2) as tf.Tensor3D;
}
