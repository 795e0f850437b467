/**
 * Reads and writes the safetensors format: 8 bytes header length (little-endian), a JSON header that maps names to
 * `{ dtype, shape, data_offsets }`, and the tensors' bytes one after the other. The reader trusts nothing: whatever is
 * wrong with the bytes is a `BcosError` of the area `weights`, with the place.
 */
import { fail } from "../../diagnostics/catalogue.ts";
import { bytesOf, dtypes, isDtype, type Dtype } from "./dtypes.ts";
import { quoted } from "./quoted.ts";
import { parseStrictJson, StrictJsonError, type StrictJson } from "./strict-json.ts";

export { toFloat32, type Dtype } from "./dtypes.ts";

export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major, little-endian. After reading, a view into the file's bytes, at any alignment. */
  readonly bytes: Uint8Array;
}

export interface Safetensors {
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Bounds on what a header may ask for. Large vision models have some thousand tensors, in some hundred kilobytes. */
const MAX_HEADER_BYTES = 1 << 22;
const MAX_TENSORS = 20_000;
const MAX_NAME = 1000;
const MAX_AXES = 32;
/** Characters of a name in a message. */
const MAX_SHOWN = 100;
const METADATA_KEY = "__metadata__";

/** Reads a whole file. `file` is its name for messages. Throws `weights/header`, `weights/tensor`, `weights/ranges`. */
export function readSafetensors(file: Uint8Array, name = "safetensors"): Safetensors {
  const header = readHeader(file, name);
  const data = file.subarray(header.end);
  if (header.entries.size > MAX_TENSORS) {
    const reason = `it names ${header.entries.size} tensors, more than the limit of ${MAX_TENSORS}`;
    fail("weights/header", { reason }, { place: `${name}, header` });
  }
  const metadata = readMetadata(header.entries.get(METADATA_KEY), name);
  const tensors = [...header.entries]
    .filter(([key]) => key !== METADATA_KEY)
    .map(([key, value]) => readEntry(key, value, data.length, name))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkRanges(tensors, data.length, name);
  return {
    tensors: new Map(
      tensors.map((t) => [t.name, { dtype: t.dtype, shape: t.shape, bytes: data.subarray(t.begin, t.end) }]),
    ),
    metadata,
  };
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Byte range in the data behind the header. */
  readonly begin: number;
  readonly end: number;
}

function readHeader(file: Uint8Array, name: string): { entries: ReadonlyMap<string, StrictJson>; end: number } {
  const place = `${name}, header`;
  const refuse = (reason: string): never => fail("weights/header", { reason }, { place });
  if (file.length < 8) refuse(`it has ${file.length} bytes, too few for the header length`);
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) {
    refuse(`the header is said to have ${length} bytes, but only ${file.length - 8} follow`);
  }
  if (length > BigInt(MAX_HEADER_BYTES)) {
    refuse(`the header has ${length} bytes, more than the limit of ${MAX_HEADER_BYTES}`);
  }
  const end = 8 + Number(length);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.subarray(8, end));
  } catch {
    return refuse("the header is not UTF-8 text");
  }
  if (!text.startsWith("{")) refuse("the header does not start with `{`");
  try {
    // The text starts with `{`, so the value is an object.
    return { entries: parseStrictJson(text) as ReadonlyMap<string, StrictJson>, end };
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return refuse(`${error.message}, at character ${error.offset} of the header`);
  }
}

function readMetadata(value: StrictJson | undefined, name: string): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  const place = `${name}, ${METADATA_KEY}`;
  if (!(value instanceof Map)) fail("weights/header", { reason: `\`${METADATA_KEY}\` is not an object` }, { place });
  for (const [key, text] of value) {
    if (typeof text !== "string") {
      fail("weights/header", { reason: `the value of ${quoted(key)} is not a string` }, { place });
    }
    metadata.set(key, text);
  }
  return metadata;
}

function readEntry(name: string, value: StrictJson, dataLength: number, file: string): Entry {
  const shown = name.slice(0, MAX_SHOWN);
  const refuse = (reason: string): never =>
    fail("weights/tensor", { name: shown, reason }, { place: `${file}, header` });
  if (name.length > MAX_NAME) refuse(`its name has ${name.length} characters, more than the limit of ${MAX_NAME}`);
  if (!(value instanceof Map)) return refuse("its entry is not an object");
  for (const key of value.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") refuse(`unknown key ${quoted(key)}`);
  }
  const dtype = value.get("dtype");
  const shape = value.get("shape");
  const offsets = value.get("data_offsets");
  if (typeof dtype !== "string" || !isDtype(dtype)) {
    return refuse(`the dtype is ${describe(dtype)}, known are ${dtypes.join(", ")}`);
  }
  if (!isNumberList(shape)) return refuse(`the shape is ${describe(shape)}, not a list of whole numbers`);
  if (shape.length > MAX_AXES) return refuse(`it has ${shape.length} axes, more than the limit of ${MAX_AXES}`);
  if (!isNumberList(offsets) || offsets.length !== 2) {
    return refuse(`\`data_offsets\` is ${describe(offsets)}, not a list of two whole numbers`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) refuse(`its byte range ${begin} to ${end} ends before it begins`);
  if (end > dataLength) refuse(`its byte range ${begin} to ${end} is outside the ${dataLength} bytes of data`);
  const bytes = byteLength(shape, dtype);
  if (bytes === undefined) return refuse(`the shape [${shape.join(", ")}] is too large`);
  if (bytes !== end - begin) {
    refuse(`the shape [${shape.join(", ")}] of ${dtype} takes ${bytes} bytes, its byte range has ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Bytes of a tensor, or undefined where a product on the way is not an exact integer any more. */
function byteLength(shape: readonly number[], dtype: Dtype): number | undefined {
  let bytes = bytesOf(dtype);
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

function isNumberList(value: StrictJson | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function describe(value: StrictJson | undefined): string {
  if (value === undefined) return "missing";
  if (value instanceof Map) return "an object";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** `entries` sorted by range. They have to follow one another without hole or overlap and to cover all data. */
function checkRanges(entries: readonly Entry[], dataLength: number, file: string): void {
  const refuse = (reason: string): never => fail("weights/ranges", { reason }, { place: `${file}, header` });
  let end = 0;
  let before = "";
  for (const entry of entries) {
    if (entry.begin > end)
      refuse(`bytes ${end} to ${entry.begin} belong to no tensor (before \`${entry.name.slice(0, MAX_SHOWN)}\`)`);
    if (entry.begin < end) refuse(`\`${before}\` and \`${entry.name.slice(0, MAX_SHOWN)}\` overlap`);
    end = entry.end;
    before = entry.name.slice(0, MAX_SHOWN);
  }
  if (end !== dataLength) refuse(`bytes ${end} to ${dataLength} belong to no tensor (at the end)`);
}

/**
 * The bytes of a file with these tensors. The same content gives the same bytes: tensors are sorted by element size,
 * larger first (so that each is aligned to it), then by name; the header is padded to 8 bytes.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => bytesOf(b.dtype) - bytesOf(a.dtype) || compareText(nameA, nameB),
  );
  const parts: string[] = [];
  const notes = [...metadata].sort(([a], [b]) => compareText(a, b));
  if (notes.length > 0) {
    const pairs = notes.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    parts.push(`"${METADATA_KEY}":{${pairs.join(",")}}`);
  }
  if (sorted.length > MAX_TENSORS) fail("weights/header", { reason: `there are ${sorted.length} tensors` });
  const names = new Set<string>([METADATA_KEY, "__proto__"]);
  let end = 0;
  for (const [name, tensor] of sorted) {
    checkTensor(name, tensor, names);
    names.add(name);
    const begin = end;
    end += tensor.bytes.length;
    parts.push(
      `${JSON.stringify(name)}:{"dtype":"${tensor.dtype}","shape":[${tensor.shape.join(",")}],"data_offsets":[${begin},${end}]}`,
    );
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  if (headerLength > MAX_HEADER_BYTES) fail("weights/header", { reason: `the header has ${headerLength} bytes` });
  const file = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  let offset = 8 + headerLength;
  for (const [, tensor] of sorted) {
    file.set(tensor.bytes, offset);
    offset += tensor.bytes.length;
  }
  return file;
}

function checkTensor(name: string, tensor: StoredTensor, taken: ReadonlySet<string>): void {
  if (taken.has(name)) fail("weights/tensor", { name, reason: "the name is taken or reserved" });
  if (name.length > MAX_NAME || tensor.shape.length > MAX_AXES) {
    const reason = `a name has at most ${MAX_NAME} characters, a shape ${MAX_AXES} axes`;
    fail("weights/tensor", { name: name.slice(0, MAX_SHOWN), reason });
  }
  if (!tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    fail("weights/tensor", { name, reason: `the shape [${tensor.shape.join(", ")}] is not made of whole numbers` });
  }
  if (byteLength(tensor.shape, tensor.dtype) !== tensor.bytes.length) {
    fail("weights/tensor", {
      name,
      reason: `the shape [${tensor.shape.join(", ")}] of ${tensor.dtype} does not take ${tensor.bytes.length} bytes`,
    });
  }
}

/** By UTF-16 units, whatever the locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A float32 tensor for `writeSafetensors`. Float64 values are rounded to nearest. */
export function storeFloat32(shape: readonly number[], values: Float32Array | Float64Array): StoredTensor {
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  return { dtype: "F32", shape, bytes: new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength) };
}
