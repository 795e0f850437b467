/**
 * Random numbers that are a pure function of a key and a counter: Philox-4x32-10 (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). Everything here uses only integer operations and the five operations that IEEE 754
 * fixes to the bit (+ − × ÷ √), never Math.log or Math.cos, so every engine gives the same bits.
 */

const ROUND_A = 0xd2511f53;
const ROUND_B = 0xcd9e8d57;
const KEY_STEP_A = 0x9e3779b9;
const KEY_STEP_B = 0xbb67ae85;
const WORD = 2 ** 32;

/** High 32 bits of the unsigned 64-bit product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** One block: writes four 32-bit words to `out`. `counter` and `key` are words, lowest first. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(ROUND_A, c0);
    const low0 = Math.imul(ROUND_A, c0);
    const high1 = multiplyHigh(ROUND_B, c2);
    const low1 = Math.imul(ROUND_B, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + KEY_STEP_A) >>> 0;
    k1 = (k1 + KEY_STEP_B) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The two 32-bit words of an integer below 2⁵³. Fractions are dropped. */
function words(value: number): [number, number] {
  const whole = Math.trunc(value);
  return [whole >>> 0, Math.floor(whole / WORD) >>> 0];
}

/** 24 bits as a number in [0, 1): exact in float32. */
function unit24(word: number): number {
  return (word >>> 8) / 0x1000000;
}

/**
 * Fills `out` with `counterUniform(key, step, 0 … out.length − 1)`, a block of four at a time.
 */
export function fillUniform(
  key: number,
  step: number,
  out: { [index: number]: number; readonly length: number },
): void {
  const block = new Uint32Array(4);
  const keyWords = words(key);
  const [stepLow, stepHigh] = words(step);
  for (let start = 0; start < out.length; start += 4) {
    const [low, high] = words(start / 4);
    philox4x32([low, high, stepLow, stepHigh], keyWords, block);
    const lanes = Math.min(4, out.length - start);
    for (let lane = 0; lane < lanes; lane++) out[start + lane] = unit24(block[lane]!);
  }
}

/**
 * The uniform number in [0, 1) of one element: a multiple of 2⁻²⁴. Element i is lane i mod 4 of the Philox block with
 * counter (⌊i/4⌋ low, high, step low, step high) and the key's two words. `key`, `step` and `index` are integers in
 * [0, 2⁵³).
 */
export function counterUniform(key: number, step: number, index: number): number {
  const block = new Uint32Array(4);
  const [low, high] = words(Math.floor(index / 4));
  const [stepLow, stepHigh] = words(step);
  philox4x32([low, high, stepLow, stepHigh], words(key), block);
  return unit24(block[index % 4]!);
}

export interface Random {
  /** In [0, 1), a multiple of 2⁻²⁴. */
  uniform(): number;
  /** Standard normal, rounded to float32. */
  normal(): number;
  /** Standard normal, cut at ±2 (by the inverse distribution: nothing is rejected), rounded to float32. */
  truncatedNormal(): number;
  /** 0 … n − 1, each equally likely. `n` is a whole number from 1 to 2³². */
  integer(n: number): number;
  /** 0 … n − 1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array;
}

/**
 * A sequence of random numbers. The same seed and stream name give the same bits; streams of one seed are independent
 * of each other. The seed is the Philox key, the stream's hash the upper half of the counter.
 */
export function createRandom(seed: number, stream: string): Random {
  const key = words(seed);
  const upper: readonly [number, number] = [hashText(stream, 0x811c9dc5), hashText(stream, 0x5bd1e995)];
  const block = new Uint32Array(4);
  let used = 4;
  let counter = 0;

  function word(): number {
    if (used === 4) {
      const [low, high] = words(counter++);
      philox4x32([low, high, ...upper], key, block);
      used = 0;
    }
    return block[used++]!;
  }

  /** In (0, 1), never an end: the middle of one of 2⁵² cells. */
  function inside(): number {
    const high = word() >>> 6;
    const low = word() >>> 6;
    return (high * 2 ** 26 + low + 0.5) / 2 ** 52;
  }

  function integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > WORD) throw new Error(`integer(n) needs 1 ≤ n ≤ 2^32, not ${n}`);
    // Words from the last, incomplete run of n are drawn again: without that the low results would be likelier.
    const limit = WORD - (WORD % n);
    let drawn = word();
    while (drawn >= limit) drawn = word();
    return drawn % n;
  }

  return {
    uniform: () => unit24(word()),
    normal: () => Math.fround(normalQuantile(inside())),
    truncatedNormal: () => Math.fround(normalQuantile(BELOW_MINUS_TWO + inside() * (1 - 2 * BELOW_MINUS_TWO))),
    integer,
    permutation(n) {
      const order = Uint32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        const moved = order[i]!;
        order[i] = order[j]!;
        order[j] = moved;
      }
      return order;
    },
  };
}

/** FNV-1a over UTF-16 code units (both bytes of each), 32 bits, from the given basis. */
function hashText(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** Φ(−2): the share of a standard normal below −2. */
const BELOW_MINUS_TWO = 0.02275013194817921;

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!;
  return value;
}

// Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution", PPND16; lowest power first.
const CENTRE_TOP = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
];
const CENTRE_BOTTOM = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
];
const MIDDLE_TOP = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
];
const MIDDLE_BOTTOM = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const TAIL_TOP = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const TAIL_BOTTOM = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15,
];

/** The x with Φ(x) = p, for 0 < p < 1, to about 1 part in 10¹⁵. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_TOP, r)) / polynomial(CENTRE_BOTTOM, r);
  }
  const r = Math.sqrt(-naturalLog(q < 0 ? p : 1 - p));
  const x =
    r <= 5
      ? polynomial(MIDDLE_TOP, r - 1.6) / polynomial(MIDDLE_BOTTOM, r - 1.6)
      : polynomial(TAIL_TOP, r - 5) / polynomial(TAIL_BOTTOM, r - 5);
  return q < 0 ? -x : x;
}

/**
 * ln x for normal x > 0 from IEEE operations only: x = m·2ᵉ with m in [√½, √2), ln m = 2·artanh((m − 1)/(m + 1)).
 * The series stops below 2⁻⁵³ as |s| ≤ 0.172.
 */
export function naturalLog(x: number): number {
  let m = x;
  let exponent = 0;
  while (m < Math.SQRT1_2) {
    m *= 2;
    exponent--;
  }
  while (m >= Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let series = 0;
  for (let k = 25; k >= 1; k -= 2) series = series * square + 1 / k;
  return 2 * s * series + exponent * Math.LN2;
}
