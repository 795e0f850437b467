/** Gauss–Legendre quadrature on [0, 1]. */

export interface Quadrature {
  /** Places, ascending. */
  readonly nodes: Float64Array;
  /** Their weights: they add up to 1. */
  readonly weights: Float64Array;
}

/** The rule of n ≥ 1 points, exact for polynomials up to degree 2n − 1, to rounding. */
export function gaussLegendre(n: number): Quadrature {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // A root of the Legendre polynomial Pₙ: Newton's method from Tricomi's estimate.
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let { value, slope } = legendre(n, x);
    for (let step = 0; step < 100 && Math.abs(value / slope) > 1e-16; step++) {
      x -= value / slope;
      ({ value, slope } = legendre(n, x));
    }
    nodes[n - 1 - i] = (1 + x) / 2;
    weights[n - 1 - i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

/** Pₙ(x) and its derivative, by the three-term recurrence. */
function legendre(n: number, x: number): { readonly value: number; readonly slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}
