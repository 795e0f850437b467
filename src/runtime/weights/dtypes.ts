/** The element types of safetensors files: sizes in bytes, and conversion to float32. */

const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

export type Dtype = keyof typeof BYTES;

export const dtypes = Object.keys(BYTES) as readonly Dtype[];

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(BYTES, name);
}

/** Whether weights can be of this type. */
export function isFloat(dtype: Dtype): boolean {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

export function bytesOf(dtype: Dtype): number {
  return BYTES[dtype];
}

/**
 * The elements of little-endian `bytes` as float32, rounded to nearest where they do not fit. F32 keeps its bits, also
 * those of NaN. BOOL gives 0 and 1.
 */
export function toFloat32(dtype: Dtype, bytes: Uint8Array): Float32Array {
  // Every JavaScript engine of today runs on little-endian machines, so a copy of the bytes is the array. The copy is
  // made by the constructor: `slice` of Node's Buffer would be a view.
  if (dtype === "F32") return new Float32Array(new Uint8Array(bytes).buffer);
  const size = BYTES[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = READERS[dtype];
  const result = new Float32Array(bytes.length / size);
  for (let i = 0; i < result.length; i++) result[i] = read(view, i * size);
  return result;
}

const READERS: Readonly<Record<Exclude<Dtype, "F32">, (view: DataView, offset: number) => number>> = {
  F64: (view, o) => view.getFloat64(o, true),
  F16: (view, o) => halfToNumber(view.getUint16(o, true)),
  BF16: (view, o) => bfloatToNumber(view.getUint16(o, true)),
  I64: (view, o) => Number(view.getBigInt64(o, true)),
  I32: (view, o) => view.getInt32(o, true),
  I16: (view, o) => view.getInt16(o, true),
  I8: (view, o) => view.getInt8(o),
  U8: (view, o) => view.getUint8(o),
  BOOL: (view, o) => (view.getUint8(o) === 0 ? 0 : 1),
};

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** bfloat16: the upper half of a float32. */
function bfloatToNumber(bits: number): number {
  word[0] = bits << 16;
  return float[0]!;
}

/** Halves, rounded to nearest, ties to even; beyond 65,504 infinite. Little-endian. */
export function toHalves(values: Float32Array): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = halfOf(words[i]!, Math.abs(values[i]!));
  return new Uint8Array(halves.buffer);
}

/** Of the float32 with these bits, whose amount is `size`. */
function halfOf(bits: number, size: number): number {
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(size)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) {
    // Multiples of 2⁻²⁴: exact in float64, so only one rounding.
    const count = size * 2 ** 24;
    const whole = Math.floor(count);
    const up = count - whole > 0.5 || (count - whole === 0.5 && whole % 2 === 1);
    return sign | (whole + (up ? 1 : 0));
  }
  const kept = (((bits >>> 23) & 0xff) - 112) * 1024 + ((bits & 0x7fffff) >>> 13);
  const rest = bits & 0x1fff;
  // A carry out of the fraction is the next exponent.
  return sign | (kept + (rest > 0x1000 || (rest === 0x1000 && kept % 2 === 1) ? 1 : 0));
}
