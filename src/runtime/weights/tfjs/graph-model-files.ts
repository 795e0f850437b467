/** The files of a graph model: `model.json` with the topology and a manifest, and the numbers in shards. */
import type { GraphModel } from "../../../compiler/targets/tfjs/graph-model/graph-model.ts";
import type { GraphWeight } from "../../../compiler/targets/tfjs/graph-model/node-builder.ts";
import { sha256 } from "../../../hash.ts";
import { concatenate } from "../concatenate.ts";
import { toHalves } from "../dtypes.ts";

/** As TensorFlow's converters cut them: what browsers keep in their caches. */
const SHARD_BYTES = 4 * 2 ** 20;

export const modelFileName = "model.json";

export const quantizations = ["float16"] as const;
export type Quantization = (typeof quantizations)[number];

export interface GraphModelSettings {
  /** Tables of weights are kept in so few bytes, and become float32 when the model is loaded. */
  readonly quantize?: Quantization | undefined;
  /** The program and its version. */
  readonly generatedBy: string;
  /** For whoever uses the model, under the key `bcosc`. */
  readonly notes: Readonly<Record<string, unknown>>;
}

/**
 * Contents by name, `model.json` last. Names of shards have a hash of all numbers in them, so that neither a cache nor a
 * reader in between ever joins the `model.json` of one export with the shards of another.
 */
export function graphModelFiles(
  { topology, signature, weights }: GraphModel,
  { generatedBy, notes, quantize }: GraphModelSettings,
): ReadonlyMap<string, Uint8Array | string> {
  const stored = weights.map((weight) => storedWeight(weight, quantize));
  const numbers = concatenate(stored.map(({ bytes }) => bytes));
  const count = Math.max(1, Math.ceil(numbers.length / SHARD_BYTES));
  const hash = sha256(numbers).slice(0, 12);
  const paths = Array.from({ length: count }, (_, i) => `weights-${hash}-${i + 1}of${count}.bin`);
  const outputs = Object.keys(signature.outputs);
  const model = {
    format: "graph-model",
    generatedBy,
    convertedBy: null,
    signature,
    userDefinedMetadata: {
      // With it, `model.predict` gives outputs by name; one output it gives as it is.
      ...(outputs.length > 1 ? { structuredOutputKeys: outputs } : {}),
      bcosc: notes,
    },
    modelTopology: topology,
    weightsManifest: [{ paths, weights: stored.map(({ entry }) => entry) }],
  };
  return new Map<string, Uint8Array | string>([
    ...paths.map((path, i) => [path, numbers.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES)] as const),
    [modelFileName, `${JSON.stringify(model)}\n`] as const,
  ]);
}

interface StoredWeight {
  /** What the manifest says of it. */
  readonly entry: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
}

/** Only tables shrink: rows of numbers, as norms have them, are small and decide more. */
function storedWeight({ name, shape, data }: GraphWeight, quantize: Quantization | undefined): StoredWeight {
  if (data instanceof Int32Array) return { entry: { name, shape, dtype: "int32" }, bytes: bytesOf(data) };
  const entry = { name, shape, dtype: "float32" };
  const isTable = shape.filter((length) => length > 1).length > 1;
  if (quantize === undefined || !isTable) return { entry, bytes: bytesOf(data) };
  const quantization = { dtype: quantize, original_dtype: "float32" };
  return { entry: { ...entry, quantization }, bytes: toHalves(data) };
}

/** In the order of the machine, which is little-endian wherever there is a JavaScript engine, as in the format. */
function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
