/**
 * The composite that everything turns on: y = o · s with o = ŵ·x over a patch, n the norm of that patch, and the
 * dynamic factor s = |o/n|^(B−1) (Böhle et al. 2024, B-cos Alignment for Inherently Interpretable CNNs and Vision
 * Transformers). Explanations hold s constant: dx = convᵀ(g·s, ŵ). The true gradient also passes through |o| and n.
 */
import { abs, add, div, max, mul, neg, power, reshape, scalar, sqrt, square, sub, sum, times } from "../build.ts";
import type { GraphBuilder } from "../builder.ts";
import { sizeOf } from "../graph.ts";
import type { ConvAttributes, Shape, ValueId } from "../graph.ts";
import type { OpGroup } from "./definition.ts";
import { noAttributes } from "./definition.ts";
import { expect, expectRank, expectWhole, formatShape, windowShape } from "./shapes.ts";

/** Added to |cos| where B ≠ 2, so that the power has a finite derivative; the reference implementation's value. */
export const cosineEpsilon = 1e-6;
/** The smallest normal float32: something to divide 0 by. */
const smallestNormal = 2 ** -126;

/** [..., C] as [..., groups, C/groups], and back: channels by their group. */
function grouped(b: GraphBuilder, x: ValueId, groups: number): ValueId {
  const shape = b.shapeOf(x);
  return reshape(b, x, [...shape.slice(0, -1), groups, shape.at(-1)! / groups]);
}

/** x [..., C] times f [..., G], each group's factor on all of its channels. */
function mulByGroup(b: GraphBuilder, x: ValueId, f: ValueId): ValueId {
  const groups = b.shapeOf(f).at(-1)!;
  if (groups === 1) return mul(b, x, f);
  return reshape(b, mul(b, grouped(b, x, groups), grouped(b, f, groups)), b.shapeOf(x));
}

/** x [..., C] over n [..., G]. */
function divByGroup(b: GraphBuilder, x: ValueId, n: ValueId): ValueId {
  const groups = b.shapeOf(n).at(-1)!;
  if (groups === 1) return div(b, x, n);
  return reshape(b, div(b, grouped(b, x, groups), grouped(b, n, groups)), b.shapeOf(x));
}

/** x [..., C] summed over the channels of each group: [..., G]. */
function sumByGroup(b: GraphBuilder, x: ValueId, groups: number): ValueId {
  const shape = b.shapeOf(x);
  if (groups === 1) return sum(b, x, [shape.length - 1]);
  return reshape(b, sum(b, grouped(b, x, groups), [shape.length]), [...shape.slice(0, -1), groups]);
}

/** s of o [..., C] and n [..., G]. */
function dynamicFactor(b: GraphBuilder, o: ValueId, n: ValueId, exponent: number): ValueId {
  if (exponent === 2) return divByGroup(b, abs(b, o), n);
  return power(b, shiftedCosine(b, o, n), exponent - 1);
}

/** |o/n| + 1e-6 */
function shiftedCosine(b: GraphBuilder, o: ValueId, n: ValueId): ValueId {
  return add(b, abs(b, divByGroup(b, o, n)), scalar(b, cosineEpsilon));
}

function trueScaleGradient(
  b: GraphBuilder,
  o: ValueId,
  n: ValueId,
  g: ValueId,
  exponent: number,
): readonly (ValueId | undefined)[] {
  if (exponent === 1) return [g, undefined];
  const groups = b.shapeOf(n).at(-1)!;
  if (exponent === 2) {
    // y = o|o|/n: dy/do = 2|o|/n, dy/dn = −o|o|/n².
    const scaled = mul(b, g, dynamicFactor(b, o, n, 2));
    return [times(b, scaled, 2), neg(b, div(b, sumByGroup(b, mul(b, scaled, o), groups), n))];
  }
  // y = o c^(B−1), c = |o/n| + ε: dy/do = c^(B−1) + (B−1) c^(B−2) |o/n|, dy/dn = −o (B−1) c^(B−2) |o|/n².
  const ratio = abs(b, divByGroup(b, o, n));
  const c = add(b, ratio, scalar(b, cosineEpsilon));
  const inner = mul(b, times(b, power(b, c, exponent - 2), exponent - 1), ratio);
  const along = sumByGroup(b, mul(b, mul(b, g, o), inner), groups);
  return [mul(b, g, add(b, power(b, c, exponent - 1), inner)), neg(b, div(b, along, n))];
}

function rowAxes(shape: Shape): readonly number[] {
  return shape.slice(1).map((_, i) => i + 1);
}

const patch: ConvAttributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 };

export const bcos: OpGroup<"unit_rows" | "patch_norm" | "row_norm" | "bcos_scale"> = {
  unit_rows: {
    doc: "Rows (all axes but the first) divided by their L2 norm, without an epsilon",
    arity: 1,
    shape: ([w]) => {
      expect(w!.length >= 2, () => `rows need two axes or more, not ${formatShape(w!)}`);
      return w!;
    },
    flops: (node) => 3 * sizeOf(node.shape),
    // (g − (ŵ·g) ŵ) / ‖w‖: only what is at right angles to the row changes its direction.
    gradient: ({ graph: b, inputs, output, cotangent }) => {
      const w = inputs[0]!;
      const axes = rowAxes(b.shapeOf(w));
      const along = sum(b, mul(b, output, cotangent), axes);
      const norm = sqrt(b, sum(b, square(b, w), axes));
      return [div(b, sub(b, cotangent, mul(b, along, output)), norm)];
    },
    specimens: [
      { inputs: [{ shape: [3, 4] }], attributes: noAttributes },
      { inputs: [{ shape: [2, 2, 3, 2] }], attributes: noAttributes },
    ],
  },
  patch_norm: {
    doc: "x [N,H,W,C] → [N,H',W',groups]: √(Σ x² over the patch and the group's channels + ε), zeros outside the image",
    arity: 1,
    shape: ([x], { epsilon, ...conv }) => {
      expectRank(x!, 4, "the image");
      expectWhole([conv.groups], 1, "groups");
      expect(x![3]! % conv.groups === 0, () => `${x![3]} channels do not divide into ${conv.groups} groups`);
      expect(Number.isFinite(epsilon) && epsilon >= 0, () => `epsilon must be 0 or more, is ${epsilon}`);
      return windowShape(x!, conv, conv.groups);
    },
    // Squares summed over channels first, then over the window.
    flops: (node, [x]) => 2 * sizeOf(x!) + (sizeOf(node.attributes.kernel) + 2) * sizeOf(node.shape),
    // dn/dx = x/n at every place of the patch, so dx = x · (what all windows over it send).
    gradient: ({ graph: b, node, inputs, output, cotangent }) => {
      const x = inputs[0]!;
      const { kernel, stride, padding, dilation, groups } = node.attributes;
      const [n, h, w] = b.shapeOf(x) as readonly [number, number, number, number];
      const spread = b.emit("window_spread", [div(b, cotangent, output)], {
        ...{ kernel, stride, padding, dilation },
        inputShape: [n, h, w, groups],
      });
      return [mulByGroup(b, x, spread)];
    },
    specimens: [
      { inputs: [{ shape: [1, 3, 3, 2] }], attributes: { ...patch, kernel: [1, 1], epsilon: 1e-6 } },
      {
        inputs: [{ shape: [1, 5, 4, 3] }],
        attributes: { ...patch, kernel: [3, 2], stride: [2, 1], padding: [1, 1, 0, 1], epsilon: 1e-6 },
      },
      {
        inputs: [{ shape: [1, 5, 5, 4] }],
        attributes: { ...patch, kernel: [2, 3], padding: [0, 1, 2, 2], dilation: [2, 2], groups: 2, epsilon: 1e-6 },
      },
    ],
  },
  row_norm: {
    doc: "x [..., D] → [..., 1]: ‖x‖ + ε",
    arity: 1,
    shape: ([x], { epsilon }) => {
      expect(x!.length >= 1, "a row needs an axis");
      expect(Number.isFinite(epsilon) && epsilon >= 0, () => `epsilon must be 0 or more, is ${epsilon}`);
      return [...x!.slice(0, -1), 1];
    },
    flops: (node, [x]) => 2 * sizeOf(x!) + 2 * sizeOf(node.shape),
    // g · x/‖x‖, the division first: a row of zeros has no direction and gets 0, whatever g is. The floor is what is
    // lost of ‖x‖ in float32 when ε is added; below it the direction is shortened, never blown up.
    gradient: ({ graph: b, node, inputs, output, cotangent }) => {
      const { epsilon } = node.attributes;
      const floor = Math.max(epsilon * 2 ** -24, smallestNormal);
      const norm = max(b, sub(b, output, scalar(b, epsilon)), scalar(b, floor));
      return [mul(b, cotangent, div(b, inputs[0]!, norm))];
    },
    specimens: [
      { inputs: [{ shape: [2, 4] }], attributes: { epsilon: 1e-12 } },
      { inputs: [{ shape: [2, 2, 3] }], attributes: { epsilon: 1e-3 } },
    ],
  },
  bcos_scale: {
    doc: "(o [..., C], n [..., G]): o · s, the dynamic factor s = |o/n| for B = 2, (|o/n| + 1e-6)^(B−1) otherwise",
    arity: 2,
    shape: ([o, n], { b }) => {
      expect(Number.isFinite(b) && b >= 1, () => `the exponent must be 1 or more, is ${b}`);
      expect(
        o!.length === n!.length && o!.length >= 1 && o!.slice(0, -1).every((d, i) => d === n![i]),
        () => `${formatShape(o!)} and the norms ${formatShape(n!)} differ in more than the last axis`,
      );
      expect(
        n!.at(-1)! >= 1 && o!.at(-1)! % n!.at(-1)! === 0,
        () => `${o!.at(-1)} channels do not divide into ${n!.at(-1)} groups`,
      );
      return o!;
    },
    flops: (node) => (node.attributes.b === 1 ? 0 : node.attributes.b === 2 ? 3 : 5) * sizeOf(node.shape),
    gradient: ({ graph: b, node, inputs, cotangent, mode }) => {
      const [o, n] = inputs as readonly [ValueId, ValueId];
      const exponent = node.attributes.b;
      if (mode === "true") return trueScaleGradient(b, o, n, cotangent, exponent);
      if (exponent === 1) return [cotangent, undefined];
      return [mul(b, cotangent, dynamicFactor(b, o, n, exponent)), undefined];
    },
    specimens: [1, 1.5, 2, 2.5].flatMap((b) => [
      { inputs: [{ shape: [2, 4] }, { shape: [2, 1], range: [0.7, 2] }], attributes: { b } },
      { inputs: [{ shape: [1, 2, 2, 6] }, { shape: [1, 2, 2, 3], range: [0.7, 2] }], attributes: { b } },
    ]),
  },
};
