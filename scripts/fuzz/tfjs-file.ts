/** Writes layers models of TensorFlow.js: a text with a manifest, and a file of numbers. */
import { joined, type Bytes } from "./torch-file.ts";

export interface TfjsWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly quantization?: object;
  readonly bytes: Bytes | Uint8Array;
}

/** `kinds` has the kinds of the layers by their names. */
export function tfjsModel(
  weights: readonly TfjsWeight[],
  { kinds = {}, paths = ["group1-shard1of1.bin"] }: { kinds?: Readonly<Record<string, string>>; paths?: unknown } = {},
): Uint8Array<ArrayBuffer> {
  const layers = Object.entries(kinds).map(([name, kind]) => ({ class_name: kind, config: { name } }));
  return jsonFile({
    format: "layers-model",
    modelTopology: { class_name: "Sequential", config: { name: "sequential", layers } },
    weightsManifest: [
      {
        paths,
        weights: weights.map(({ name, shape, dtype = "float32", quantization }) => ({
          name,
          shape,
          dtype,
          ...(quantization === undefined ? {} : { quantization }),
        })),
      },
    ],
  });
}

export function jsonFile(value: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(JSON.stringify(value)));
}

export const tfjsData = (weights: readonly TfjsWeight[]): Uint8Array<ArrayBuffer> =>
  joined(weights.map((w) => w.bytes));
