/** Matrix products: of rank 2 wherever one right side serves all, else with one leading axis. */
import { sizeOf, type Shape } from "../../../shape.ts";
import type { CallBuilder, CallValue } from "./call-builder.ts";
import * as c from "./calls.ts";
import { transpose } from "./axes.ts";

interface Transposed {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** x·y of rank 2 or 3. */
export function matrixProduct(b: CallBuilder, x: CallValue, y: CallValue, transposed: Transposed = {}): CallValue {
  if (!b.capabilities.choices.plainProducts) return c.matMul(b, x, y, transposed);
  const left = transposed.a === true ? swapped(b, x) : x;
  const right = transposed.b === true ? swapped(b, y) : y;
  if (b.shapeOf(left).length === 2) return c.matMul(b, left, right);
  const [batch, rows, inner] = b.shapeOf(left) as readonly [number, number, number];
  const columns = b.shapeOf(right)[2]!;
  if (batch * rows * inner * columns < worthwhile * batch) return c.matMul(b, left, right);
  const one = (value: CallValue, i: number): CallValue => {
    const [, height, width] = b.shapeOf(value) as readonly [number, number, number];
    return c.reshape(b, c.slice(b, value, [i, 0, 0], [1, height, width]), [height, width]);
  };
  const products = Array.from({ length: batch }, (_, i) => c.matMul(b, one(left, i), one(right, i)));
  return c.reshape(b, c.concat(b, products, 0), [batch, rows, columns]);
}

/** Multiply-adds of one product from which on taking it apart costs less than it saves. */
const worthwhile = 100_000;

function swapped(b: CallBuilder, x: CallValue): CallValue {
  const rank = b.shapeOf(x).length;
  return c.transpose(b, x, rank === 2 ? [1, 0] : [0, 2, 1]);
}

/** The graph's product: x [..., m, k], y [..., k, n] or [k, n]. */
export function product(
  b: CallBuilder,
  [x, y]: readonly CallValue[],
  [left, right]: readonly Shape[],
  { transposeA, transposeB }: { readonly transposeA: boolean; readonly transposeB: boolean },
): CallValue {
  const lead = sizeOf(left!.slice(0, -2));
  const tail = left!.slice(-2);
  if (right!.length > 2 && lead > 1) {
    const three = (value: CallValue, shape: Shape): CallValue => c.reshape(b, value, [lead, ...shape.slice(-2)]);
    return matrixProduct(b, three(x!, left!), three(y!, right!), { a: transposeA, b: transposeB });
  }
  const matrix = c.reshape(b, y!, right!.slice(-2));
  if (!transposeA) return matrixProduct(b, c.reshape(b, x!, [lead * tail[0]!, tail[1]!]), matrix, { b: transposeB });
  if (lead === 1) return matrixProduct(b, c.reshape(b, x!, tail), matrix, { a: true, b: transposeB });
  const rows = transpose(b, x!, [lead, ...tail], [0, 2, 1]);
  return matrixProduct(b, c.reshape(b, rows, [lead * tail[1]!, tail[0]!]), matrix, { b: transposeB });
}
