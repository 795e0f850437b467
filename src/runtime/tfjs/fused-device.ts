/** The device `webgpu` on the graphics device of tfjs-webgpu. */
import type { Device } from "../device.ts";
import { webgpuDeviceOn } from "../devices/webgpu/device-on.ts";
import { requireSharedBackend } from "./shared-backend.ts";
import type { TensorFlow } from "./tensorflow.ts";

/**
 * A device for `openSession` and `load` whose sessions compute with fused kernels on the `GPUDevice` that TensorFlow.js
 * computes on, so that tensors go in and come out without a copy: see `tensorSession`. Waits until TensorFlow.js is ready;
 * fails with `run/tfjs-webgpu` where its backend is not `webgpu`.
 */
export async function fusedDevice(tf: Pick<TensorFlow, "backend" | "getBackend" | "ready">): Promise<Device> {
  return webgpuDeviceOn((await requireSharedBackend(tf)).device);
}
