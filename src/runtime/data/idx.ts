/**
 * The idx format of MNIST: two zero bytes, an element type, the number of dimensions, the dimensions as big-endian
 * 32-bit numbers, then the elements. Only unsigned bytes (type 8) are read; plain or gzipped.
 */
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "../files/reason.ts";

export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
/** Bound on unpacked data: a small file can unpack to a thousand times its size. */
const MAX_UNPACKED_BYTES = 2 ** 30;

/** Reads idx bytes, gzipped or not. `name` is the file's, for messages. Throws `data/idx` and `data/gzip`. */
export async function readIdx(bytes: Uint8Array, name = "idx"): Promise<IdxArray> {
  const gzipped = bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  return parseIdx(gzipped ? await gunzip(bytes, name) : bytes, name);
}

/** Reads plain idx bytes. The data is a view into them. */
export function parseIdx(bytes: Uint8Array, name = "idx"): IdxArray {
  const refuse = (reason: string): never => fail("data/idx", { reason }, { place: name });
  if (bytes.length < 4) refuse(`it has ${bytes.length} bytes, too few for a header`);
  if (bytes[0] !== 0 || bytes[1] !== 0) refuse("it does not start with two zero bytes");
  if (bytes[2] !== UNSIGNED_BYTE) refuse(`the element type is ${bytes[2]}, only unsigned bytes (8) are read`);
  const rank = bytes[3]!;
  if (rank === 0) refuse("it has no dimensions");
  const start = 4 + 4 * rank;
  if (bytes.length < start) refuse(`the header of ${rank} dimensions is cut off`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  const rest = bytes.length - start;
  // A product that is not exact is larger than any file, so the comparison holds for it too.
  if (size !== rest) {
    refuse(`the dimensions ${shape.join(" × ")} want ${size} bytes, ${rest} ${rest > size ? "are there" : "are left"}`);
  }
  return { shape, data: bytes.subarray(start) };
}

/** Unpacks gzip data; `data/gzip` where it is damaged or larger than 1 GiB. */
async function gunzip(bytes: Uint8Array, name = "gzip"): Promise<Uint8Array> {
  const refuse = (reason: string): never => fail("data/gzip", { reason }, { place: name });
  const unpacked = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = unpacked.getReader();
  for (;;) {
    const step = await reader.read().catch((error: unknown) => refuse(reasonOf(error)));
    if (step.done) break;
    chunks.push(step.value);
    length += step.value.length;
    if (length > MAX_UNPACKED_BYTES) {
      await reader.cancel().catch(() => undefined);
      refuse(`it unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
    }
  }
  const result = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    result.set(chunk, offset);
    offset += chunk.length;
  }
  return result;
}
