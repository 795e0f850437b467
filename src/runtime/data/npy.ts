/** NumPy's file format for one array, version 1.0 (NumPy Enhancement Proposal 1). */
import { sizeOf } from "../../shape.ts";

const MAGIC = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0];
/** The numbers start at a multiple of this many bytes. */
const ALIGNMENT = 64;

/** The bytes of a `.npy` file: the values, row-major, as an array of the shape, in their own precision, little-endian. */
export function encodeNpy(values: Float32Array | Float64Array, shape: readonly number[]): Uint8Array {
  if (sizeOf(shape) !== values.length) {
    throw new Error(`${values.length} numbers are no array of the shape [${shape.join(", ")}]`);
  }
  // A Python literal: a tuple of one has a comma behind it.
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const type = `<f${values.BYTES_PER_ELEMENT}`;
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const before = MAGIC.length + 2;
  const start = Math.ceil((before + header.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(start + values.byteLength);
  file.set(MAGIC);
  new DataView(file.buffer).setUint16(MAGIC.length, start - before, true);
  file.set(new TextEncoder().encode(`${header.padEnd(start - before - 1)}\n`), before);
  // Every JavaScript engine of today runs on little-endian machines, so the array's bytes are the file's.
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start);
  return file;
}
