/**
 * B-cos layers in jax-js, formulas of Böhle et al. 2024, channels first. They are only ever traced by `jit`, where a use
 * too many costs nothing: everything is used as `ref`.
 *
 * Sums over patches are convolutions of x² with one filter of ones over all channels: of a single channel, and with
 * constants inside, jitted gradients of 0.1.25 are NaN. The filters come in as arguments.
 */
import type { Arr, Jax } from "./types.ts";

const patchEpsilon = 1e-6;
const normEpsilon = 1e-5;

export type Mode = "train" | "predict" | "explain";

/** A filter of ones for each shape of patch, by `onesName`. */
export type Ones = Readonly<Record<string, Arr>>;

export function onesName(channels: number, kernel: number): string {
  return `${channels}x${kernel}`;
}

export function convolve({ lax }: Jax, x: Arr, w: Arr, stride: number): Arr {
  const pad = (w.shape[2]! - 1) / 2;
  return lax.convGeneralDilated(x.ref, w.ref, [stride, stride], [[pad, pad], [pad, pad]]); // prettier-ignore
}

export function unitFilters({ numpy }: Jax, w: Arr): Arr {
  return w.ref.div(numpy.sqrt(numpy.sum(w.ref.mul(w.ref), [1, 2, 3], { keepdims: true })));
}

/** Σx² over the patches: [N,1,H',W']. */
export function patchSquares(jax: Jax, x: Arr, ones: Ones, kernel: number, stride: number): Arr {
  const squares = x.ref.mul(x.ref);
  if (kernel === 1 && stride === 1) return jax.numpy.sum(squares, 1, { keepdims: true });
  return convolve(jax, squares, ones[onesName(x.shape[1]!, kernel)]!, stride);
}

/** y = o·|o|/n. */
export function bcosConvolution(jax: Jax, x: Arr, w: Arr, ones: Ones, stride: number, mode: Mode): Arr {
  const { numpy, lax } = jax;
  const o = convolve(jax, x, unitFilters(jax, w), stride);
  const n = numpy.sqrt(patchSquares(jax, x, ones, w.shape[2]!, stride).add(patchEpsilon));
  const scale = numpy.absolute(o.ref).div(n);
  return o.mul(mode === "explain" ? lax.stopGradient(scale) : scale);
}

/** Uncentred batch norm: x · weight / √(var + ε), and the variance that it used: that of the batch in training. */
export function uncentredNorm({ numpy }: Jax, x: Arr, weight: Arr, running: Arr, mode: Mode): readonly [Arr, Arr] {
  const channels = x.shape[1]!;
  const wide = (v: Arr): Arr => v.ref.mul(1);
  const axes = [0, 2, 3];
  const centred = x.ref.sub(numpy.mean(x.ref, axes, { keepdims: true }));
  const variance = mode === "train" ? numpy.mean(centred.ref.mul(centred), axes, { keepdims: true }) : wide(running);
  const factor = weight.ref.div(numpy.sqrt(variance.ref.add(normEpsilon)));
  if (channels !== factor.shape[1]) throw new Error("norms have [1, C, 1, 1]");
  return [x.ref.mul(factor), variance];
}

/** Mean over 3×3 windows of stride 2, zeros counted, a filter a channel. */
export function averagePool({ lax }: Jax, x: Arr, filters: Arr): Arr {
  const channels = x.shape[1]!;
  return lax.convGeneralDilated(x.ref, filters.ref, [2, 2], [[1, 1], [1, 1]], { featureGroupCount: channels }); // prettier-ignore
}
