/**
 * Scratch memory that kernels share: one double-precision array a purpose, grown when needed and kept. Kernels run one
 * after the other and leave nothing in it, so sharing is safe. Doubles in both precisions: V8 then sees one array type
 * in the inner loops.
 */
const arrays = new Map<string, Float64Array>();

/** At least `length` numbers, with old content. */
export function scratch(purpose: string, length: number): Float64Array {
  const held = arrays.get(purpose);
  if (held !== undefined && held.length >= length) return held;
  const grown = new Float64Array(length);
  arrays.set(purpose, grown);
  return grown;
}
