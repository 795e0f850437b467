/**
 * PyTorch's files of plain tensors (`torch.save` of a state dict or of a checkpoint that holds some): zip archives, and the
 * older files that are pickles one after the other. Nothing in them is executed. What is wrong with the bytes, or more than
 * plain data, is `weights/zip` or `weights/pickle`.
 */
import { sizeOf, type Shape } from "../../../shape.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { bytesOf, type Dtype } from "../dtypes.ts";
import type { StoredTensor } from "../safetensors.ts";
import { flattenTensors } from "./flatten.ts";
import { emptyDict, isKind, PickleError, readPickle, type PickleHost, type PickleValue } from "./pickle.ts";
import { copyStrided, isContiguous, reachOf } from "../strided.ts";
import { isZip, readStoredZip } from "./zip.ts";

/** Elements of a file's data as a pickle names them. */
interface Storage {
  readonly dtype: Dtype;
  readonly key: string;
  /** Elements. */
  readonly length: number;
}

/** A view into a storage, in elements. */
export interface TorchTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

const storageTypes: Readonly<Record<string, Dtype>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** First number of the older files. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;
/** PyTorch has no more axes than this in practice; a bound keeps messages and loops short. */
const MAX_AXES = 32;
/** Tensors with strides of their own are copied; together they may take so many times the file's bytes. */
const COPY_FACTOR = 4;

export function isTorchFile(file: Uint8Array): boolean {
  return isZip(file) || isLegacy(file);
}

/** A pickle of protocol 2 whose first value is the long number of ten bytes that the older files start with. */
function isLegacy(file: Uint8Array): boolean {
  return [0x80, 0x02, 0x8a, 0x0a].every((byte, i) => file[i] === byte);
}

/**
 * The tensors by name; of dicts in dicts the names joined by dots, `state_dict.conv1.weight`. Contiguous tensors are views
 * into `file`. `name` is the file's name for messages. Throws `weights/zip` and `weights/pickle`.
 */
export function readTorchFile(file: Uint8Array, name: string): Map<string, StoredTensor> {
  try {
    return isZip(file) ? readArchive(file, name) : readLegacy(file);
  } catch (error) {
    if (error instanceof PickleError) return fail("weights/pickle", { reason: error.message }, { place: name });
    throw error;
  }
}

function readArchive(file: Uint8Array, name: string): Map<string, StoredTensor> {
  const entries = readStoredZip(file, name);
  const pickles = [...entries.keys()].filter((entry) => /^[^/]+\/data\.pkl$/.test(entry));
  const [main] = pickles;
  if (main === undefined || pickles.length > 1) {
    return fail("weights/zip", { reason: "it has no `data.pkl`, so it is no file of PyTorch" }, { place: name });
  }
  const folder = main.slice(0, main.indexOf("/"));
  const order = entries.get(`${folder}/byteorder`);
  if (order !== undefined && new TextDecoder().decode(order).trim() !== "little") {
    throw new PickleError("it was written on a machine with the bytes in the other order (big-endian)");
  }
  const { value } = readPickle(entries.get(main)!, host);
  return materialise(value, file.length, (key) => entries.get(`${folder}/data/${key}`));
}

/**
 * Pickles one after the other: a magic number, the protocol, facts on the machine, the content, the keys of the storages;
 * then each storage as its number of elements and its bytes.
 */
function readLegacy(file: Uint8Array): Map<string, StoredTensor> {
  const magic = readPickle(file, host);
  const protocol = readPickle(file, host, magic.end);
  if (magic.value !== LEGACY_MAGIC || protocol.value !== LEGACY_PROTOCOL) {
    throw new PickleError("it is not of the form that `torch.save` writes");
  }
  const machine = readPickle(file, host, protocol.end);
  if (!isKind(machine.value, "dict") || machine.value.entries.get("little_endian") !== true) {
    throw new PickleError("it was written on a machine with the bytes in the other order (big-endian)");
  }
  const storages = new Map<string, Storage>();
  const content = readPickle(file, { ...host, persistent: (id) => rememberStorage(id, storages) }, machine.end);
  const keys = readPickle(file, host, content.end);
  const data = storageBytes(file, keys, storages);
  return materialise(content.value, file.length, (key) => data.get(key));
}

function rememberStorage(id: PickleValue, storages: Map<string, Storage>): PickleValue | undefined {
  const value = storageOf(id);
  if (value !== undefined) storages.set(value.key, value);
  return value === undefined ? undefined : { kind: "object", value };
}

function storageBytes(
  file: Uint8Array,
  keys: { readonly value: PickleValue; readonly end: number },
  storages: ReadonlyMap<string, Storage>,
): ReadonlyMap<string, Uint8Array> {
  if (!isKind(keys.value, "list")) throw new PickleError("the list of its storages is missing");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const data = new Map<string, Uint8Array>();
  let at = keys.end;
  for (const key of keys.value.items) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (storage === undefined) throw new PickleError("it has a storage that no tensor uses");
    const end = at + 8 + storage.length * bytesOf(storage.dtype);
    if (end > file.length) throw new PickleError("it ends before its tensors do: it may be cut off");
    if (view.getBigInt64(at, true) !== BigInt(storage.length)) throw new PickleError("a storage has two lengths");
    data.set(storage.key, file.subarray(at + 8, end));
    at = end;
  }
  return data;
}

/** The globals that pickles may name, and what comes of calling them. */
const calls: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue | undefined>> = {
  "collections.OrderedDict": (args) => (args.length === 0 ? emptyDict() : undefined),
  "torch._utils._rebuild_tensor": (args) => rebuildTensor(args),
  "torch._utils._rebuild_tensor_v2": (args) => rebuildTensor(args),
  "torch._utils._rebuild_parameter": ([data]) => (isKind(data, "object") ? data : undefined),
  "torch.Size": ([sizes]) => (isKind(sizes, "tuple") ? sizes : undefined),
};

const host: PickleHost = {
  knows: (global) => Object.hasOwn(calls, global) || Object.hasOwn(storageTypes, global),
  call: (global, args) => (Object.hasOwn(calls, global) ? calls[global]!(args) : undefined),
  persistent: (id) => {
    const value = storageOf(id);
    return value === undefined ? undefined : { kind: "object", value };
  },
};

/** `("storage", type, key, device, length)`; the older files have a view behind it, which was never used. */
function storageOf(id: PickleValue): Storage | undefined {
  if (!isKind(id, "tuple")) return undefined;
  const [tag, type, key, , length, view = null] = id.items;
  if (tag !== "storage" || typeof key !== "string" || !isKind(type, "global") || view !== null) return undefined;
  const dtype = Object.hasOwn(storageTypes, type.name) ? storageTypes[type.name] : undefined;
  return dtype === undefined || !isCount(length) ? undefined : { dtype, key, length };
}

/** `(storage, offset, shape, strides, …)`: whether it wants gradients, and its hooks, do not matter. */
function rebuildTensor(args: readonly PickleValue[]): PickleValue | undefined {
  const [object, offset, shape, strides] = args;
  const storage = isKind(object, "object") ? (object.value as Partial<Storage>) : undefined;
  if (storage?.key === undefined || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) return undefined;
  if (shape.items.length !== strides.items.length || shape.items.length > MAX_AXES) return undefined;
  const value: TorchTensor = {
    storage: storage as Storage,
    offset,
    shape: shape.items as readonly number[],
    strides: strides.items as readonly number[],
  };
  return { kind: "object", value };
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: PickleValue | undefined): value is Extract<PickleValue, { kind: "tuple" }> {
  return isKind(value, "tuple") && value.items.every(isCount);
}

function materialise(
  value: PickleValue,
  fileLength: number,
  bytesOfKey: (key: string) => Uint8Array | undefined,
): Map<string, StoredTensor> {
  let copied = 0;
  const result = new Map<string, StoredTensor>();
  for (const [name, tensor] of flattenTensors(value)) {
    const { dtype, key, length } = tensor.storage;
    const size = bytesOf(dtype);
    const data = bytesOfKey(key);
    const refuse = (reason: string): never => {
      throw new PickleError(`the tensor \`${name.slice(0, 100)}\` ${reason}`);
    };
    if (data === undefined) return refuse("has no data in the file");
    if (data.length !== length * size) refuse(`has ${data.length} bytes of data, not ${length} times ${size}`);
    const count = sizeOf(tensor.shape);
    if (!(count <= length && tensor.offset + reachOf(tensor) <= length)) refuse("reaches outside of its data");
    if (isContiguous(tensor)) {
      const begin = tensor.offset * size;
      result.set(name, { dtype, shape: tensor.shape, bytes: data.subarray(begin, begin + count * size) });
      continue;
    }
    copied += count * size;
    if (copied > COPY_FACTOR * fileLength) refuse("and others before it show the same data too often");
    result.set(name, { dtype, shape: tensor.shape, bytes: copyStrided(tensor, data, size) });
  }
  return result;
}
