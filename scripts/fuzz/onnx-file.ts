/** Writes ONNX files byte by byte: a model with a graph of initialisers alone. Field numbers are those of onnx.proto3. */
import { ascii, type Bytes } from "./torch-file.ts";

/** A number of seven bits a byte, the lowest first. */
export function varint(value: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

/** A field with a number. */
export const numberField = (field: number, value: number | bigint): Bytes => [...varint(field * 8), ...varint(value)];

/** A field with bytes: a text, a message or a packed list. */
export const bytesField = (field: number, bytes: Bytes | Uint8Array): Bytes => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];

export const onnxTypes = { F32: 1, U8: 2, I32: 6, I64: 7, TEXT: 8, BOOL: 9, F16: 10, F64: 11, BF16: 16 } as const;

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly (number | bigint)[];
  readonly type?: number;
  /** Fields with the data; `rawData(bytes)` is the usual. */
  readonly data: Bytes;
}

export const rawData = (bytes: Bytes | Uint8Array): Bytes => bytesField(9, bytes);

/** Data in a file beside the model. */
export function externalData(pairs: Readonly<Record<string, string>>): Bytes {
  const entries = Object.entries(pairs).map(([key, value]) =>
    bytesField(13, [...bytesField(1, ascii(key)), ...bytesField(2, ascii(value))]),
  );
  return [...entries.flat(), ...numberField(14, 1)];
}

export function onnxTensor({ name, shape, type = onnxTypes.F32, data }: OnnxTensor): Bytes {
  const dims = shape.flatMap((length) => numberField(1, length));
  return [...dims, ...numberField(2, type), ...data, ...bytesField(8, ascii(name))];
}

/** A model with these messages as initialisers. `more` are other fields of the graph. */
export function onnxFile(tensors: readonly Bytes[], more: Bytes = []): Uint8Array<ArrayBuffer> {
  const graph = [...bytesField(2, ascii("main")), ...tensors.flatMap((tensor) => bytesField(5, tensor)), ...more];
  return Uint8Array.from([...numberField(1, 8), ...bytesField(2, ascii("test")), ...bytesField(7, graph)]);
}
