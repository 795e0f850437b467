/** Copies between layouts: transpose, pad, slice, concat, broadcast, upsample are kernels over strides. */
import { sizeOf, stridesOf, type Shape } from "../../../../shape.ts";
import { createMapKernel, recipeOf, renameBindings, type GpuKernel, type GpuRecipe } from "../kernel.ts";

interface Side {
  /** Numbers from one element to the next along each axis, and of the first one. */
  readonly strides: readonly number[];
  readonly offset: number;
  /** Numbers in the whole buffer. */
  readonly length: number;
}

export interface CopySpec {
  /** The box of elements that are copied. */
  readonly shape: Shape;
  readonly from: Side;
  readonly to: Side;
}

const whole = (shape: Shape): Side => ({ strides: stridesOf(shape), offset: 0, length: sizeOf(shape) });

/** Statements that take the number `i` in a box of `shape` apart into coordinates c0, c1, … */
function coordinates(shape: Shape): string[] {
  const strides = stridesOf(shape);
  return shape.map((length, axis) => {
    const quotient = strides[axis] === 1 ? "i" : `i / ${strides[axis]!}u`;
    return `let c${axis} = ${axis === 0 ? quotient : `${quotient} % ${length}u`};`;
  });
}

function address(strides: readonly number[], offset: number): string {
  const terms = strides.flatMap((stride, axis) => {
    return stride === 0 ? [] : [stride === 1 ? `c${axis}` : `c${axis} * ${stride}u`];
  });
  if (offset > 0 || terms.length === 0) terms.push(`${offset}u`);
  return terms.join(" + ");
}

interface Box {
  readonly shape: Shape;
  readonly from: Side;
  readonly to: Side;
}

/** The box in units of four elements, where both sides have these next to each other. */
function inFours({ shape, from, to }: Box): Box | undefined {
  const last = shape.length - 1;
  const whole = (side: Side): boolean =>
    side.strides[last] === 1 &&
    [side.offset, side.length, ...side.strides.slice(0, -1)].every((number) => number % 4 === 0);
  if (last < 0 || shape[last]! % 4 !== 0 || !whole(from) || !whole(to)) return undefined;
  const quarter = (side: Side): Side => ({
    strides: side.strides.map((stride, axis) => (axis === last ? 1 : stride / 4)),
    offset: side.offset / 4,
    length: side.length / 4,
  });
  return { shape: shape.with(last, shape[last]! / 4), from: quarter(from), to: quarter(to) };
}

/** Buffers `x`, `out`. */
export function copyKernel(label: string, spec: CopySpec): GpuKernel {
  const kept = spec.shape.flatMap((length, axis) => (length === 1 ? [] : [axis]));
  const pick = (values: readonly number[]): number[] => kept.map((axis) => values[axis]!);
  const single: Box = {
    shape: pick(spec.shape),
    from: { ...spec.from, strides: pick(spec.from.strides) },
    to: { ...spec.to, strides: pick(spec.to.strides) },
  };
  const fours = inFours(single);
  const { shape, from, to } = fours ?? single;
  return createMapKernel({
    label,
    inputs: [{ name: "x", length: spec.from.length }],
    outputs: [{ name: "out", length: spec.to.length }],
    body: [
      ...coordinates(shape),
      `out[${address(to.strides, to.offset)}] = x[${address(from.strides, from.offset)}];`,
    ].join("\n"),
    wide: fours === undefined ? [] : ["x", "out"],
    count: sizeOf(shape),
    flops: 0,
  });
}

/** Buffers `x`, `out` in the following recipes. */
export function transposeRecipe(shape: Shape, permutation: readonly number[]): GpuRecipe {
  const strides = stridesOf(shape);
  const out = permutation.map((axis) => shape[axis]!);
  const from = { strides: permutation.map((axis) => strides[axis]!), offset: 0, length: sizeOf(shape) };
  const label = `transpose ${shape.join("×")} by ${permutation.join(",")}`;
  return recipeOf(copyKernel(label, { shape: out, from, to: whole(out) }));
}

export function broadcastRecipe(shape: Shape, out: Shape): GpuRecipe {
  const missing = out.length - shape.length;
  const own = stridesOf(shape);
  const strides = out.map((length, axis) => {
    const from = shape[axis - missing];
    return from === undefined || (from === 1 && length !== 1) ? 0 : own[axis - missing]!;
  });
  const from = { strides, offset: 0, length: sizeOf(shape) };
  return recipeOf(copyKernel(`broadcast ${shape.join("×")} to ${out.join("×")}`, { shape: out, from, to: whole(out) }));
}

function offsetOf(strides: readonly number[], position: Shape): number {
  return position.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
}

export function sliceRecipe(shape: Shape, start: Shape, size: Shape): GpuRecipe {
  const source = whole(shape);
  const from = { ...source, offset: offsetOf(source.strides, start) };
  return recipeOf(copyKernel(`slice ${size.join("×")} of ${shape.join("×")}`, { shape: size, from, to: whole(size) }));
}

/** Every element of the result is written: the source's, or zero around it. */
export function padRecipe(shape: Shape, before: Shape, after: Shape): GpuRecipe {
  const out = shape.map((length, axis) => before[axis]! + length + after[axis]!);
  const strides = stridesOf(shape);
  const padded = shape.flatMap((_, axis) => (before[axis]! + after[axis]! > 0 ? [axis] : []));
  const inside = padded.map((axis) => `c${axis} - ${before[axis]!}u < ${shape[axis]!}u`);
  const terms = shape.map((_, axis) => `(c${axis} - ${before[axis]!}u) * ${strides[axis]!}u`);
  const kernel = createMapKernel({
    label: `pad ${shape.join("×")} to ${out.join("×")}`,
    inputs: [{ name: "x", length: sizeOf(shape) }],
    outputs: [{ name: "out", length: sizeOf(out) }],
    // Differences below zero wrap around to large numbers: one comparison tests both ends.
    body: [
      ...coordinates(out),
      "var value = 0.0f;",
      `if (${inside.length === 0 ? "true" : inside.join(" && ")}) {`,
      `  value = x[${terms.length === 0 ? "0u" : terms.join(" + ")}];`,
      "}",
      "out[i] = value;",
    ].join("\n"),
    count: sizeOf(out),
    flops: 0,
  });
  return recipeOf(kernel);
}

/** Buffers `x1`, `x2`, …, `out`: a kernel a part, so that their number is not bounded by that of bindings. */
export function concatRecipe(shapes: readonly Shape[], axis: number): GpuRecipe {
  const total = shapes.reduce((sum, shape) => sum + shape[axis]!, 0);
  const out = whole(shapes[0]!.map((length, i) => (i === axis ? total : length)));
  let before = 0;
  const steps = shapes.map((shape, i) => {
    const to = { ...out, offset: before * out.strides[axis]! };
    before += shape[axis]!;
    const kernel = copyKernel(`concat part ${i + 1}, ${shape.join("×")}`, { shape, from: whole(shape), to });
    return renameBindings(kernel, { x: `x${i + 1}` });
  });
  return recipeOf(...steps);
}

/** x [N,H,W,C] → [N,H·fh,W·fw,C], nearest neighbour. */
export function upsampleRecipe(shape: Shape, factor: readonly [number, number]): GpuRecipe {
  const [n, h, w, c] = shape as readonly [number, number, number, number];
  const box = [n, h, factor[0], w, factor[1], c];
  const from = { strides: [h * w * c, w * c, 0, c, 0, 1], offset: 0, length: sizeOf(shape) };
  const label = `upsample ${shape.join("×")} by ${factor.join("×")}`;
  return recipeOf(copyKernel(label, { shape: box, from, to: whole(box) }));
}
