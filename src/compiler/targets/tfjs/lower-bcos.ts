/**
 * The operations of B-cos layers. They are written as the gradients of the op table write them, so that both sides of a layer
 * find the norms, the factors |o/n| and the lengths of rows made already.
 */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { ConvAttributes } from "../../graph/graph.ts";
import { cosineEpsilon } from "../../graph/ops/bcos.ts";
import { elementwise } from "./axes.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { sumOver } from "./lower-reductions.ts";
import { windowSum } from "./lower-windows.ts";

/** Rows over their norms. */
export function unitRows(b: CallBuilder, w: CallValue, shape: Shape): CallValue {
  const axes = shape.slice(1).map((_, i) => i + 1);
  const lengths = c.sqrt(b, sumOver(b, c.square(b, w), shape, axes));
  const reduced = shape.map((length, axis) => (axis === 0 ? length : 1));
  return elementwise(b, "div", [w, lengths], [shape, reduced], shape);
}

/** ‖x‖ + ε over the last axis. */
export function rowNorm(b: CallBuilder, x: CallValue, shape: Shape, epsilon: number): CallValue {
  const lengths = c.sqrt(b, sumOver(b, c.square(b, x), shape, [shape.length - 1]));
  return c.add(b, lengths, c.number(b, epsilon));
}

export interface PatchNorm extends ConvAttributes {
  readonly kernel: readonly [number, number];
  readonly epsilon: number;
}

/** √(Σ x² over the patch of the group + ε): over channels first, then over windows. */
export function patchNorm(b: CallBuilder, x: CallValue, { groups, epsilon, ...window }: PatchNorm): CallValue {
  const shape = b.shapeOf(x);
  const pixels = shape.slice(0, -1);
  const each = shape.at(-1)! / groups;
  const squares = c.square(b, x);
  const perPixel = each === 1 ? squares : sumOver(b, squares, [sizeOf(pixels) * groups, each], [1]);
  const sums = windowSum(b, c.reshape(b, perPixel, [...pixels, groups]), window);
  return c.sqrt(b, c.add(b, sums, c.number(b, epsilon)));
}

/** [..., C] as [..., G, C/G]. */
function grouped(shape: Shape, groups: number): Shape {
  return groups === 1 ? shape : [...shape.slice(0, -1), groups, shape.at(-1)! / groups];
}

/** o · |o/n|, or o · (|o/n| + 1e-6)^(b − 1): o [..., C], n [..., G]. */
export function bcosScale(
  b: CallBuilder,
  [o, n]: readonly [CallValue, CallValue],
  [shape, norms]: readonly [Shape, Shape],
  exponent: number,
): CallValue {
  if (exponent === 1) return o;
  const groups = norms.at(-1)!;
  const shapes = [grouped(shape, groups), grouped(norms, groups)] as const;
  const over = (x: CallValue): CallValue => elementwise(b, "div", [x, n], shapes, shapes[0]);
  const factor = exponent === 2 ? over(c.abs(b, o)) : cosinePower(b, over(o), exponent - 1);
  return elementwise(b, "mul", [o, factor], [shapes[0], shapes[0]], shapes[0]);
}

function cosinePower(b: CallBuilder, ratio: CallValue, exponent: number): CallValue {
  return power(b, c.add(b, c.abs(b, ratio), c.number(b, cosineEpsilon)), exponent);
}

/** xᵖ for x ≥ 0. Usual exponents are roots and products, which are faster and more exact than general powers. */
export function power(b: CallBuilder, x: CallValue, exponent: number): CallValue {
  switch (exponent) {
    case 2:
      return c.square(b, x);
    case 1.5:
      return c.mul(b, x, c.sqrt(b, x));
    case 1:
      return x;
    case 0.5:
      return c.sqrt(b, x);
    case -0.5:
      return c.rsqrt(b, x);
    case -1:
      return c.reciprocal(b, x);
    default:
      return c.pow(b, x, c.number(b, exponent));
  }
}
