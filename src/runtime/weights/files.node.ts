/** safetensors files and model weights on disk. */
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../files/atomic-write.node.ts";
import { readBytes } from "../files/read.node.ts";
import { filesBeside, readTensorFile, type TensorFile } from "./read-tensors.ts";
import { readSafetensors, writeSafetensors, type Safetensors, type StoredTensor } from "./safetensors.ts";
import { weightsFromSafetensors, weightsToSafetensors, type Weights, type WeightTensor } from "./weights.ts";

/** Throws `data/unreadable`, or a code of the area `weights` for bytes that are not a valid file. */
export async function loadSafetensors(path: string): Promise<Safetensors> {
  return readSafetensors(await readBytes(path), path);
}

/**
 * The tensors of a file of any known format, and of the files in its folder that belong to it. Throws `data/unreadable`, or
 * a code of the area `weights` for bytes that are not valid. `check` sees the file's bytes before they are understood.
 */
export async function loadTensorFile(path: string, check?: (bytes: Uint8Array) => void): Promise<TensorFile> {
  const file = await readBytes(path);
  check?.(file);
  const beside = new Map<string, Uint8Array>();
  for (const name of filesBeside(file, path)) beside.set(name, await readBytes(join(dirname(path), name)));
  return readTensorFile(file, path, beside);
}

/** Atomic: an interrupted save leaves the old file. Throws `data/unwritable`. */
export async function saveSafetensors(
  path: string,
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Promise<void> {
  await writeFileAtomic(path, writeSafetensors(tensors, metadata));
}

/** A file's tensors as float32, for `Session.importWeights`. */
export async function loadWeights(path: string): Promise<Map<string, WeightTensor>> {
  return weightsFromSafetensors(await loadSafetensors(path));
}

/** Saves what `Session.exportWeights` gave. */
export async function saveWeights(
  path: string,
  weights: Weights,
  metadata: Iterable<readonly [string, string]> = [],
): Promise<void> {
  await saveSafetensors(path, weightsToSafetensors(weights), metadata);
}
