/** TensorFlow.js as contenders, a backend each. */
import type { Contender } from "../../contender.ts";
import { startWebgpu, type WebgpuBackendModule } from "../../../src/runtime/tfjs/start-webgpu.ts";
import { provideWebgpu } from "../dawn.ts";
import { importPeer } from "../import.ts";
import type { Backend } from "./backend.ts";
import { prepareKernel } from "./kernels.ts";
import { prepareNetwork } from "./network.ts";
import type { Tf } from "./types.ts";

type BackendName = "wasm" | "cpu" | "webgpu";

/** With gradients that are lowered by hand. */
export async function tfjsContender(name: BackendName): Promise<Contender> {
  const backend = await openTfjs(name);
  return {
    name: `tfjs-${name} ${backend.tf.version.tfjs}`,
    threads: 1,
    prepare: (workload, given) =>
      workload.kind === "network"
        ? prepareNetwork(backend, workload, given, "by hand")
        : prepareKernel(backend, workload, given),
    end: async () => undefined,
  };
}

/**
 * Training with the gradients that tfjs makes of the plain formulas. tfjs-wasm lacks most of them, and on tfjs-cpu the one
 * to filters takes minutes for larger batches.
 */
export async function ownGradientsContender(name: "cpu" | "webgpu"): Promise<Contender> {
  const backend = await openTfjs(name);
  return {
    name: `own gradients of tfjs-${name} ${backend.tf.version.tfjs}`,
    threads: 1,
    prepare: async (workload, given) => {
      if (workload.kind !== "network" || workload.task !== "train") return { declined: "only trains" };
      if (name === "cpu" && workload.batch > MOST_ON_CPU) return { declined: "would take minutes" };
      return prepareNetwork(backend, workload, given, "own");
    },
    end: async () => undefined,
  };
}

/** Images of a step; each takes a quarter of a minute. */
const MOST_ON_CPU = 1;

/**
 * tfjs-webgpu is on a device that has all of the adapter's features. It asks for none that its kernels use; ours, which run
 * on the same device, use subgroups.
 */
let started: Promise<unknown> | undefined;

/** The library with that backend, which is then the current one. */
export async function openTfjs(name: BackendName): Promise<Backend> {
  if (name === "webgpu") await provideWebgpu();
  const tf = await importTf();
  const module = name === "cpu" ? undefined : await importPeer(`@tensorflow/tfjs-backend-${name}`);
  if (name === "webgpu") await (started ??= startWebgpu(tf as never, module as WebgpuBackendModule));
  const use = async (): Promise<void> => {
    if (!(await tf.setBackend(name))) throw new Error(`tfjs has no backend ${name}`);
  };
  await use();
  return { tf, use };
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
