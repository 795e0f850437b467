/**
 * Elementary functions on four floats: polynomials after range reduction, a few units in the last place. Not a number
 * stays not a number, infinities give their limits. Each function sets locals, so arguments may be any value.
 */
import type { FunctionBuilder } from "./assembler.ts";
import { f32x4, i32x4, v128, type V128 } from "./values.ts";

const splat = f32x4.splat;

/** c[0] + c[1]·x + …, by Horner's rule. `x` must be a local. */
function polynomial(f: FunctionBuilder, coefficients: readonly number[], x: V128): V128 {
  return coefficients.slice(0, -1).reduceRight((sum, c) => f.madd(sum, x, splat(c)), splat(coefficients.at(-1)!));
}

/** ln 2 in two parts, the first with few bits, so that n·LN2_HIGH is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** eˣ as 2ⁿ·eʳ with |r| ≤ ln 2 / 2; coefficients of Cephes' expf (Moshier 1989). */
export function exp(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", f32x4.pmax(f32x4.pmin(argument, splat(89)), splat(-104)));
  const n = f.let("n", f32x4.nearest(f32x4.mul(x, splat(Math.LOG2E))));
  f.set(x, f32x4.sub(x, f32x4.mul(n, splat(LN2_HIGH))));
  f.set(x, f32x4.sub(x, f32x4.mul(n, splat(LN2_LOW))));
  const p = polynomial(
    f,
    [5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.98756915e-4],
    x,
  );
  const y = f.let("y", f32x4.add(f.madd(p, f32x4.mul(x, x), x), splat(1)));
  // 2ⁿ in two factors, so that results at both ends of the range are right.
  const whole = f.let("whole", i32x4.fromFloat(n));
  const half = f.let("half", i32x4.shrSigned(whole, 1));
  const scale = (power: V128): V128 => i32x4.shl(i32x4.add(power, i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(y, scale(half)), scale(i32x4.sub(whole, half)));
}

/** ln x as n·ln 2 + ln m with m in [√½, √2); coefficients of Cephes' logf (Moshier 1989). */
export function log(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", argument);
  const tiny = f.let("tiny", f32x4.lt(x, splat(2 ** -126)));
  const m = f.let("m", v128.bitselect(f32x4.mul(x, splat(2 ** 23)), x, tiny));
  const n = f.let("n", f32x4.fromInt(i32x4.sub(i32x4.shr(m, 23), i32x4.splat(126))));
  f.set(n, f32x4.sub(n, v128.and(tiny, splat(23))));
  f.set(m, v128.or(v128.and(m, i32x4.splat(0x007fffff)), splat(0.5)));
  const low = f.let("low", f32x4.lt(m, splat(Math.SQRT1_2)));
  f.set(n, f32x4.sub(n, v128.and(low, splat(1))));
  f.set(m, f32x4.add(f32x4.sub(m, splat(1)), v128.and(low, m)));
  const z = f.let("z", f32x4.mul(m, m));
  const p = polynomial(
    f,
    [
      3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1, -1.2420140846e-1,
      1.167699874e-1, -1.151461031e-1, 7.0376836292e-2,
    ],
    m,
  );
  const y = f.let("y", f32x4.mul(f32x4.mul(p, m), z));
  f.set(y, f.madd(n, splat(LN2_LOW), y));
  f.set(y, f32x4.sub(y, f32x4.mul(z, splat(0.5))));
  f.set(y, f.madd(n, splat(LN2_HIGH), f32x4.add(m, y)));
  // ln 0 = −∞, ln of a negative number is not a number, ln ∞ = ∞; a NaN of x comes through x itself.
  f.set(y, v128.bitselect(splat(-Infinity), y, f32x4.eq(x, splat(0))));
  f.set(y, v128.bitselect(splat(NaN), y, f32x4.lt(x, splat(0))));
  return v128.bitselect(x, y, v128.or(f32x4.eq(x, splat(Infinity)), f32x4.ne(x, x)));
}

/** 1 / (1 + e^−x), from e^−|x|, which cannot overflow. */
export function sigmoid(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", argument);
  const e = f.let("e", exp(f, f32x4.neg(f32x4.abs(x))));
  const numerator = v128.bitselect(e, splat(1), f32x4.lt(x, splat(0)));
  return f32x4.div(numerator, f32x4.add(e, splat(1)));
}

/** x + x³·P(x²) below 0.625 (Cephes' tanhf), 1 − 2/(e^2|x| + 1) with the sign of x above. */
export function tanh(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", argument);
  const t = f.let("t", f32x4.abs(x));
  const z = f.let("z", f32x4.mul(x, x));
  const p = polynomial(
    f,
    [-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3],
    z,
  );
  const small = f.let("small", f.madd(f32x4.mul(p, z), x, x));
  const e = exp(f, f32x4.add(t, t));
  const large = f.let("large", f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(e, splat(1)))));
  return v128.bitselect(withSign(large, x), small, f32x4.gt(t, splat(0.625)));
}

/** Polynomials fitted at Chebyshev points: erf(x)/x − 1 in x² below 0.93, ln erfc in |x| above, up to 4. */
export function erf(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", argument);
  const t = f.let("t", f32x4.pmin(f32x4.abs(x), splat(4)));
  const z = f.let("z", f32x4.mul(t, t));
  const p = polynomial(
    f,
    [
      0.12837916612625122, -0.37612634897232056, 0.11283689737319946, -0.026859058067202568, 0.005200125277042389,
      -0.0008131831418722868, 0.00008322183566633612,
    ],
    z,
  );
  const small = f.let("small", f.madd(x, p, x));
  const q = polynomial(
    f,
    [
      0.0003002688172273338, -1.130155086517334, -0.6319562196731567, -0.10996080189943314, 0.026355121284723282,
      -0.004736950621008873, 0.0005920927505940199, -0.00004551277379505336, 0.0000016102404742923682,
    ],
    t,
  );
  const large = f.let("large", f32x4.sub(splat(1), exp(f, q)));
  return v128.bitselect(withSign(large, x), small, f32x4.gt(t, splat(0.93)));
}

/** max(x, 0) + ln(1 + e^−|x|); the rounding of 1 + e is put back to first order. */
export function softplus(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", argument);
  const e = f.let("e", exp(f, f32x4.neg(f32x4.abs(x))));
  const u = f.let("u", f32x4.add(e, splat(1)));
  const lost = f.let("lost", f32x4.div(f32x4.sub(e, f32x4.sub(u, splat(1))), u));
  return f32x4.add(f32x4.pmax(x, splat(0)), f32x4.add(log(f, u), lost));
}

/**
 * xᵖ for x ≥ 0. Products and square roots where 4p is a small integer, else e^(p·ln x), whose relative error grows with
 * |p·ln x| (about |p·ln x|·2⁻²⁴).
 */
export function power(f: FunctionBuilder, argument: V128, exponent: number): V128 {
  const quarters = Math.abs(exponent) * 4;
  // −0 becomes 0, lest negative powers give −∞.
  const x = f.let("x", f32x4.add(argument, splat(0)));
  if (!Number.isInteger(quarters) || quarters > 64) return exp(f, f32x4.mul(log(f, x), splat(exponent)));
  const factors: V128[] = [];
  if (quarters & 3) {
    const root = f.let("root", f32x4.sqrt(x));
    if (quarters & 2) factors.push(root);
    if (quarters & 1) factors.push(f.let("fourth", f32x4.sqrt(root)));
  }
  let bits = quarters >> 2;
  for (let square: V128 = x; bits > 0; bits >>= 1) {
    if (bits & 1) factors.push(square);
    if (bits > 1) square = f.let("square", f32x4.mul(square, square));
  }
  const product = factors.length === 0 ? splat(1) : factors.reduce((a, b) => f32x4.mul(a, b));
  return exponent < 0 ? f32x4.div(splat(1), product) : product;
}

/** −1, 0 or 1; NaN stays. */
export function sign(f: FunctionBuilder, argument: V128): V128 {
  const x = f.let("x", argument);
  return v128.bitselect(x, withSign(splat(1), x), v128.or(f32x4.eq(x, splat(0)), f32x4.ne(x, x)));
}

/** The magnitude of `value` with the sign of `x`. */
function withSign(value: V128, x: V128): V128 {
  return v128.bitselect(x, value, i32x4.splat(0x80000000 | 0));
}
