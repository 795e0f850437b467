/** The error function in double precision. */

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/**
 * erf(x) to about 1 part in 10¹⁵. Near 0 by the series with only positive terms (Abramowitz and Stegun 7.1.6), further
 * out by the continued fraction of the complement (7.1.14); ±1 beyond 6.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return x > 0 ? 1 : -1;
  if (a < 2.25) {
    const square2 = 2 * x * x;
    let term = x;
    let sum = x;
    for (let n = 3; Math.abs(term) > Math.abs(sum) * 1e-17; n += 2) {
      term *= square2 / n;
      sum += term;
    }
    return TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum;
  }
  // erfc(a) = e^(−a²)/√π · 1/(a + (1/2)/(a + (2/2)/(a + (3/2)/(a + …)))); 50 levels are enough from 2.25 on.
  let tail = a;
  for (let k = 50; k >= 1; k--) tail = a + k / 2 / tail;
  const complement = ((TWO_OVER_ROOT_PI / 2) * Math.exp(-a * a)) / tail;
  return x > 0 ? 1 - complement : complement - 1;
}
