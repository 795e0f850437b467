/** Scalar expressions as WGSL. Not-a-number is never relied on: shaders may be compiled as if there were none. */
import { isBinary, operandsOf, printExpression, type Expression } from "../../plan/expression.ts";

/** A number as an f32 literal; what has no literal is made from its bits by a helper. */
export function literal(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isFinite(rounded)) return Object.is(rounded, -0) ? "-0.0f" : `${rounded}f`;
  const bits = Number.isNaN(rounded) ? "0x7fc00000u" : rounded > 0 ? "0x7f800000u" : "0xff800000u";
  return `from_bits(${bits})`;
}

/** How many neighbouring elements a value holds: f32 or vec4f. */
export type Width = 1 | 4;

export const typeOf = (width: Width): string => (width === 1 ? "f32" : "vec4f");

/** A scalar as a value of some width. */
export const splat = (scalar: string, width: Width): string => (width === 1 ? scalar : `vec4f(${scalar})`);

type Helper = keyof typeof HELPERS;

/**
 * Functions that WGSL lacks, or whose built-in form loses digits: tanh near 0, log near 1. The polynomials are those of
 * Cephes (Moshier 1989); erf's are fitted at Chebyshev points, erf(x)/x − 1 in x² below 0.93 and ln erfc above.
 */
const HELPERS = {
  from_bits: `fn from_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}`,
  precise_log: `// n·ln 2 + ln m with m in [√½, √2); the built-in function decides what is below the normal numbers and at infinity.
fn precise_log(x: f32) -> f32 {
  if (x < 1.17549435e-38f || x > 3.40282346e38f) {
    return log(x);
  }
  let bits = bitcast<u32>(x);
  var n = f32(i32(bits >> 23u) - 126);
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  if (m < 0.70710678f) {
    n -= 1.0f;
    m += m;
  }
  m -= 1.0f;
  let z = m * m;
  var p = 7.0376836292e-2f;
  p = p * m - 1.151461031e-1f;
  p = p * m + 1.167699874e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  return (p * m * z - n * 2.12194440e-4f - 0.5f * z) + m + n * 0.693359375f;
}`,
  sigmoid: `// From e^−|x|, which cannot overflow.
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0f, e, x < 0.0f) / (e + 1.0f);
}`,
  precise_tanh: `fn precise_tanh(x: f32) -> f32 {
  let z = x * x;
  if (z <= 0.390625f) {
    let p = (((-5.70498872745e-3f * z + 2.06390887954e-2f) * z - 5.37397155531e-2f) * z + 1.33314422036e-1f) * z;
    return x + x * z * (p - 3.33332819422e-1f);
  }
  return sign(x) * (1.0f - 2.0f / (exp(2.0f * min(abs(x), 40.0f)) + 1.0f));
}`,
  erf: `fn erf(x: f32) -> f32 {
  let t = min(abs(x), 4.0f);
  if (t <= 0.93f) {
    let z = t * t;
    var p = 0.00008322183566633612f;
    p = p * z - 0.0008131831418722868f;
    p = p * z + 0.005200125277042389f;
    p = p * z - 0.026859058067202568f;
    p = p * z + 0.11283689737319946f;
    p = p * z - 0.37612634897232056f;
    p = p * z + 0.12837916612625122f;
    return x + x * p;
  }
  var q = 0.0000016102404742923682f;
  q = q * t - 0.00004551277379505336f;
  q = q * t + 0.0005920927505940199f;
  q = q * t - 0.004736950621008873f;
  q = q * t + 0.026355121284723282f;
  q = q * t - 0.10996080189943314f;
  q = q * t - 0.6319562196731567f;
  q = q * t - 1.130155086517334f;
  q = q * t + 0.0003002688172273338f;
  return sign(x) * (1.0f - exp(q));
}`,
  softplus: `// max(x, 0) + ln(1 + e), e = e^−|x|; below 0.1 by the series of ln(1 + e), which keeps all digits.
fn softplus(x: f32) -> f32 {
  let e = exp(-abs(x));
  if (e < 0.1f) {
    let tail = ((((e / 6.0f - 0.2f) * e + 0.25f) * e - 0.33333333f) * e + 0.5f) * e;
    return max(x, 0.0f) + e * (1.0f - tail);
  }
  return max(x, 0.0f) + precise_log(1.0f + e);
}`,
} as const;

/** Helpers that a helper calls. */
const NEEDS: Partial<Record<Helper, Helper>> = { softplus: "precise_log" };

export interface EmittedExpressions {
  /** Statements, one a line, each declaring a value. */
  readonly lines: readonly string[];
  /** The results, one an expression: names or literals. */
  readonly values: readonly string[];
}

/**
 * The statements that compute some expressions on the same element. `input(i)` gives the WGSL of input `i`; it is asked
 * once an input, and equal parts are computed once. Names begin with `prefix`, default `v`. With width 4 all values,
 * those of `input` too, are vec4f.
 */
export function emitExpressions(
  expressions: readonly Expression[],
  input: (index: number) => string,
  options: { readonly prefix?: string; readonly width?: Width } = {},
): EmittedExpressions {
  const { prefix = "v", width = 1 } = options;
  const known = new Map<string, string>();
  const lines: string[] = [];
  const walk = (e: Expression): string => {
    if (e.op === "constant") return splat(literal(e.value), width);
    const key = printExpression(e);
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const code = e.op === "input" ? input(e.index) : apply(e, operandsOf(e).map(walk), width);
    const name = `${prefix}${known.size}`;
    known.set(key, name);
    lines.push(`let ${name} = ${code};`);
    return name;
  };
  return { values: expressions.map(walk), lines };
}

/** The helper functions that some WGSL calls, each once. */
export function helpersFor(code: string): string {
  const wanted = new Set<Helper>();
  for (const name of Object.keys(HELPERS) as Helper[]) {
    if (!new RegExp(`\\b${name}\\(`).test(code)) continue;
    const needed = NEEDS[name];
    if (needed !== undefined) wanted.add(needed);
    wanted.add(name);
  }
  return [...wanted].map((name) => HELPERS[name]).join("\n\n");
}

/** A call of a helper, which takes one number at a time. */
function call(helper: Helper, a: string, width: Width): string {
  return width === 1 ? `${helper}(${a})` : `vec4f(${[..."xyzw"].map((part) => `${helper}(${a}.${part})`).join(", ")})`;
}

function apply(
  e: Exclude<Expression, { op: "constant" | "input" }>,
  operands: readonly string[],
  width: Width,
): string {
  const [a, b, c] = operands as [string, string, string];
  const [zero, one] = [splat("0.0f", width), splat("1.0f", width)];
  if (isBinary(e)) {
    switch (e.op) {
      case "add":
        return `${a} + ${b}`;
      case "sub":
        return `${a} - ${b}`;
      case "mul":
        return `${a} * ${b}`;
      case "div":
        return `${a} / ${b}`;
      case "max":
        return `max(${a}, ${b})`;
      case "min":
        return `min(${a}, ${b})`;
      case "greater":
        return `select(${zero}, ${one}, ${a} > ${b})`;
      default:
        throw new Error(`no such operation: ${String(e satisfies never)}`);
    }
  }
  switch (e.op) {
    case "neg":
      return `-(${a})`;
    case "abs":
      return `abs(${a})`;
    case "sign":
      return `sign(${a})`;
    case "square":
      return `${a} * ${a}`;
    case "sqrt":
      return `sqrt(${a})`;
    case "exp":
      return `exp(${a})`;
    case "log":
      return call("precise_log", a, width);
    case "sigmoid":
      return call("sigmoid", a, width);
    case "tanh":
      return call("precise_tanh", a, width);
    case "erf":
      return call("erf", a, width);
    case "softplus":
      return call("softplus", a, width);
    case "relu":
      return `max(${a}, ${zero})`;
    case "power":
      return power(a, e.exponent, width);
    case "select":
      return `select(${c}, ${b}, ${a} != ${zero})`;
    default:
      throw new Error(`no such operation: ${String(e satisfies never)}`);
  }
}

/** aᵖ for a ≥ 0: products and square roots where 4p is a small whole number, else e^(p·ln a), with 0 for a = 0 and p > 0. */
function power(a: string, exponent: number, width: Width): string {
  const quarters = Math.abs(exponent) * 4;
  if (!Number.isInteger(quarters) || quarters > 32) {
    const value = `exp(${literal(exponent)} * ${call("precise_log", a, width)})`;
    const zero = splat("0.0f", width);
    return exponent > 0 ? `select(${zero}, ${value}, ${a} > ${zero})` : value;
  }
  const factors: string[] = Array.from({ length: quarters >> 2 }, () => a);
  if (quarters & 2) factors.push(`sqrt(${a})`);
  if (quarters & 1) factors.push(`sqrt(sqrt(${a}))`);
  const product = factors.length === 0 ? splat("1.0f", width) : factors.join(" * ");
  return exponent < 0 ? `1.0f / (${product})` : product;
}
