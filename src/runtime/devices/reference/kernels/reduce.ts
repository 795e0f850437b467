/** Reductions and what belongs to them. Sums are kept in double precision. */
import { sizeOf, type Shape } from "../../../../shape.ts";
import type { Tensor } from "../../../device.ts";
import type { Kernel, KernelTable, Run } from "../kernel.ts";
import { offsets, rowMajorStrides } from "../layout.ts";
import { scratch } from "../scratch.ts";

/**
 * Where the reduced sets lie: element e of set s is at bases[s] + members[e], sets and members in row-major order.
 * Where the reduced axes lie together, the tensor is also seen as outer × count × inner.
 */
interface Sets {
  readonly bases: Int32Array;
  readonly members: Int32Array;
  readonly together: { readonly outer: number; readonly count: number; readonly inner: number } | undefined;
}

function reducedSets(shape: Shape, axes: readonly number[]): Sets {
  const strides = rowMajorStrides(shape);
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const all = shape.map((_, axis) => axis);
  const kept = all.filter((axis) => !reduced.has(axis));
  const gone = all.filter((axis) => reduced.has(axis));
  const pick = (from: readonly number[], which: readonly number[]) => which.map((axis) => from[axis]!);

  // Axes of length 1 are neither here nor there.
  const matter = gone.filter((axis) => shape[axis] !== 1);
  const first = matter[0] ?? 0;
  const last = matter.at(-1) ?? -1;
  const between = all.slice(first, last + 1).every((axis) => reduced.has(axis) || shape[axis] === 1);
  const together = between
    ? {
        outer: sizeOf(shape.slice(0, first)),
        count: sizeOf(shape.slice(first, last + 1)),
        inner: sizeOf(shape.slice(Math.max(first, last + 1))),
      }
    : undefined;
  return {
    bases: offsets(pick(shape, kept), pick(strides, kept)),
    members: offsets(pick(shape, gone), pick(strides, gone)),
    together,
  };
}

/** sums[s] = Σ of set s. `sums` has a number a set. */
function sumSets(x: Tensor, sets: Sets, sums: Float64Array): void {
  const { bases, members, together } = sets;
  if (together === undefined || together.inner === 1) {
    for (let s = 0; s < bases.length; s++) {
      const base = bases[s]!;
      let sum = 0;
      for (let e = 0; e < members.length; e++) sum += x[base + members[e]!]!;
      sums[s] = sum;
    }
    return;
  }
  const { outer, count, inner } = together;
  sums.fill(0, 0, outer * inner);
  let i = 0;
  for (let o = 0; o < outer; o++) {
    const start = o * inner;
    for (let e = 0; e < count; e++) {
      for (let k = start; k < start + inner; k++) sums[k] = sums[k]! + x[i++]!;
    }
  }
}

/** sums[s] = Σ (x − means[s])² of set s. */
function sumSquaredDeviations(x: Tensor, sets: Sets, means: Float64Array, sums: Float64Array): void {
  const { bases, members, together } = sets;
  if (together === undefined || together.inner === 1) {
    for (let s = 0; s < bases.length; s++) {
      const base = bases[s]!;
      const mean = means[s]!;
      let sum = 0;
      for (let e = 0; e < members.length; e++) {
        const d = x[base + members[e]!]! - mean;
        sum += d * d;
      }
      sums[s] = sum;
    }
    return;
  }
  const { outer, count, inner } = together;
  sums.fill(0, 0, outer * inner);
  let i = 0;
  for (let o = 0; o < outer; o++) {
    const start = o * inner;
    for (let e = 0; e < count; e++) {
      for (let k = start; k < start + inner; k++) {
        const d = x[i++]! - means[k]!;
        sums[k] = sums[k]! + d * d;
      }
    }
  }
}

const reduceSum: Kernel<"reduce_sum"> = (node, [shape]) => {
  const sets = reducedSets(shape!, node.attributes.axes);
  return ([x], out) => {
    const sums = scratch("sums", out.length);
    sumSets(x!, sets, sums);
    for (let s = 0; s < out.length; s++) out[s] = sums[s]!;
  };
};

const reduceMean: Kernel<"reduce_mean"> = (node, [shape]) => {
  const sets = reducedSets(shape!, node.attributes.axes);
  const count = sets.members.length;
  return ([x], out) => {
    const sums = scratch("sums", out.length);
    sumSets(x!, sets, sums);
    for (let s = 0; s < out.length; s++) out[s] = sums[s]! / count;
  };
};

const reduceVariance: Kernel<"reduce_variance"> = (node, [shape]) => {
  const sets = reducedSets(shape!, node.attributes.axes);
  const count = sets.members.length;
  return ([x], out) => {
    const means = scratch("means", out.length);
    const sums = scratch("sums", out.length);
    sumSets(x!, sets, means);
    for (let s = 0; s < out.length; s++) means[s] = means[s]! / count;
    sumSquaredDeviations(x!, sets, means, sums);
    for (let s = 0; s < out.length; s++) out[s] = sums[s]! / count;
  };
};

const reduceMax: Kernel<"reduce_max"> = (node, [shape]) => {
  const { bases, members } = reducedSets(shape!, node.attributes.axes);
  return ([x], out) => {
    for (let s = 0; s < bases.length; s++) {
      const base = bases[s]!;
      let best = -Infinity;
      for (let e = 0; e < members.length; e++) best = Math.max(best, x![base + members[e]!]!);
      out[s] = best;
    }
  };
};

const routeMax: Kernel<"route_max"> = (node, [, shape]) => {
  const { bases, members } = reducedSets(shape!, node.attributes.axes);
  return ([g, x, y], out) => {
    out.fill(0);
    for (let s = 0; s < bases.length; s++) {
      const base = bases[s]!;
      for (let e = 0; e < members.length; e++) {
        const i = base + members[e]!;
        if (x![i] !== y![s]) continue;
        out[i] = g![s]!;
        break;
      }
    }
  };
};

/** Sees a shape as outer × count × inner around one axis. */
function around(shape: Shape, axis: number): { outer: number; count: number; inner: number } {
  const at = axis < 0 ? axis + shape.length : axis;
  return { outer: sizeOf(shape.slice(0, at)), count: shape[at]!, inner: sizeOf(shape.slice(at + 1)) };
}

/** Softmax and its logarithm, shifted by the maximum so that nothing overflows. */
function softmaxOver(shape: Shape, axis: number, logarithm: boolean): Run {
  const { outer, count, inner } = around(shape, axis);
  return ([x], out) => {
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < inner; k++) {
        const start = o * count * inner + k;
        const end = start + count * inner;
        let top = -Infinity;
        for (let i = start; i < end; i += inner) top = Math.max(top, x![i]!);
        let sum = 0;
        for (let i = start; i < end; i += inner) sum += Math.exp(x![i]! - top);
        if (logarithm) {
          const shift = top + Math.log(sum);
          for (let i = start; i < end; i += inner) out[i] = x![i]! - shift;
        } else {
          for (let i = start; i < end; i += inner) out[i] = Math.exp(x![i]! - top) / sum;
        }
      }
    }
  };
}

const softmax: Kernel<"softmax"> = (node) => softmaxOver(node.shape, node.attributes.axis, false);
const logSoftmax: Kernel<"log_softmax"> = (node) => softmaxOver(node.shape, node.attributes.axis, true);

export const reduceKernels = {
  reduce_sum: reduceSum,
  reduce_mean: reduceMean,
  reduce_max: reduceMax,
  reduce_variance: reduceVariance,
  route_max: routeMax,
  softmax,
  log_softmax: logSoftmax,
} satisfies Partial<KernelTable>;
