/** jax-js as a contender. */
import { availableParallelism } from "node:os";
import type { Contender } from "../../contender.ts";
import { provideWebgpu } from "../dawn.ts";
import { importPeer } from "../import.ts";
import { prepareKernel } from "./kernels.ts";
import { prepareNetwork } from "./network.ts";
import type { Jax } from "./types.ts";

const version = "0.1.25";

/**
 * Its kernels for WebGPU round more: behind three steps of twenty layers of SGD losses agree to 1e-7, but updates of
 * weights only to 3e-3, more towards the input, and Adam makes whole steps of that, which then shows in the losses, 2e-3.
 * Its kernels for WASM agree on the same program to 2e-5, so the program is the same.
 */
const webgpuTolerance = { updates: 2, losses: 50 };

export async function jaxContender(device: "wasm" | "webgpu"): Promise<Contender> {
  if (device === "webgpu") await provideWebgpu();
  const jax = await importPeer<Jax>("@jax-js/jax");
  if (!(await jax.init(device)).includes(device)) throw new Error(`jax-js has no device ${device}`);
  const use = (): void => void jax.defaultDevice(device);
  return {
    name: `jax-js ${device} ${version}`,
    threads: device === "wasm" ? availableParallelism() : 1,
    ...(device === "webgpu" ? { tolerance: webgpuTolerance } : {}),
    prepare(workload, given) {
      use();
      return workload.kind === "network" ? prepareNetwork(jax, workload, given) : prepareKernel(jax, workload, given);
    },
    end: async () => undefined,
  };
}
