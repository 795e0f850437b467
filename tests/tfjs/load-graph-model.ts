/** Loads graph models as users do, with `tf.loadGraphModel`, from the contents of their files. */
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { loadGraphModel, type GraphModel } from "@tensorflow/tfjs-converter";

export { tf };

export const backends = ["cpu", "wasm"] as const;

export function loadFiles(files: ReadonlyMap<string, string | Uint8Array>): Promise<GraphModel> {
  const load = (): Promise<tf.io.ModelArtifacts> =>
    tf.io.getModelArtifactsForJSON(JSON.parse(files.get("model.json") as string) as tf.io.ModelJSON, (manifest) => {
      const parts = manifest.flatMap(({ paths }) => paths.map((path) => files.get(path) as Uint8Array));
      const bytes = new Uint8Array(Buffer.concat(parts));
      return Promise.resolve([manifest.flatMap(({ weights }) => weights), bytes.buffer]);
    });
  return loadGraphModel({ load });
}

export type Numbers = Readonly<Record<string, Float32Array>>;

/** Feeds tensors, and gives the numbers of the outputs by name. Leaves no tensor behind. */
export function execute(
  model: GraphModel,
  feeds: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>,
  outputs: readonly string[],
): Numbers {
  return tf.tidy(() => {
    const fed = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      tf.tensor(Float32Array.from(data), [...shape], "float32"),
    ]);
    const made = model.execute(Object.fromEntries(fed) as tf.NamedTensorMap, [...outputs]);
    const tensors = Array.isArray(made) ? made : [made];
    return Object.fromEntries(outputs.map((name, i) => [name, tensors[i]!.dataSync<"float32">()]));
  });
}

export async function use(backend: (typeof backends)[number]): Promise<void> {
  await tf.setBackend(backend);
  await tf.ready();
}
