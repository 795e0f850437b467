/** The files of a graph model: `model.json` with the topology and a manifest, and the numbers in shards. */
import type { GraphModel } from "../../../compiler/targets/tfjs/graph-model/graph-model.ts";
import { sha256 } from "../../../hash.ts";
import { concatenate } from "../concatenate.ts";

/** As TensorFlow's converters cut them: what browsers keep in their caches. */
const SHARD_BYTES = 4 * 2 ** 20;

export const modelFileName = "model.json";

export interface GraphModelNotes {
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
  { generatedBy, notes }: GraphModelNotes,
): ReadonlyMap<string, Uint8Array | string> {
  const numbers = concatenate(weights.map(({ data }) => bytesOf(data)));
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
    weightsManifest: [
      {
        paths,
        weights: weights.map(({ name, shape, data }) => ({
          name,
          shape,
          dtype: data instanceof Float32Array ? "float32" : "int32",
        })),
      },
    ],
  };
  return new Map<string, Uint8Array | string>([
    ...paths.map((path, i) => [path, numbers.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES)] as const),
    [modelFileName, `${JSON.stringify(model)}\n`] as const,
  ]);
}

/** In the order of the machine, which is little-endian wherever there is a JavaScript engine, as in the format. */
function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
