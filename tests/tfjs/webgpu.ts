/** tfjs-webgpu in Node: on Dawn, over the adapter of a driver. One backend a test file, as it is one a process. */
import type * as core from "@tensorflow/tfjs-core";
import { gpuOf } from "../webgpu-device/support.ts";

/** Imported and not started; undefined, with a line that says so, where there is no adapter. */
export async function importTfjsOnWebgpu() {
  const gpu = await gpuOf("vulkan");
  if (gpu === undefined) return undefined;
  // It looks for these when it is imported.
  const { globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", { value: { ...navigatorFacts(), gpu }, configurable: true });
  const tf = await import("@tensorflow/tfjs-core");
  const webgpu = await import("@tensorflow/tfjs-backend-webgpu");
  await import("@tensorflow/tfjs-backend-cpu");
  return { tf, webgpu };
}

/** TensorFlow.js with its backend `webgpu`; undefined where there is no adapter. */
export async function tfjsOnWebgpu(): Promise<typeof core | undefined> {
  const imported = await importTfjsOnWebgpu();
  if (imported === undefined) return undefined;
  const { tf } = imported;
  await tf.setBackend("webgpu");
  await tf.ready();
  return tf;
}

function navigatorFacts(): object {
  const own = globalThis.navigator as Navigator | undefined;
  return { userAgent: own?.userAgent ?? "Node", language: "en" };
}
