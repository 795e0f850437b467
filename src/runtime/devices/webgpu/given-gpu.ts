/// <reference types="@webgpu/types" />
/** Devices that a user has opened: sessions run on them beside whatever else does, and leave them as they were. */
import { traitsOf, type GpuTraits } from "./adapter.ts";
import type { GpuSource } from "./opened-gpu.ts";
import { settled } from "./pending.ts";
import { createPipelineCache, type PipelineCache } from "./pipelines.ts";

interface Adopted {
  readonly traits: GpuTraits;
  readonly pipelines: PipelineCache;
}

/** What is the same for all sessions on a device. */
const adopted = new WeakMap<GPUDevice, Adopted>();

/**
 * The device as a source of sessions: with the features and limits that it was requested with. It is never destroyed. What
 * it reports outside of error scopes is left to its owner: what a session does is done within some, where it can be refused. `info` tells what
 * the adapter is where the device does not say so itself.
 */
export function givenGpu(device: GPUDevice, info: GPUAdapterInfo | undefined = device.adapterInfo): GpuSource {
  const source = async (): ReturnType<GpuSource> => {
    let own = adopted.get(device);
    if (own === undefined) {
      own = { traits: traitsOfGiven(device, info), pipelines: createPipelineCache(device) };
      adopted.set(device, own);
    }
    return {
      device,
      ...own,
      takeUncaptured: () => undefined,
      release: () => settled(device),
    };
  };
  return Object.assign(source, { given: true } as const);
}

const UNKNOWN = { vendor: "", architecture: "", device: "", description: "the given device" };

function traitsOfGiven({ features, limits }: GPUDevice, info: GPUAdapterInfo | undefined): GpuTraits {
  return { ...traitsOf({ features, info: info ?? (UNKNOWN as GPUAdapterInfo) }), limits };
}
