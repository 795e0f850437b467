/// <reference types="@webgpu/types" />
/** Devices: opened once for all sessions of the process, with the pipelines compiled for them, and closed with the last. */
import { requireAdapter, TIMESTAMPS, type FoundAdapter, type GpuTraits } from "./adapter.ts";
import { pending, settled } from "./pending.ts";
import { createPipelineCache, type PipelineCache } from "./pipelines.ts";

export interface OpenedGpu {
  readonly device: GPUDevice;
  readonly traits: GpuTraits;
  readonly pipelines: PipelineCache;
  /** What WebGPU reported outside of every error scope since it was last asked. */
  readonly takeUncaptured: () => string | undefined;
  /** Gives it back; the last one to do so closes the device, unless it is the user's. */
  readonly release: () => Promise<void>;
}

export interface GpuSource {
  (): Promise<OpenedGpu>;
  /** The device is the user's: it is not closed, and once it is lost there is no other. */
  readonly given?: true;
}

/** A device of its own. Fails with `run/no-webgpu`. */
export async function openGpu(find: () => Promise<FoundAdapter> = requireAdapter): Promise<OpenedGpu> {
  const { adapter, traits } = await find();
  const requiredFeatures: GPUFeatureName[] = [
    ...traits.features,
    ...(traits.timestamps ? ([TIMESTAMPS] as const) : []),
  ];
  const device = await adapter.requestDevice({ label: "bcosc", requiredFeatures });
  let uncaptured: string | undefined;
  device.onuncapturederror = ({ error }) => (uncaptured ??= error.message);
  return {
    device,
    traits,
    pipelines: createPipelineCache(device),
    takeUncaptured() {
      const taken = uncaptured;
      uncaptured = undefined;
      return taken;
    },
    async release() {
      // Work under way when a device is destroyed has brought processes down.
      await pending(device, device.queue.onSubmittedWorkDone()).catch(() => undefined);
      await settled(device);
      device.destroy();
    },
  };
}

interface Shared {
  readonly opened: Promise<OpenedGpu>;
  users: number;
}

let shared: Shared | undefined;

/** The process's device. One that was lost is given to nobody any more. */
export async function sharedGpu(): Promise<OpenedGpu> {
  const own = (shared ??= begin());
  own.users++;
  try {
    const opened = await own.opened;
    let released = false;
    return {
      ...opened,
      async release() {
        if (released) return;
        released = true;
        if (--own.users > 0) return;
        if (shared === own) shared = undefined;
        await opened.release();
      },
    };
  } catch (error) {
    own.users--;
    throw error;
  }
}

function begin(): Shared {
  const own: Shared = { opened: openGpu(), users: 0 };
  const forget = (): void => {
    if (shared === own) shared = undefined;
  };
  own.opened.then(({ device }) => device.lost.then(forget), forget);
  return own;
}
