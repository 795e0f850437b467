/**
 * A convolution and its gradients from what every backend has. tfjs-wasm has no filter gradient and a slow input gradient,
 * so both are lowered to forward convolutions: dX = zero-stuffed dY with the reversed and transposed filters, dW = the
 * transposed input with the transposed dY as filters, dilated by the stride.
 */
import type { Tensor, Tf } from "./types.ts";

/** Padding (k − 1) / 2, as all layers of the bench have it. x NHWC, w [k,k,I,O]. */
export function convolve(tf: Tf, x: Tensor, w: Tensor, stride: number): Tensor {
  return tf.conv2d(x, w, stride, padding(w));
}

function padding(w: Tensor): number {
  return (w.shape[0]! - 1) / 2;
}

export function inputGradient(tf: Tf, dy: Tensor, w: Tensor, stride: number, inputSide: number): Tensor {
  const turned = tf.transpose(tf.reverse(w, [0, 1]), [0, 1, 3, 2]);
  const stuffed = stuff(tf, dy, stride);
  const [before, after] = gradientPadding(w.shape[0]!, stuffed.shape[1]!, inputSide);
  if (before === after) return tf.conv2d(stuffed, turned, 1, before);
  return tf.conv2d(tf.pad(stuffed, [[0, 0], [before, after], [before, after], [0, 0]]), turned, 1, "valid"); // prettier-ignore
}

/** Zeros around a stuffed cotangent such that a kernel without padding gives back the input's size. */
export function gradientPadding(kernel: number, stuffed: number, inputSide: number): readonly [number, number] {
  const before = kernel - 1 - (kernel - 1) / 2;
  return [before, inputSide + kernel - 1 - stuffed - before];
}

/** Each pixel followed by stride − 1 zeros, in both directions. At rank 4: tfjs-webgpu pads rank 6 wrongly. */
export function stuff(tf: Tf, x: Tensor, stride: number): Tensor {
  if (stride === 1) return x;
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const none = [0, 0] as const;
  const more = [0, stride - 1] as const;
  const rows = tf.pad(tf.reshape(x, [n * h, 1, w, c]), [none, more, none, none]);
  const columns = tf.pad(tf.reshape(rows, [n * h * stride * w, 1, 1, c]), [none, more, none, none]);
  return tf.reshape(columns, [n, h * stride, w * stride, c]);
}

export function weightGradient(tf: Tf, x: Tensor, dy: Tensor, kernel: number, stride: number): Tensor {
  const turned = tf.transpose(x, [3, 1, 2, 0]);
  const filters = tf.transpose(dy, [1, 2, 0, 3]);
  const all = tf.conv2d(turned, filters, 1, (kernel - 1) / 2, "NHWC", stride);
  const [inputs, height, , outputs] = all.shape as [number, number, number, number];
  // Windows that the stride left over give more taps than the kernel has.
  const taps = height === kernel ? all : tf.slice(all, [0, 0, 0, 0], [inputs, kernel, kernel, outputs]);
  return tf.transpose(taps, [1, 2, 0, 3]);
}
