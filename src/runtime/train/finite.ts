/** Finiteness by the bits of a number: compilers for GPUs may assume that there is no NaN, tests of bits they keep. */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** False for NaN and the infinities: those whose exponent bits are all ones. */
export function isFiniteByBits(value: number): boolean {
  float[0] = value;
  return (words[1]! & 0x7ff00000) !== 0x7ff00000;
}
