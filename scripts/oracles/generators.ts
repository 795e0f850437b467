/**
 * Reproducible numbers for the oracles: every weight and input is a hash of its tag and index, exact in float32, so
 * that two implementations start from identical bits. All integer arithmetic is unsigned 32-bit.
 */
import { sizeOf, type Shape } from "../../src/compiler/graph/graph.ts";

/** A 32-bit integer hash with low bias. */
export function lowbias32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/** FNV-1a over the UTF-8 bytes. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** n numbers in (−1, 1), exact in float64. */
export function uniform(tag: string, n: number): Float64Array {
  const hash = fnv1a(tag);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = (lowbias32((lowbias32(i) ^ hash) >>> 0) + 0.5) / 2 ** 31 - 1;
  return out;
}

/**
 * Numbers by a rule: `fround(a*u)`, `fround(o + a*u)`, each also inside `abs(…)`, rounded to float32.
 * Throws on a rule it does not know.
 */
export function byRule(rule: string, tag: string, shape: Shape): Float64Array {
  const match = /^(abs\()?fround\((?:([-+\d.e]+) \+ )?(?:([-+\d.e]+)\*)?u\)\)?$/.exec(rule);
  if (match === null) throw new Error(`unknown rule: ${rule}`);
  const offset = Number(match[2] ?? 0);
  const scale = Number(match[3] ?? 1);
  const absolute = match[1] !== undefined;
  return uniform(tag, sizeOf(shape)).map((u) => {
    const value = Math.fround(match[2] === undefined ? scale * u : offset + scale * u);
    return absolute ? Math.abs(value) : value;
  });
}

/** How a network's tensors are filled, key by key. */
export interface Fill {
  readonly runningMeanAmplitude?: number;
  readonly meanOffset_default?: number;
  readonly meanOffset_by_key?: Readonly<Record<string, number>>;
  readonly scaleExp_by_key?: Readonly<Record<string, number>>;
  readonly vRowsScaleExp_by_key?: Readonly<Record<string, number>>;
}

/** The tensor of one state-dict key, in the order and layout of the file (PyTorch's). */
export function fillTensor(tag: string, key: string, shape: Shape, fill: Fill): Float64Array {
  const last = key.slice(key.lastIndexOf(".") + 1);
  const factor = 2 ** (fill.scaleExp_by_key?.[key] ?? 0);
  const u = uniform(`${tag}|${key}`, sizeOf(shape));
  if (last === "num_batches_tracked") return u.fill(0);
  if (last === "running_mean") return u.map((v) => factor * Math.fround((fill.runningMeanAmplitude ?? 0) * v));
  if (last === "running_var") return u.map((v) => factor * Math.fround(1 + 0.5 * Math.abs(v)));
  if (last === "bias") return u.map((v) => factor * Math.fround(0.1 * v));
  if (last === "layer_scale" || shape.length === 1) return u.map((v) => factor * Math.fround(1 + 0.1 * v));
  const amplitude = Math.sqrt(3 / sizeOf(shape.slice(1)));
  const offset = fill.meanOffset_by_key?.[key] ?? fill.meanOffset_default ?? 0;
  const values = u.map((v) => factor * Math.fround(amplitude * (offset === 0 ? v : v + offset)));
  const rows = fill.vRowsScaleExp_by_key?.[key];
  if (rows === undefined) return values;
  const start = (2 * values.length) / 3;
  return values.map((v, i) => (i >= start ? v * 2 ** rows : v));
}

/** A formula image, [H, W, 3] (channels last), values k/1024. */
export function formulaImage(seed: number, height: number, width: number): Float64Array {
  const triangle = (t: number, period: number): number => Math.abs((t % (2 * period)) - period);
  const noise = lowbias32(seed);
  const out = new Float64Array(height * width * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, i++) {
        const v =
          8 * triangle((c + 2) * x + (5 - c) * y + 29 * c + seed, 64) +
          3 * triangle(((y * y + x * x) >> 3) + (c + 3) * x + 17 * seed, 128) +
          (lowbias32((((c * 4096 + y) * 4096 + x) ^ noise) >>> 0) & 127);
        out[i] = v / 1024;
      }
    }
  }
  return out;
}
