/** Shapes of tensors: what compiler and runtime both need to know of them. */

/** Lengths of the axes, outermost first. Row-major. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Row-major strides. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = [];
  shape.reduceRight((step, length, axis) => {
    strides[axis] = step;
    return step * length;
  }, 1);
  return strides;
}
