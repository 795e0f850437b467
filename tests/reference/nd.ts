/** Plain n-dimensional arrays, and one graph of one operation: what the tests compare the device with. */
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { sizeOf, type Graph, type OpAttributes, type OpKind, type Shape } from "../../src/compiler/graph/graph.ts";

export interface Nd {
  readonly shape: Shape;
  readonly data: Float64Array;
  /** The element at an index; outside of the array 0. */
  at(...index: number[]): number;
}

export function nd(shape: Shape, data: ArrayLike<number>): Nd {
  const values = Float64Array.from(data);
  return {
    shape,
    data: values,
    at: (...index) => (index.every((v, i) => v >= 0 && v < shape[i]!) ? values[flat(shape, index)]! : 0),
  };
}

function flat(shape: Shape, index: readonly number[]): number {
  return index.reduce((position, v, i) => position * shape[i]! + v, 0);
}

/** Every index in row-major order. */
export function* indices(shape: Shape): Generator<number[]> {
  for (let i = 0; i < sizeOf(shape); i++) {
    const index = new Array<number>(shape.length);
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    yield index;
  }
}

/** The array whose element at `index` is `value(...index)`. */
export function build(shape: Shape, value: (...index: number[]) => number): Nd {
  return nd(
    shape,
    [...indices(shape)].map((index) => value(...index)),
  );
}

/** a·sin(1.3 i + s) at flat index i. */
export function gen(shape: Shape, s: number, a = 1): Nd {
  return nd(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => a * Math.sin(1.3 * i + s)),
  );
}

/** Few different values: ties are common. */
export function coarse(shape: Shape, s: number): Nd {
  return nd(
    shape,
    gen(shape, s).data.map((v) => Math.round(2 * v)),
  );
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const v of values) total += v;
  return total;
}

/** A graph of one operation on inputs x0, x1, … `shape` is the result's where the operation has no inputs. */
export function graphOf<K extends OpKind>(
  op: K,
  attributes: OpAttributes[K],
  inputs: readonly Shape[],
  shape: Shape,
): Graph {
  const b = createBuilder(op);
  const leaves = inputs.map((s, i) => b.emit("input", [], { name: `x${i}` }, s));
  b.output("y", b.emit(op, leaves, attributes, shape));
  return b.finish();
}

export function feedsOf(inputs: readonly Nd[]): Record<string, Float64Array> {
  return Object.fromEntries(inputs.map((x, i) => [`x${i}`, x.data]));
}

/** Largest difference, relative to the expected number where that is above 1. Not-a-number on one side is infinite. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < found.length; i++) {
    const [f, e] = [found[i]!, expected[i]!];
    if (Object.is(f, e) || f === e) continue;
    const d = Math.abs(f - e) / Math.max(1, Math.abs(e));
    worst = Math.max(worst, Number.isNaN(d) ? Infinity : d);
  }
  return worst;
}
