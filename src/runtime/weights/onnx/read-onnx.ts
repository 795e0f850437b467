/**
 * The initialisers of ONNX models: the weights, by the names that the exporting program gave them; those of PyTorch's
 * networks are the names of its state dict. Only they are read, nodes are skipped. Whatever is wrong with the bytes is
 * `weights/onnx`. onnx.proto3 of the ONNX repository says what the fields mean.
 */
import { fail } from "../../../diagnostics/catalogue.ts";
import { isPlainFileName, type FilesBeside } from "../beside.ts";
import { concatenate } from "../concatenate.ts";
import { bytesOf, type Dtype } from "../dtypes.ts";
import { quoted } from "../quoted.ts";
import type { StoredTensor } from "../safetensors.ts";
import { fieldsOf, ProtobufError, readVarint, type Field } from "./protobuf.ts";

const MODEL_IR_VERSION = 1;
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_INITIALIZER = 5;
const GRAPH_SPARSE_INITIALIZER = 15;
const NODE = { input: 1, output: 2, operation: 4 } as const;
const TENSOR = {
  dims: 1,
  type: 2,
  segment: 3,
  floats: 4,
  int32s: 5,
  strings: 6,
  int64s: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  uint64s: 11,
  external: 13,
  location: 14,
} as const;

/** Element types that weights and constants have. Strings and complex numbers are neither. */
const types: Readonly<Record<number, Dtype>> = {
  1: "F32",
  2: "U8",
  3: "I8",
  5: "I16",
  6: "I32",
  7: "I64",
  9: "BOOL",
  10: "F16",
  11: "F64",
  16: "BF16",
};

const MAX_TENSORS = 20_000;
/** Fields of a model and of its graph, whose nodes are some. */
const MAX_FIELDS = 100_000;
const MAX_NAME = 1000;
const MAX_AXES = 32;

/** ONNX has no magic number: its first field is the version, and behind it stands another field of a model. */
export function isOnnx(file: Uint8Array): boolean {
  const [tag, version = 0, next = 0] = file;
  // safetensors files start with a length of eight bytes, the last of which are 0.
  const isLength = file.subarray(3, 8).every((byte) => byte === 0);
  return tag === MODEL_IR_VERSION << 3 && version > 0 && version < 128 && onlyTags.has(next) && !isLength;
}

/** Tags of the fields of a model: producer, domain, version, text, graph, opsets, metadata, functions. */
const onlyTags = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca]);

/** Where the data of a tensor lies in a file beside the model. */
interface External {
  readonly file: string;
  readonly offset: number;
  readonly length: number | undefined;
}

interface Initializer {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array | External;
}

/** Names of the files that have parts of the weights: they have to lie in the model's folder. Throws `weights/onnx`. */
export function onnxFilesBeside(file: Uint8Array, name: string): readonly string[] {
  const outside = initializersOf(file, name).flatMap(({ data }) => (data instanceof Uint8Array ? [] : [data.file]));
  return [...new Set(outside)];
}

/** The initialisers by name. `beside` has the files that `onnxFilesBeside` names. Throws `weights/onnx`. */
export function readOnnx(file: Uint8Array, name: string, beside: FilesBeside = new Map()): Map<string, StoredTensor> {
  const result = new Map<string, StoredTensor>();
  for (const { name: key, dtype, shape, data } of initializersOf(file, name)) {
    const refuse = (reason: string): never =>
      fail("weights/onnx", { reason: `the initialiser ${quoted(key)} ${reason}` }, { place: name });
    if (result.has(key)) refuse("is there twice");
    const bytes = data instanceof Uint8Array ? data : sliceOf(data, beside, refuse);
    const expected = shape.reduce((product, length) => product * length, bytesOf(dtype));
    if (bytes.length !== expected) refuse(`has ${bytes.length} bytes of data, its shape of ${dtype} takes ${expected}`);
    result.set(key, { dtype, shape, bytes });
  }
  return result;
}

function sliceOf(
  { file, offset, length }: External,
  beside: FilesBeside,
  refuse: (reason: string) => never,
): Uint8Array {
  const whole = beside.get(file);
  if (whole === undefined) return refuse(`has its data in the file ${quoted(file)}, which is not there`);
  const end = offset + (length ?? Math.max(0, whole.length - offset));
  if (end > whole.length) refuse(`reaches behind the end of ${quoted(file)}`);
  return whole.subarray(offset, end);
}

function initializersOf(file: Uint8Array, name: string): readonly Initializer[] {
  try {
    const graphs = messages(file, MODEL_GRAPH);
    const [graph, ...more] = graphs;
    if (graph === undefined || more.length > 0) throw new ProtobufError("it does not have one graph");
    if (messages(graph, GRAPH_SPARSE_INITIALIZER).length > 0) throw new ProtobufError("it has sparse initialisers");
    const tensors = messages(graph, GRAPH_INITIALIZER);
    if (tensors.length > MAX_TENSORS) throw new ProtobufError(`it has more than ${MAX_TENSORS} initialisers`);
    const initializers = tensors.map(readTensor);
    return [...initializers, ...sharedInitializers(graph, initializers)];
  } catch (error) {
    if (error instanceof ProtobufError) return fail("weights/onnx", { reason: error.message }, { place: name });
    throw error;
  }
}

/**
 * Programs write tensors with the same numbers once, a running mean of zeros and a bias of zeros: the others are the outputs
 * of nodes `Identity`.
 */
function sharedInitializers(graph: Uint8Array, initializers: readonly Initializer[]): readonly Initializer[] {
  const byName = new Map(initializers.map((initializer) => [initializer.name, initializer]));
  const shared: Initializer[] = [];
  for (const node of messages(graph, GRAPH_NODE)) {
    const texts = (number: number): readonly string[] => messages(node, number).map(decoded);
    const [operation] = texts(NODE.operation);
    if (operation !== "Identity") continue;
    const [from = ""] = texts(NODE.input);
    const [name = ""] = texts(NODE.output);
    const original = byName.get(from);
    if (original === undefined || name === "") continue;
    if (name.length > MAX_NAME) throw new ProtobufError(`a name has more than ${MAX_NAME} characters`);
    const copy = { ...original, name };
    byName.set(name, copy);
    shared.push(copy);
    if (shared.length > MAX_TENSORS) throw new ProtobufError(`it has more than ${MAX_TENSORS} initialisers`);
  }
  return shared;
}

/** The values of a field that has bytes. */
function messages(message: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let count = 0;
  for (const field of fieldsOf(message)) {
    if (++count > MAX_FIELDS) throw new ProtobufError(`it has more than ${MAX_FIELDS} parts`);
    if (field.number !== number) continue;
    if (!(field.value instanceof Uint8Array) || field.fixed !== 0)
      throw new ProtobufError("a field is of another kind");
    found.push(field.value);
  }
  return found;
}

function readTensor(message: Uint8Array): Initializer {
  const fields = new Map<number, Field[]>();
  for (const field of fieldsOf(message)) {
    const before = fields.get(field.number);
    if (before === undefined) fields.set(field.number, [field]);
    else before.push(field);
  }
  const name = textOf(fields.get(TENSOR.name));
  const refuse = (reason: string): never => {
    throw new ProtobufError(`the initialiser ${quoted(name)} ${reason}`);
  };
  if (name === "" || name.length > MAX_NAME) refuse(`has no name, or one of more than ${MAX_NAME} characters`);
  const shape = numbersOf(fields.get(TENSOR.dims), MAX_AXES).map((length) =>
    length > BigInt(Number.MAX_SAFE_INTEGER) ? refuse("has an axis that is too long") : Number(length),
  );
  if (shape.length > MAX_AXES) refuse(`has more than ${MAX_AXES} axes`);
  const type = Number(numbersOf(fields.get(TENSOR.type))[0] ?? 0n);
  const dtype = Object.hasOwn(types, type)
    ? types[type]!
    : refuse(`has elements of the type ${type}, which no weight has`);
  if (fields.has(TENSOR.segment)) refuse("is one segment of a larger one");
  return { name, dtype, shape, data: dataOf(fields, dtype, refuse) };
}

/** The bytes of the elements, little-endian as everything in the format; or the file where they are. */
function dataOf(
  fields: ReadonlyMap<number, readonly Field[]>,
  dtype: Dtype,
  refuse: (reason: string) => never,
): Uint8Array | External {
  const isOutside = numbersOf(fields.get(TENSOR.location))[0] === 1n;
  const places = [
    TENSOR.raw,
    TENSOR.floats,
    TENSOR.int32s,
    TENSOR.int64s,
    TENSOR.doubles,
    TENSOR.uint64s,
    TENSOR.strings,
  ];
  const filled = places.filter((place) => fields.has(place));
  if (filled.length + (isOutside ? 1 : 0) > 1) refuse("has its data in two places");
  if (isOutside) return externalOf(fields.get(TENSOR.external) ?? [], refuse);
  const [place] = filled;
  const list = place === undefined ? [] : fields.get(place)!;
  switch (place) {
    case undefined:
      return new Uint8Array(0);
    case TENSOR.raw: {
      const [{ value, fixed }, ...more] = list as [Field, ...Field[]];
      if (!(value instanceof Uint8Array) || fixed !== 0 || more.length > 0) return refuse("has its data twice");
      return value;
    }
    case TENSOR.floats:
      return dtype === "F32" ? fixedData(list, 4) : refuse("has numbers of another type than it says");
    case TENSOR.doubles:
      return dtype === "F64" ? fixedData(list, 8) : refuse("has numbers of another type than it says");
    case TENSOR.int32s:
      if (["F64", "F32", "I64"].includes(dtype)) refuse("has numbers of another type than it says");
      return narrowed(numbersOf(list), bytesOf(dtype));
    case TENSOR.int64s:
      return dtype === "I64" ? narrowed(numbersOf(list), 8) : refuse("has numbers of another type than it says");
    default:
      return refuse("has texts, or whole numbers that no weight has");
  }
}

/** Numbers of 4 or 8 bytes: packed one after the other, which is the usual, or a field each. */
function fixedData(fields: readonly Field[], size: 4 | 8): Uint8Array {
  const parts = fields.map(({ value, fixed }) => {
    const isSound = value instanceof Uint8Array && (fixed === size || (fixed === 0 && value.length % size === 0));
    return isSound ? value : undefined;
  });
  if (parts.includes(undefined)) throw new ProtobufError("a list of numbers is cut off");
  const whole = parts as Uint8Array[];
  return whole.length === 1 ? whole[0]! : concatenate(whole);
}

/** Each number in `size` bytes: its lower ones. Halves are stored as the whole numbers that have their bits. */
function narrowed(values: readonly bigint[], size: number): Uint8Array {
  const result = new Uint8Array(values.length * size);
  const word = new DataView(new ArrayBuffer(8));
  values.forEach((value, i) => {
    word.setBigUint64(0, BigInt.asUintN(64, value), true);
    result.set(new Uint8Array(word.buffer, 0, size), i * size);
  });
  return result;
}

/** Whole numbers: packed one after the other, or a field each; where there are more than `most`, at least one more of them. */
function numbersOf(fields: readonly Field[] = [], most = Infinity): bigint[] {
  const numbers: bigint[] = [];
  for (const { value, fixed } of fields) {
    if (numbers.length > most) break;
    if (typeof value === "bigint") {
      numbers.push(value);
      continue;
    }
    if (fixed !== 0) throw new ProtobufError("a field is of another kind");
    for (let at = 0; at < value.length && numbers.length <= most;) {
      const next = readVarint(value, at);
      numbers.push(next.value);
      at = next.end;
    }
  }
  return numbers;
}

function textOf(fields: readonly Field[] = []): string {
  const value = fields.at(-1)?.value;
  if (value === undefined) return "";
  if (!(value instanceof Uint8Array)) throw new ProtobufError("a text is a number");
  return decoded(value);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ProtobufError("a text is not UTF-8");
  }
}

/** Pairs of `location`, `offset`, `length` as texts; a checksum may be there too. */
function externalOf(fields: readonly Field[], refuse: (reason: string) => never): External {
  const pairs = new Map<string, string>();
  for (const { value } of fields) {
    if (!(value instanceof Uint8Array)) return refuse("says in an unknown way where its data is");
    const parts = [...fieldsOf(value)];
    const part = (number: number): string => textOf(parts.filter((field) => field.number === number));
    pairs.set(part(1), part(2));
  }
  const file = pairs.get("location") ?? "";
  if (!isPlainFileName(file)) refuse(`has its data in ${quoted(file)}, which is not a file in the model's folder`);
  const count = (key: string): number | undefined => {
    const text = pairs.get(key);
    if (text === undefined) return undefined;
    return /^\d{1,15}$/.test(text) ? Number(text) : refuse(`has the ${key} ${quoted(text)}, which is no whole number`);
  };
  return { file, offset: count("offset") ?? 0, length: count("length") };
}
