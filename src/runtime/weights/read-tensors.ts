/** Tensors from a weight file of any format that is known by its content. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { FilesBeside } from "./beside.ts";
import { isOnnx, onnxFilesBeside, readOnnx } from "./onnx/read-onnx.ts";
import { readSafetensors, type StoredTensor } from "./safetensors.ts";
import { isTfjs, readTfjs, tfjsFilesBeside } from "./tfjs/read-tfjs.ts";
import { isTorchFile, readTorchFile } from "./torch/read-torch.ts";

export type WeightFormat = "safetensors" | "pytorch" | "onnx" | "tfjs";

export interface TensorFile {
  readonly format: WeightFormat;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

interface FormatReader {
  readonly format: WeightFormat;
  readonly recognise: (file: Uint8Array) => boolean;
  readonly beside: (file: Uint8Array, name: string) => readonly string[];
  readonly read: (file: Uint8Array, name: string, beside: FilesBeside) => ReadonlyMap<string, StoredTensor>;
}

/** In the order in which they are asked. */
const readers: readonly FormatReader[] = [
  { format: "pytorch", recognise: isTorchFile, beside: () => [], read: readTorchFile },
  { format: "tfjs", recognise: isTfjs, beside: tfjsFilesBeside, read: readTfjs },
  { format: "onnx", recognise: isOnnx, beside: onnxFilesBeside, read: readOnnx },
  {
    format: "safetensors",
    recognise: (file) => file[8] === 0x7b,
    beside: () => [],
    read: (file, name) => readSafetensors(file, name).tensors,
  },
];

/** Names of files in the same folder that have parts of the weights. Throws as `readTensorFile` does. */
export function filesBeside(file: Uint8Array, name: string): readonly string[] {
  return readerOf(file, name).beside(file, name);
}

/**
 * Reads a whole file; `name` is its name for messages, and `beside` has the files that `filesBeside` names. Throws
 * `weights/format` for an unknown format, and the codes of the format for bytes that are not valid.
 */
export function readTensorFile(file: Uint8Array, name: string, beside: FilesBeside = new Map()): TensorFile {
  const { format, read } = readerOf(file, name);
  return { format, tensors: read(file, name, beside) };
}

function readerOf(file: Uint8Array, name: string): FormatReader {
  const reader = readers.find(({ recognise }) => recognise(file));
  if (reader !== undefined) return reader;
  const reason = file.length === 0 ? "it is empty" : `it starts with ${startOf(file)}`;
  return fail("weights/format", { reason }, { place: name });
}

/** The first bytes for a message: as text where they are some. */
function startOf(file: Uint8Array): string {
  const first = file.subarray(0, 12);
  const isText = first.every((byte) => byte >= 0x20 && byte < 0x7f);
  if (isText) return JSON.stringify(String.fromCharCode(...first));
  return `the bytes ${[...first].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
