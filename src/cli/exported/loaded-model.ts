/** Loads a graph model with TensorFlow.js alone, as a user of it would: `tf.loadGraphModel` and a backend. */
import { basename } from "node:path";
import type * as Core from "@tensorflow/tfjs-core";
import type * as Converter from "@tensorflow/tfjs-converter";
import { fail } from "../../diagnostics/catalogue.ts";
import { BcosError } from "../../diagnostics/diagnostic.ts";
import { withoutGreetings } from "../../runtime/devices/tfjs/greetings.ts";
import { loadTfjs, type MissingTfjs } from "../../runtime/devices/tfjs/load.ts";
import { readBytes } from "../../runtime/files/read.node.ts";
import { reasonOf } from "../../runtime/files/reason.ts";
import { concatenate } from "../../runtime/weights/concatenate.ts";
import { modelFileName } from "../../runtime/weights/tfjs/graph-model-files.ts";

export interface LoadedModel {
  readonly backend: string;
  /** Runs it on a batch of images, and on what else is fed. Gives the numbers of the wanted outputs. */
  run(feeds: Readonly<Record<string, Fed>>, outputs: readonly string[]): Promise<readonly Float32Array[]>;
  dispose(): void;
}

export interface Fed {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

interface Packages {
  readonly tf: typeof Core;
  readonly loadGraphModel: typeof Converter.loadGraphModel;
  readonly backend: string;
}

/** The backends that Node has without a download, the faster one first. */
const backends = ["wasm", "cpu"] as const;

/** Throws `run/no-converter` where a package is missing. */
export async function loadPackages(): Promise<Packages> {
  const missing: MissingTfjs[] = [];
  for (const backend of backends) {
    const found = await loadTfjs(backend);
    if ("missing" in found) {
      missing.push(found);
      continue;
    }
    const tf = found.tf as unknown as typeof Core;
    await tf.setBackend(backend);
    try {
      return { tf, loadGraphModel: (await import("@tensorflow/tfjs-converter")).loadGraphModel, backend };
    } catch (error) {
      return fail("run/no-converter", { reason: reasonOf(error) });
    }
  }
  return fail("run/no-converter", { reason: [...new Set(missing.map((found) => found.missing))].join("; ") });
}

/** The model in files: where each is by its name. */
export async function loadModel(
  { tf, loadGraphModel, backend }: Packages,
  files: ReadonlyMap<string, string>,
): Promise<LoadedModel> {
  const device = `tfjs:${backend}`;
  const model = await attempt(device, "loading the exported model", () => loadGraphModel(fileHandler(tf, files)));
  return {
    backend,
    run: (feeds, outputs) =>
      attempt(device, "the exported model", () => withoutGreetings(() => runModel(tf, model, feeds, outputs))),
    dispose: () => model.dispose(),
  };
}

/** Throws `run/tfjs` for whatever TensorFlow.js throws, such as a lack of memory. */
async function attempt<T>(device: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BcosError) throw error;
    const hints = ["`--unchecked` exports without loading it back"];
    return fail("run/tfjs", { device, what, reason: reasonOf(error) }, { hints });
  }
}

async function runModel(
  tf: typeof Core,
  model: Converter.GraphModel,
  feeds: Readonly<Record<string, Fed>>,
  outputs: readonly string[],
): Promise<readonly Float32Array[]> {
  const fed = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape], "float32")]),
  );
  const made: Core.Tensor[] = [];
  try {
    const result = model.execute(fed, [...outputs]);
    made.push(...(Array.isArray(result) ? result : [result]));
    return await Promise.all(made.map((tensor) => tensor.data<"float32">()));
  } finally {
    tf.dispose([...Object.values(fed), ...made]);
  }
}

/** Node has no loader for paths without TensorFlow's own packages for it. */
function fileHandler(tf: typeof Core, files: ReadonlyMap<string, string>): Core.io.IOHandler {
  const read = (name: string): Promise<Uint8Array> =>
    readBytes([...files].find(([path]) => basename(path) === name)![1]);
  return {
    load: async () => {
      const model = JSON.parse(new TextDecoder().decode(await read(modelFileName))) as Core.io.ModelJSON;
      return tf.io.getModelArtifactsForJSON(model, async (manifest) => {
        const parts = await Promise.all(manifest.flatMap(({ paths }) => paths).map(read));
        const { buffer } = concatenate(parts);
        return [manifest.flatMap(({ weights }) => weights), buffer as ArrayBuffer];
      });
    },
  };
}
