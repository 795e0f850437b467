/**
 * Rules that make a plan's calls fewer or smaller, without a change of what they compute: each looks at one call, and says what
 * stands for it.
 */
import { sameShape, sizeOf, type Shape } from "../../../shape.ts";
import { broadcastShapes } from "../../graph/ops/shapes.ts";
import type { TfjsCall, TfjsOp } from "./call.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import type { CallRule } from "./passes.ts";

const broadcasting: ReadonlySet<TfjsOp> = new Set<TfjsOp>([
  ...(["add", "sub", "mul", "div", "maximum", "minimum", "pow", "greater", "equal", "where"] as const),
]);

/** `broadcastTo` in front of calls that broadcast by themselves. */
export const dropBroadcasts: CallRule = (b, call, inputs) => {
  if (!broadcasting.has(call.op)) return undefined;
  const smaller = [...inputs];
  inputs.forEach((input, i) => {
    const source = b.entries[input]!.call;
    if (source?.op !== "broadcastTo") return;
    const shapes = smaller.with(i, source.inputs[0]!).map((value) => b.shapeOf(value));
    if (sameShape(broadcastShapes(shapes), call.shape)) smaller[i] = source.inputs[0]!;
  });
  return sameShape(smaller, inputs) ? undefined : b.call(call.op, smaller, call.attributes);
};

/** A broadcast that is left as a product with ones. */
export const broadcastByOnes: CallRule = (b, call, inputs) =>
  call.op === "broadcastTo" && b.capabilities.choices.broadcastsByOnes
    ? c.mul(b, inputs[0]!, c.filled(b, 1, call.shape))
    : undefined;

/** Columns [..., 1] and maps [N,1,1,C] that a call would repeat, made whole before; single numbers without axes. */
export const widen: CallRule = (b, call, inputs) => {
  if (!b.capabilities.choices.wideColumns || !broadcasting.has(call.op)) return undefined;
  // The others may be single numbers only where one has all axes already.
  const whole = inputs.some((input) => sameShape(b.shapeOf(input), call.shape));
  const wide = inputs.map((input) =>
    whole && sizeOf(b.shapeOf(input)) === 1 && sizeOf(call.shape) > 1
      ? c.reshape(b, input, [])
      : widened(b, input, call.shape),
  );
  return sameShape(wide, inputs) ? undefined : b.call(call.op, wide, call.attributes);
};

function widened(b: CallBuilder, x: CallValue, shape: Shape): CallValue {
  const own = b.shapeOf(x);
  if (own.length !== shape.length || sameShape(own, shape) || sizeOf(own) === 1) return x;
  const columns = shape.at(-1)!;
  const rows = sizeOf(own);
  const shared = own.findLastIndex((length) => length > 1) + 1;
  if (shared < shape.length && sameShape(own.slice(0, shared), shape.slice(0, shared))) {
    const product = c.matMul(b, c.reshape(b, x, [rows, 1]), c.filled(b, 1, [1, sizeOf(shape) / rows]));
    return c.reshape(b, product, shape);
  }
  const [batch, height, width, channels] = own as readonly [number, number, number, number];
  const isMap = own.length === 4 && batch > 1 && height === 1 && width === 1 && channels === columns;
  return isMap && batch === shape[0] ? b.call("upsample", [x], { factor: [shape[1]!, shape[2]!] }) : x;
}

/** x + (−y) is x − y. */
export const subtract: CallRule = (b, call, inputs) => {
  if (call.op !== "add") return undefined;
  for (const side of [1, 0] as const) {
    const opposite = factorOf(b, inputs[side]!);
    if (opposite?.factor === -1) return c.sub(b, inputs[1 - side]!, opposite.base);
  }
  return undefined;
};

interface Scaled {
  readonly base: CallValue;
  readonly factor: number;
}

/** x · c for a number c. */
function factorOf(b: CallBuilder, value: CallValue): Scaled | undefined {
  const { call } = b.entries[value]!;
  if (call?.op === "neg") return { base: call.inputs[0]!, factor: -1 };
  if (call?.op !== "mul") return undefined;
  const { leaf, shape } = b.entries[call.inputs[1]!]!;
  if (leaf?.kind !== "constant" || shape.length > 0) return undefined;
  return { base: call.inputs[0]!, factor: leaf.values[0]! };
}

/** Calls of one input of which c·x gives c·y, and that make no more numbers than they get. */
const linear: ReadonlySet<TfjsOp> = new Set<TfjsOp>([
  ...(["reshape", "transpose", "slice", "stridedSlice", "reverse", "sum", "mean", "avgPool"] as const),
]);
/** Calls that are linear in each of two inputs. */
const bilinear: ReadonlySet<TfjsOp> = new Set<TfjsOp>([
  ...(["mul", "matMul", "conv2d", "depthwiseConv2d"] as const),
  ...(["conv2dInputGradient", "conv2dFilterGradient", "depthwiseFilterGradient"] as const),
]);

const isBilinear = (call: TfjsCall): boolean => bilinear.has(call.op) && call.inputs.length === 2 && !("activation" in call.attributes && call.attributes.activation !== "linear"); // prettier-ignore

/**
 * Factors of large values, moved through calls that are linear to where there are fewer numbers: the 2 of a gradient (2·g·s) to
 * the filters and to the filters' gradient. Only where all that needs the value takes the factor.
 */
export const moveFactors: CallRule = (b, call, inputs, { takers }) => {
  if (!linear.has(call.op) && !isBilinear(call)) return undefined;
  for (const [i, input] of inputs.entries()) {
    const scaled = factorOf(b, input);
    if (scaled === undefined || !takers(call.inputs[i]!, takes)) continue;
    const { base, factor } = scaled;
    const plain = inputs.with(i, base);
    if (linear.has(call.op)) return c.times(b, b.call(call.op, plain, call.attributes), factor);
    const other = inputs[1 - i]!;
    if (other === input || factorOf(b, other) !== undefined) continue;
    const smallest = sizeOf(b.shapeOf(other)) < sizeOf(call.shape);
    if (smallest) return b.call(call.op, plain.with(1 - i, c.times(b, other, factor)), call.attributes);
    return c.times(b, b.call(call.op, plain, call.attributes), factor);
  }
  return undefined;
};

/**
 * Whether a call takes a factor of its input to something smaller: `yes`, or `pass` where that depends on what needs its result.
 */
function takes(call: TfjsCall, input: CallValue, sizes: (value: CallValue) => number): "yes" | "no" | "pass" {
  const own = sizes(input);
  if (linear.has(call.op)) return sizes(call.value) < own ? "yes" : "pass";
  if (!isBilinear(call) || call.inputs[0] === call.inputs[1]) return "no";
  const other = call.inputs[0] === input ? call.inputs[1]! : call.inputs[0]!;
  const smallest = Math.min(sizes(other), sizes(call.value));
  if (smallest < own) return "yes";
  return smallest === own && call.op === "mul" ? "pass" : "no";
}
