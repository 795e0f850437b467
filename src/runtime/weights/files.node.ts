/** safetensors files and model weights on disk. */
import { writeFileAtomic } from "../files/atomic-write.node.ts";
import { readBytes } from "../files/read.node.ts";
import { readTensorFile, type TensorFile } from "./read-tensors.ts";
import { readSafetensors, writeSafetensors, type Safetensors, type StoredTensor } from "./safetensors.ts";
import { weightsFromSafetensors, weightsToSafetensors, type Weights, type WeightTensor } from "./weights.ts";

/** Throws `data/unreadable`, or a code of the area `weights` for bytes that are not a valid file. */
export async function loadSafetensors(path: string): Promise<Safetensors> {
  return readSafetensors(await readBytes(path), path);
}

/** Throws `data/unreadable`, or a code of the area `weights` for bytes that are not a valid file of a known format. */
export async function loadTensorFile(path: string): Promise<TensorFile> {
  return readTensorFile(await readBytes(path), path);
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
