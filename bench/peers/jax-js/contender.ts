/** jax-js as a contender. */
import { availableParallelism } from "node:os";
import type { Contender } from "../../contender.ts";
import { provideWebgpu } from "../dawn.ts";
import { importPeer } from "../import.ts";
import { prepareKernel } from "./kernels.ts";
import { prepareNetwork } from "./network.ts";
import type { Jax } from "./types.ts";

const version = "0.1.25";

export async function jaxContender(device: "wasm" | "webgpu"): Promise<Contender> {
  if (device === "webgpu") await provideWebgpu();
  const jax = await importPeer<Jax>("@jax-js/jax");
  if (!(await jax.init(device)).includes(device)) throw new Error(`jax-js has no device ${device}`);
  const use = (): void => void jax.defaultDevice(device);
  return {
    name: `jax-js ${device} ${version}`,
    threads: device === "wasm" ? availableParallelism() : 1,
    prepare(workload, given) {
      use();
      return workload.kind === "network" ? prepareNetwork(jax, workload, given) : prepareKernel(jax, workload, given);
    },
    end: async () => undefined,
  };
}
