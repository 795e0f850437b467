/**
 * Values of any number of axes on backends that take four. Axes that an operation treats alike and that stand side by side are
 * merged into one, which is a reshape and costs nothing; where more than four are left, the work is done one axis at a time.
 */
import { sizeOf, type Shape } from "../../../shape.ts";
import { MAX_RANK, type CallBuilder, type CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import type { TfjsAttributes } from "./call.ts";

/** The shape itself, or one of four axes and the same numbers in the same order: the first axes are merged. */
export function atMostFour(shape: Shape): Shape {
  if (shape.length <= MAX_RANK) return shape;
  const lead = shape.length - MAX_RANK + 1;
  return [sizeOf(shape.slice(0, lead)), ...shape.slice(lead)];
}

/** Runs of neighbouring axes for which `kind` says the same; axes of length 1 belong to any. [length, kind] each. */
function runs<T>(shape: Shape, kind: (axis: number) => T): { readonly length: number; readonly kind: T }[] {
  const found: { length: number; kind: T }[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const own = kind(axis);
    const last = found.at(-1);
    if (last !== undefined && last.kind === own) last.length *= length;
    else found.push({ length, kind: own });
  });
  return found;
}

type Broadcasting = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "pow" | "greater" | "equal" | "where";

/** An op that broadcasts, on values of these shapes; its result has `result`'s elements. */
export function elementwise(
  b: CallBuilder,
  op: Broadcasting,
  inputs: readonly CallValue[],
  shapes: readonly Shape[],
  result: Shape,
): CallValue {
  if (result.length <= MAX_RANK) return b.call(op, inputs.map((x, i) => c.reshape(b, x, shapes[i]!)), {}); // prettier-ignore
  const aligned = shapes.map((shape) => [...new Array<number>(result.length - shape.length).fill(1), ...shape]);
  // Which inputs an axis repeats, as a text of 0 and 1.
  const merged = runs(result, (axis) => aligned.map((shape) => (shape[axis] === 1 ? "0" : "1")).join(""));
  if (merged.length > MAX_RANK) {
    const whole = inputs.map((x, i) => c.reshape(b, broadcast(b, x, aligned[i]!, result), [sizeOf(result)]));
    return b.call(op, whole, {});
  }
  const small = inputs.map((x, i) => c.reshape(b, x, merged.map(({ length, kind }) => (kind[i] === "1" ? length : 1)))); // prettier-ignore
  return b.call(op, small, {});
}

/** x of `shape`, repeated up to `to`. */
export function broadcast(b: CallBuilder, x: CallValue, shape: Shape, to: Shape): CallValue {
  const from = [...new Array<number>(to.length - shape.length).fill(1), ...shape];
  if (to.length <= MAX_RANK) return b.call("broadcastTo", [c.reshape(b, x, from)], { shape: to });
  const merged = runs(to, (axis) => from[axis] === 1);
  const lengths = merged.map(({ length }) => length);
  if (merged.length <= MAX_RANK) {
    const small = merged.map(({ length, kind }) => (kind ? 1 : length));
    return b.call("broadcastTo", [c.reshape(b, x, small)], { shape: lengths });
  }
  // From the last run on, so that all before it is still small.
  let value = x;
  for (let i = merged.length - 1; i >= 0; i--) {
    const { length, kind } = merged[i]!;
    if (!kind) continue;
    const before = sizeOf(merged.slice(0, i).map((run) => (run.kind ? 1 : run.length)));
    const after = sizeOf(lengths.slice(i + 1));
    value = b.call("broadcastTo", [c.reshape(b, value, [before, 1, after])], { shape: [before, length, after] });
  }
  return value;
}

/** Of what is too long to be added up in one go, the length of equal parts; 1 where it stays whole. */
function partOf(length: number, longest: number): number {
  if (length <= longest) return 1;
  // Near the square root all sums are about as long.
  for (let part = Math.floor(Math.sqrt(length)); part >= LEAST_PART; part--) if (length % part === 0) return part;
  return 1;
}

/** In shorter parts, what is left to add up is hardly shorter. */
const LEAST_PART = 8;

/** Sums, means or maxima over axes, one call a run of them: the last first. */
export function reduce(
  b: CallBuilder,
  op: "sum" | "mean" | "max",
  x: CallValue,
  shape: Shape,
  axes: readonly number[],
): CallValue {
  const merged = runs(shape, (axis) => axes.includes(axis));
  const last = merged.at(-1);
  const part = op !== "max" && last?.kind === true ? partOf(last.length, b.capabilities.longestSum) : 1;
  if (part > 1) {
    const parts = b.call(op, [c.reshape(b, x, [sizeOf(shape) / part, part])], { axes: [1] });
    const left = [...merged.slice(0, -1).map(({ length }) => length), last!.length / part];
    return reduce(b, op, parts, left, merged.flatMap(({ kind }, i) => (kind ? [i] : []))); // prettier-ignore
  }
  let value = x;
  if (merged.length <= MAX_RANK) {
    value = c.reshape(b, x, merged.map(({ length }) => length)); // prettier-ignore
    value = b.call(op, [value], { axes: merged.flatMap(({ kind }, i) => (kind ? [i] : [])) });
  } else {
    for (let i = merged.length - 1; i >= 0; i--) {
      const { length, kind } = merged[i]!;
      if (!kind) continue;
      const before = sizeOf(merged.slice(0, i).map((run) => run.length));
      const after = sizeOf(merged.slice(i + 1).map((run) => (run.kind ? 1 : run.length)));
      value = b.call(op, [c.reshape(b, value, [before, length, after])], { axes: [1] });
    }
  }
  return value;
}

export function transpose(b: CallBuilder, x: CallValue, shape: Shape, permutation: readonly number[]): CallValue {
  // Axes that stay side by side move as one.
  const moved = permutation.filter((axis) => shape[axis] !== 1);
  const blocks: number[][] = [];
  const kept = shape.flatMap((length, axis) => (length === 1 ? [] : [axis]));
  for (const axis of moved) {
    const last = blocks.at(-1)?.at(-1);
    if (last !== undefined && kept.indexOf(axis) === kept.indexOf(last) + 1) blocks.at(-1)!.push(axis);
    else blocks.push([axis]);
  }
  const order = blocks.toSorted((p, q) => p[0]! - q[0]!);
  const lengths = order.map((block) => sizeOf(block.map((axis) => shape[axis]!)));
  return permuted(b, x, lengths, blocks.map((block) => order.indexOf(block))); // prettier-ignore
}

function permuted(b: CallBuilder, x: CallValue, lengths: Shape, permutation: readonly number[]): CallValue {
  if (lengths.length <= MAX_RANK) return c.transpose(b, c.reshape(b, x, lengths), permutation);
  // One axis after the other goes to its place, past the block of those that stand before it.
  const now = lengths.map((_, axis) => axis);
  let value = x;
  permutation.forEach((axis, place) => {
    const at = now.indexOf(axis);
    if (at === place) return;
    const of = (from: number, to: number): number => sizeOf(now.slice(from, to).map((i) => lengths[i]!));
    const four = [of(0, place), of(place, at), lengths[axis]!, of(at + 1, now.length)];
    value = c.transpose(b, c.reshape(b, value, four), [0, 2, 1, 3]);
    now.splice(at, 1);
    now.splice(place, 0, axis);
  });
  return value;
}

/** `size` numbers from `start` on along each axis. */
export function slice(b: CallBuilder, x: CallValue, shape: Shape, start: Shape, size: Shape): CallValue {
  if (shape.length <= MAX_RANK) return c.slice(b, c.reshape(b, x, shape), start, size);
  return axisByAxis(b, x, shape, size, (value, [before, length, after], axis) =>
    c.slice(b, c.reshape(b, value, [before, length, after]), [0, start[axis]!, 0], [before, size[axis]!, after]),
  );
}

export function pad(
  b: CallBuilder,
  x: CallValue,
  shape: Shape,
  { before: first, after: last, value: number }: TfjsAttributes["pad"],
): CallValue {
  if (shape.length <= MAX_RANK) return c.pad(b, c.reshape(b, x, shape), first, last, number);
  const size = shape.map((length, axis) => first[axis]! + length + last[axis]!);
  return axisByAxis(b, x, shape, size, (value, [before, length, after], axis) =>
    c.pad(b, c.reshape(b, value, [before, length, after]), [0, first[axis]!, 0], [0, last[axis]!, 0], number),
  );
}

type Three = readonly [before: number, length: number, after: number];

/** Changes the lengths of axes to `size` one after the other, as the middle of three. */
function axisByAxis(
  b: CallBuilder,
  x: CallValue,
  shape: Shape,
  size: Shape,
  change: (value: CallValue, three: Three, axis: number) => CallValue,
): CallValue {
  let value = x;
  const now = [...shape];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (size[axis] === shape[axis]) continue;
    value = change(value, [sizeOf(now.slice(0, axis)), now[axis]!, sizeOf(now.slice(axis + 1))], axis);
    now[axis] = size[axis]!;
  }
  return value;
}

/** One behind the other along an axis. */
export function concat(
  b: CallBuilder,
  values: readonly CallValue[],
  shapes: readonly Shape[],
  axis: number,
): CallValue {
  if (shapes[0]!.length <= MAX_RANK) return c.concat(b, values.map((x, i) => c.reshape(b, x, shapes[i]!)), axis); // prettier-ignore
  const before = sizeOf(shapes[0]!.slice(0, axis));
  const rows = values.map((x, i) => c.reshape(b, x, [before, sizeOf(shapes[i]!.slice(axis))]));
  return c.concat(b, rows, 1);
}
