/** The device `webgpu` on a `GPUDevice` that the user has: without the types of WebGPU, which not every program has. */
import type { Device } from "../../device.ts";

/** What a `GPUDevice` is known by. */
export interface GraphicsDevice {
  readonly features: { has(name: string): boolean };
  readonly limits: object;
  readonly queue: object;
  readonly lost: Promise<unknown>;
}

/**
 * Opens sessions on the given `GPUDevice`, so that they share its memory with whatever else runs there: see
 * `Session.runResident`. They compile their shaders once a device and leave it open when they are disposed. A device that
 * has less than a program needs is refused with `run/gpu-limits`, one that is lost with `run/device-lost`: sessions on it
 * can't be brought to another one.
 */
export function webgpuDeviceOn(device: GraphicsDevice): Device {
  return {
    name: "webgpu",
    async open(program, options) {
      const [{ createWebgpuDevice }, { givenGpu }] = await Promise.all([
        import("./device.ts"),
        import("./given-gpu.ts"),
      ]);
      return createWebgpuDevice({ source: givenGpu(device as never) }).open(program, options);
    },
  };
}
