/** What a reduction is to a kernel, whatever the target: [outer, reduced, inner] over the middle. */
import type { Shape } from "../../shape.ts";
import type { Access, Expression } from "./expression.ts";

export type ReduceKind = "sum" | "mean" | "max" | "variance";

export interface ReduceSpec {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly kind: ReduceKind;
  /**
   * What is reduced: an expression over inputs `x1`, `x2`, … Default: `x1` itself. For `inner` = 1 rows are `outer` and
   * channels `reduced`; otherwise rows are outer · reduced and channels `inner`.
   */
  readonly inputs?: readonly Access[];
  readonly value?: Expression;
  /** Applied to the result (input 0). */
  readonly finish?: Expression;
  /** Of a variance: the mean too, in the buffer `mean`. */
  readonly withMean?: boolean;
}

/** The reduction of `axes`, which must follow each other, as [outer, reduced, inner]. */
export function reduceShape(shape: Shape, axes: readonly number[]): Pick<ReduceSpec, "outer" | "reduced" | "inner"> {
  const sorted = [...axes].sort((a, b) => a - b);
  const first = sorted[0] ?? 0;
  if (sorted.some((axis, i) => axis !== first + i)) throw new Error(`axes ${sorted.join()} do not follow each other`);
  const product = (from: number, to: number): number => shape.slice(from, to).reduce((a, b) => a * b, 1);
  const end = first + sorted.length;
  return { outer: product(0, first), reduced: product(first, end), inner: product(end, shape.length) };
}
