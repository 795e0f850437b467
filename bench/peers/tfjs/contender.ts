/** TensorFlow.js as contenders, a backend each. */
import type { Contender } from "../../contender.ts";
import { provideWebgpu } from "../dawn.ts";
import { importPeer } from "../import.ts";
import type { Backend } from "./backend.ts";
import { prepareKernel } from "./kernels.ts";
import { prepareNetwork } from "./network.ts";
import type { Tf } from "./types.ts";

export async function tfjsContender(name: "wasm" | "cpu" | "webgpu"): Promise<Contender> {
  if (name === "webgpu") await provideWebgpu();
  const tf = await importTf();
  if (name !== "cpu") await importPeer(`@tensorflow/tfjs-backend-${name}`);
  const backend: Backend = {
    tf,
    use: async () => {
      if (!(await tf.setBackend(name))) throw new Error(`tfjs has no backend ${name}`);
    },
  };
  await backend.use();
  return {
    name: `tfjs-${name} ${tf.version.tfjs}`,
    threads: 1,
    prepare: (workload, given) =>
      workload.kind === "network" ? prepareNetwork(backend, workload, given) : prepareKernel(backend, workload, given),
    end: async () => undefined,
  };
}

/** The whole package, not only the core: it registers the gradients. It greets on the console, which tables do without. */
async function importTf(): Promise<Tf> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    const module = await importPeer<Tf & { readonly default?: Tf }>("@tensorflow/tfjs");
    return module.default ?? module;
  } finally {
    console.warn = warn;
  }
}
