/** Shape arithmetic and checks that the shape rules share. All throw an `Error` with a clear text on misuse. */
import type { ConvAttributes, Shape, WindowAttributes } from "../graph.ts";
import { sameShape } from "../graph.ts";

export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/** Texts with shapes in them are functions: shape rules run for every node after every pass, and rarely object. */
export function expect(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof message === "string" ? message : message());
}

export function expectRank(shape: Shape, rank: number, what: string): void {
  expect(shape.length === rank, () => `${what} must have ${rank} axes, has shape ${formatShape(shape)}`);
}

export function expectSame(actual: Shape, expected: Shape, what: string): void {
  expect(
    sameShape(actual, expected),
    () => `${what} must have shape ${formatShape(expected)}, has ${formatShape(actual)}`,
  );
}

/** A list of whole numbers, each at least `min`, of the given length if there is one. */
export function expectWhole(values: readonly number[], min: number, what: string, length?: number): void {
  expect(Array.isArray(values), () => `${what} must be a list`);
  expect(
    length === undefined || values.length === length,
    () => `${what} must have ${length} numbers, has ${values.length}`,
  );
  expect(
    values.every((v) => Number.isSafeInteger(v) && v >= min),
    () => `${what} must be whole numbers of at least ${min}, is ${formatShape(values)}`,
  );
}

/** Axes in any order, each once, all in range. */
export function expectAxes(axes: readonly number[], rank: number, what = "axes"): void {
  expectWhole(axes, 0, what);
  expect(
    axes.every((a) => a < rank),
    () => `${what} ${formatShape(axes)} do not exist in a tensor with ${rank} axes`,
  );
  expect(new Set(axes).size === axes.length, () => `${what} ${formatShape(axes)} name an axis twice`);
}

/** NumPy's rule: aligned at the last axis, lengths equal or 1. */
export function broadcastShapes(shapes: readonly Shape[]): Shape {
  let result: Shape = [];
  for (const shape of shapes) result = broadcastPair(result, shape, shapes);
  return result;
}

function broadcastPair(a: Shape, b: Shape, all: readonly Shape[]): Shape {
  if (a.length === 0) return b;
  if (b.length === 0 || sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    expect(
      left === right || left === 1 || right === 1,
      () => `shapes ${all.map(formatShape).join(" and ")} do not broadcast`,
    );
    result.push(left === 1 ? right : left);
  }
  return result;
}

export function broadcastsTo(from: Shape, to: Shape): boolean {
  return from.length <= to.length && from.every((d, i) => d === 1 || d === to[to.length - from.length + i]);
}

/** The axes summed away, as length 1. */
export function reducedShape(shape: Shape, axes: readonly number[]): Shape {
  expectAxes(axes, shape.length);
  return shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

/** Where the taps of a window fall: output index · stride + tap · dilation − padding before. */
interface Axis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  readonly dilation: number;
}

function outputLength(axis: Axis): number {
  const extent = axis.dilation * (axis.kernel - 1) + 1;
  const room = axis.input + axis.before + axis.after - extent;
  expect(
    room >= 0,
    () => `a window of ${extent} does not fit into ${axis.input} with padding ${axis.before} and ${axis.after}`,
  );
  return Math.floor(room / axis.stride) + 1;
}

type WindowGeometry = Pick<WindowAttributes, "kernel" | "stride" | "padding" | "dilation">;

function windowAxes(input: Shape, window: WindowGeometry): readonly [Axis, Axis] {
  expectRank(input, 4, "the image");
  expectWhole(window.kernel, 1, "kernel", 2);
  expectWhole(window.stride, 1, "stride", 2);
  expectWhole(window.padding, 0, "padding", 4);
  expectWhole(window.dilation, 1, "dilation", 2);
  const axis = (i: 0 | 1): Axis => ({
    input: input[i + 1]!,
    kernel: window.kernel[i],
    stride: window.stride[i],
    before: window.padding[2 * i]!,
    after: window.padding[2 * i + 1]!,
    dilation: window.dilation[i],
  });
  return [axis(0), axis(1)];
}

/** [N,H,W,C] → [N,H',W',channels]. */
export function windowShape(input: Shape, window: WindowGeometry, channels: number): Shape {
  const [height, width] = windowAxes(input, window);
  return [input[0]!, outputLength(height), outputLength(width), channels];
}

/** A maximum needs something inside every window. */
export function expectNoEmptyWindow(input: Shape, window: WindowGeometry): void {
  for (const axis of windowAxes(input, window)) {
    const length = outputLength(axis);
    for (let o = 0; o < length; o++) {
      const first = o * axis.stride - axis.before;
      // The first tap at or behind the image's start has to lie inside the image.
      const tap = Math.max(0, Math.ceil(-first / axis.dilation));
      expect(
        tap < axis.kernel && first + tap * axis.dilation < axis.input,
        () => `window ${o} lies in the padding only (kernel ${axis.kernel}, padding ${axis.before} and ${axis.after})`,
      );
    }
  }
}

/** x [N,H,W,C], w [O,kh,kw,C/groups] → [N,H',W',O]. */
export function convShape(x: Shape, w: Shape, conv: ConvAttributes): Shape {
  expectRank(x, 4, "the image");
  expectRank(w, 4, "the weight");
  expectWhole([conv.groups], 1, "groups");
  const [outputs, height, width, depth] = w as readonly [number, number, number, number];
  const channels = x[3]!;
  expect(channels % conv.groups === 0, () => `${channels} channels do not divide into ${conv.groups} groups`);
  expect(outputs % conv.groups === 0, () => `${outputs} outputs do not divide into ${conv.groups} groups`);
  expect(
    depth * conv.groups === channels,
    () =>
      `the weight ${formatShape(w)} needs ${depth * conv.groups} channels in ${conv.groups} groups, the image has ${channels}`,
  );
  return windowShape(x, { ...conv, kernel: [height, width] }, outputs);
}
