/**
 * B-cos layers in tfjs, formulas of Böhle et al. 2024. A B-cos convolution is one operation with its own gradient, which
 * keeps o and n, as a competent user would write it: the backend runs fewer operations than with its own derivatives.
 */
import { convolve, gradientPadding, inputGradient, stuff, weightGradient } from "./convolution.ts";
import type { Tensor, Tf } from "./types.ts";

const patchEpsilon = 1e-6;
const normEpsilon = 1e-5;

/** What the gradients of a layer are for; `own`: training with the gradients that tfjs has itself. */
export type Mode = "train" | "own" | "predict" | "explain";

/** Filters [k,k,I,O] of length 1, and their lengths. */
export function unitFilters(tf: Tf, w: Tensor): { readonly unit: Tensor; readonly length: Tensor } {
  const length = tf.sqrt(tf.sum(tf.square(w), [0, 1, 2], true));
  return { unit: tf.div(w, length), length };
}

/** √(Σx² + ε) over the patches: [N,H',W',1]. */
export function patchNorm(tf: Tf, x: Tensor, kernel: number, stride: number): Tensor {
  const squares = tf.sum(tf.square(x), [3], true);
  const sums = kernel === 1 && stride === 1 ? squares : convolve(tf, squares, tf.ones([kernel, kernel, 1, 1]), stride);
  return tf.sqrt(tf.add(sums, tf.scalar(patchEpsilon)));
}

/** What the gradients are taken from; filters are unit rows. */
export interface BcosState {
  readonly o: Tensor;
  readonly n: Tensor;
  readonly unit: Tensor;
}

export function bcosInputGradient(tf: Tf, dy: Tensor, x: Tensor, { o, n, unit }: BcosState, stride: number): Tensor {
  const scaled = tf.mul(dy, tf.div(tf.abs(o), n));
  const dx = inputGradient(tf, tf.mul(scaled, tf.scalar(2)), unit, stride, x.shape[1]!);
  const perPatch = tf.div(tf.sum(tf.mul(scaled, o), [3], true), tf.square(n));
  const kernel = unit.shape[0]!;
  const spread = inputGradient(tf, perPatch, tf.ones([kernel, kernel, 1, 1]), stride, x.shape[1]!);
  return tf.sub(dx, tf.mul(x, spread));
}

export function bcosFilterGradient(
  tf: Tf,
  dy: Tensor,
  x: Tensor,
  { o, n, unit }: BcosState,
  length: Tensor,
  stride: number,
): Tensor {
  const scaled = tf.mul(tf.mul(dy, tf.div(tf.abs(o), n)), tf.scalar(2));
  const d = weightGradient(tf, x, scaled, unit.shape[0]!, stride);
  const along = tf.mul(unit, tf.sum(tf.mul(unit, d), [0, 1, 2], true));
  return tf.div(tf.sub(d, along), length);
}

/** y = o·|o|/n. The image itself needs no gradient in training: `isFirst`. */
export function bcosConvolution(tf: Tf, x: Tensor, w: Tensor, stride: number, mode: Mode, isFirst: boolean): Tensor {
  const kernel = w.shape[0]!;
  const forward = (): BcosState & { length: Tensor; y: Tensor } => {
    const { unit, length } = unitFilters(tf, w);
    const o = convolve(tf, x, unit, stride);
    const n = patchNorm(tf, x, kernel, stride);
    return { o, n, unit, length, y: tf.mul(o, tf.div(tf.abs(o), n)) };
  };
  if (mode === "predict" || mode === "own") return forward().y;
  const run = tf.customGrad((...given) => {
    const save = given.at(-1) as (tensors: readonly Tensor[]) => void;
    const { o, n, unit, length, y } = forward();
    save([o, n, unit, length, x]);
    return {
      value: y,
      gradFunc: (dy, saved) => {
        const [o, n, unit, length, x] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
        const state = { o, n, unit };
        if (mode === "explain") {
          return inputGradient(tf, tf.mul(dy, tf.div(tf.abs(o), n)), unit, stride, x.shape[1]!);
        }
        const dw = bcosFilterGradient(tf, dy, x, state, length, stride);
        return isFirst ? dw : [bcosInputGradient(tf, dy, x, state, stride), dw];
      },
    };
  });
  if (mode === "explain") return run(x);
  return isFirst ? run(w) : run(x, w);
}

/** Sums of [.., C] over all but the channels, as a product with ones: far faster than a reduction over the outer axes. */
function channelSums(tf: Tf, x: Tensor): Tensor {
  const channels = x.shape.at(-1)!;
  const rows = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return tf.reshape(tf.matMul(tf.ones([1, rows]), tf.reshape(x, [rows, channels])), [channels]);
}

/**
 * Uncentred batch norm: x · weight / √(var + ε). In training var is that of the batch, told to `seen`, and the gradient is
 * written out: dx = g·weight/σ + (2/N)·(x − mean)·dvar, dvar = −½·weight·Σgx/σ³, dweight = Σgx/σ.
 */
export function uncentredNorm(
  tf: Tf,
  x: Tensor,
  weight: Tensor,
  running: Tensor,
  mode: Mode,
  seen: (variance: Tensor) => void,
): Tensor {
  const deviation = (variance: Tensor): Tensor => tf.sqrt(tf.add(variance, tf.scalar(normEpsilon)));
  if (mode === "own") {
    const { variance } = tf.moments(x, [0, 1, 2]);
    seen(variance);
    return tf.mul(x, tf.div(weight, deviation(variance)));
  }
  if (mode !== "train") return tf.mul(x, tf.div(weight, deviation(running)));
  const count = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return tf.customGrad((...given) => {
    const save = given.at(-1) as (tensors: readonly Tensor[]) => void;
    const mean = tf.div(channelSums(tf, x), tf.scalar(count));
    const variance = tf.div(channelSums(tf, tf.square(tf.sub(x, mean))), tf.scalar(count));
    seen(variance);
    const sigma = deviation(variance);
    save([x, weight, mean, sigma]);
    return {
      value: tf.mul(x, tf.div(weight, sigma)),
      gradFunc: (dy, saved) => {
        const [x, weight, mean, sigma] = saved as [Tensor, Tensor, Tensor, Tensor];
        const along = channelSums(tf, tf.mul(dy, x));
        const cubed = tf.mul(tf.mul(sigma, sigma), sigma);
        const toVariance = tf.div(tf.mul(tf.mul(along, weight), tf.scalar(1 / count)), cubed);
        const dx = tf.sub(tf.mul(dy, tf.div(weight, sigma)), tf.mul(tf.sub(x, mean), toVariance));
        return [dx, tf.div(along, sigma)];
      },
    };
  })(x, weight);
}

/** Mean over 3×3 windows of stride 2, zeros counted. With a gradient by hand: tfjs-wasm has none. */
export function averagePool(tf: Tf, x: Tensor, mode: Mode): Tensor {
  const [, side, , channels] = x.shape as [number, number, number, number];
  const around = (pads: readonly [number, number]) => [[0, 0], pads, pads, [0, 0]] as const;
  const forward = (): Tensor => tf.avgPool(tf.pad(x, around([1, 1])), 3, 2, "valid");
  if (mode === "own") return forward();
  return tf.customGrad(() => ({
    value: forward(),
    gradFunc: (dy) => {
      const stuffed = stuff(tf, dy, 2);
      const padded = tf.pad(stuffed, around(gradientPadding(3, stuffed.shape[1]!, side)));
      const filter = tf.div(tf.ones([3, 3, channels, 1]), tf.scalar(9));
      return tf.depthwiseConv2d(padded, filter, 1, "valid");
    },
  }))(x);
}
