/** Writes PyTorch files byte by byte: pickles by their opcodes, and zip archives. */
import { concatenate } from "../../src/runtime/weights/concatenate.ts";
import { crc32 } from "../../src/runtime/weights/torch/crc32.ts";

export type Bytes = readonly number[];

export const ascii = (text: string): Bytes => [...new TextEncoder().encode(text)];
export const u16 = (value: number): Bytes => [value & 255, value >>> 8];
export const u32 = (value: number): Bytes => [...u16(value % 65536), ...u16(Math.floor(value / 65536) % 65536)];
export const u64 = (value: number): Bytes => [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];

/** The opcodes of protocol 2 that `torch.save` uses. */
export const op = {
  text: (text: string): Bytes => [...ascii("X"), ...u32(ascii(text).length), ...ascii(text)],
  int: (value: number): Bytes => [...ascii("J"), ...u32(value < 0 ? value + 2 ** 32 : value)],
  long: (bytes: Bytes): Bytes => [0x8a, bytes.length, ...bytes],
  global: (module: string, name: string): Bytes => ascii(`c${module}\n${name}\n`),
  tuple: (...items: readonly Bytes[]): Bytes => [...ascii("("), ...items.flat(), ...ascii("t")],
  list: (...items: readonly Bytes[]): Bytes => [...ascii("]("), ...items.flat(), ...ascii("e")],
  dict: (...pairs: readonly (readonly [Bytes, Bytes])[]): Bytes => [...ascii("}("), ...pairs.flat(2), ...ascii("u")],
  call: (callee: Bytes, args: Bytes): Bytes => [...callee, ...args, ...ascii("R")],
  none: ascii("N"),
  no: [0x89],
} as const;

export function pickle(...body: readonly Bytes[]): Bytes {
  return [0x80, 2, ...body.flat(), ...ascii(".")];
}

export interface TensorSpec {
  readonly key: string;
  /** Elements of the storage. */
  readonly length: number;
  readonly shape: readonly number[];
  readonly offset?: number;
  readonly strides?: readonly number[];
  readonly type?: string;
}

/** The opcodes of one tensor. Strides are the contiguous ones where none are given. */
export function tensor(spec: TensorSpec): Bytes {
  const { key, length, shape, offset = 0, type = "FloatStorage" } = spec;
  const strides = spec.strides ?? shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const id = op.tuple(op.text("storage"), op.global("torch", type), op.text(key), op.text("cpu"), count(length));
  const hooks = op.call(op.global("collections", "OrderedDict"), ascii(")"));
  const sizes = [op.tuple(...shape.map(count)), op.tuple(...strides.map(count))];
  const args = op.tuple([...id, ...ascii("Q")], count(offset), ...sizes, op.no, hooks);
  return op.call(op.global("torch._utils", "_rebuild_tensor_v2"), args);
}

/** Numbers as they come: of four bytes, or long ones. */
function count(value: number): Bytes {
  return value < 2 ** 31 ? op.int(value) : op.long([...u64(value)]);
}

export interface ZipEntry {
  readonly name: string;
  readonly data: Bytes | Uint8Array;
  /** 0 is stored, 8 deflated. */
  readonly method?: number;
  readonly crc?: number;
  /** Sizes and place as the directory tells them, in place of the true ones. */
  readonly size?: number;
  readonly header?: number;
  readonly flags?: number;
  /** Name in the local header, in place of `name`. */
  readonly localName?: string;
}

/** An archive. `zip64` writes sizes and places into the extra fields. */
export function zip(entries: readonly ZipEntry[], { zip64 = false, comment = "" } = {}): Uint8Array<ArrayBuffer> {
  const parts: (Bytes | Uint8Array)[] = [];
  const directory: Bytes[] = [];
  const most = 0xffffffff;
  let length = 0;
  const put = (part: Bytes | Uint8Array): void => {
    parts.push(part);
    length += part.length;
  };
  for (const { name, data, method = 0, flags = 0, localName = name, ...told } of entries) {
    const header = told.header ?? length;
    const size = told.size ?? data.length;
    const crc = told.crc ?? crc32(Uint8Array.from(data));
    const common = [...u16(method), ...u32(0), ...u32(crc)];
    put([...u32(0x04034b50), ...u16(20), ...u16(flags), ...common, ...u32(data.length), ...u32(data.length)]);
    put([...u16(ascii(localName).length), ...u16(0), ...ascii(localName)]);
    put(data);
    const extra = zip64 ? [...u16(1), ...u16(24), ...u64(size), ...u64(size), ...u64(header)] : [];
    directory.push([
      ...[...u32(0x02014b50), ...u16(20), ...u16(20), ...u16(flags), ...common],
      ...[...u32(zip64 ? most : size), ...u32(zip64 ? most : size)],
      ...[...u16(ascii(name).length), ...u16(extra.length), ...u16(0), ...u16(0), ...u16(0), ...u32(0)],
      ...[...u32(zip64 ? most : header), ...ascii(name), ...extra],
    ]);
  }
  const begin = length;
  directory.forEach(put);
  const end64 = length;
  const size = end64 - begin;
  if (zip64) {
    put([...u32(0x06064b50), ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0)]);
    put([...u64(entries.length), ...u64(entries.length), ...u64(size), ...u64(begin)]);
    put([...u32(0x07064b50), ...u32(0), ...u64(end64), ...u32(1)]);
  }
  const count = zip64 ? 0xffff : entries.length;
  put([...u32(0x06054b50), ...u16(0), ...u16(0), ...u16(count), ...u16(count)]);
  put([...u32(zip64 ? most : size), ...u32(zip64 ? most : begin), ...u16(ascii(comment).length), ...ascii(comment)]);
  return joined(parts);
}

/** Bytes one after the other. */
export function joined(parts: readonly (Bytes | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concatenate(parts.map((part) => Uint8Array.from(part))));
}

/** A `.pth` archive around a pickle, with storages by key. */
export function archive(
  pickled: Bytes | Uint8Array,
  storages: Readonly<Record<string, Bytes | Uint8Array>> = {},
  more: readonly ZipEntry[] = [],
): Uint8Array<ArrayBuffer> {
  const data = Object.entries(storages).map(([key, bytes]) => ({ name: `a/data/${key}`, data: bytes }));
  return zip([{ name: "a/data.pkl", data: pickled }, ...data, ...more]);
}

/** Little-endian float32. */
export function floats(...values: readonly number[]): Bytes {
  return [...new Uint8Array(Float32Array.from(values).buffer)];
}
