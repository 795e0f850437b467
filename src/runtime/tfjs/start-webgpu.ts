/// <reference types="@webgpu/types" />
/** TensorFlow.js on a graphics device with all that our kernels can use, in place of the one that it would open. */
import type * as core from "@tensorflow/tfjs-core";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Device } from "../device.ts";
import { requireAdapter, TIMESTAMPS } from "../devices/webgpu/adapter.ts";
import { fusedDevice } from "./fused-device.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** `import * as tf from "@tensorflow/tfjs-core"`, or from `@tensorflow/tfjs`. */
export type StartedTensorFlow = Pick<TensorFlow, "backend" | "getBackend" | "ready"> &
  Pick<typeof core, "engine" | "registerBackend" | "removeBackend" | "setBackend">;

/** `import * as webgpu from "@tensorflow/tfjs-backend-webgpu"`. */
export interface WebgpuBackendModule {
  readonly WebGPUBackend: new (device: never, info?: never) => core.KernelBackend;
}

/** What tfjs-webgpu takes of the adapter, where there is more than every device has. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;
const FEATURES = [TIMESTAMPS, "bgra8unorm-storage"] as const;
/** That of tfjs-webgpu among the backends, where none is set. */
const PRIORITY = 3;

/**
 * In place of `tf.setBackend("webgpu")` and `fusedDevice(tf)`: opens a graphics device with subgroups and half precision, where
 * the adapter has them, and makes it the one that TensorFlow.js computes on. The device that TensorFlow.js opens by itself
 * has neither, which costs our kernels up to half of their speed; its own run on both alike. Fails with `run/no-webgpu`, and
 * with `run/tfjs-webgpu` where TensorFlow.js has opened its own already: tensors can't move to another one.
 */
export async function startWebgpu(tf: StartedTensorFlow, { WebGPUBackend }: WebgpuBackendModule): Promise<Device> {
  if ("webgpu" in tf.engine().registry) {
    fail("run/tfjs-webgpu", {
      problem: "TensorFlow.js has opened it already, without what our kernels can use",
      remedy: "`startWebgpu` before anything that computes there, or `fusedDevice(tf)` to do without",
    });
  }
  const { adapter, traits } = await requireAdapter();
  const device = await adapter.requestDevice({
    label: "TensorFlow.js and bcosc",
    requiredFeatures: [...traits.features, ...FEATURES.filter((feature) => adapter.features.has(feature))],
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  });
  // What it registered when it was imported would open another device.
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device as never, adapter.info as never), PRIORITY);
  await tf.setBackend("webgpu");
  return fusedDevice(tf);
}
