/** Tensors from a weight file of any format that is known by its content. */
import { fail } from "../../diagnostics/catalogue.ts";
import { readSafetensors, type StoredTensor } from "./safetensors.ts";
import { isTorchFile, readTorchFile } from "./torch/read-torch.ts";

export type WeightFormat = "safetensors" | "pytorch";

export interface TensorFile {
  readonly format: WeightFormat;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Reads a whole file; `name` is its name for messages. Throws `weights/format` for an unknown format, and the codes of the
 * format for bytes that are not valid.
 */
export function readTensorFile(file: Uint8Array, name: string): TensorFile {
  if (isTorchFile(file)) return { format: "pytorch", tensors: readTorchFile(file, name) };
  const [, , , , , , , , ninth] = file;
  if (ninth === 0x7b) return { format: "safetensors", tensors: readSafetensors(file, name).tensors };
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
