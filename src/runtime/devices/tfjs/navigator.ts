/// <reference types="@webgpu/types" />
/** In Node tfjs-backend-webgpu finds WebGPU where browsers have it: in `navigator.gpu` and in globals. */
import { findGpu, isNode } from "../webgpu/gpu.ts";

/** Does `work` with `navigator.gpu` there, and takes it away again where it was put there. */
export async function withNavigatorGpu<T>(work: () => Promise<T>): Promise<T> {
  const found = await findGpu();
  if (!("gpu" in found)) return work();
  if (isNode()) await provideGlobals();
  const holder = globalThis as { navigator?: { gpu?: GPU } };
  if (holder.navigator?.gpu !== undefined) return work();
  const { gpu } = found;
  const none = holder.navigator === undefined;
  if (none) Object.defineProperty(holder, "navigator", { value: { gpu, userAgent: "Node" }, configurable: true });
  else Object.defineProperty(holder.navigator, "gpu", { value: gpu, configurable: true });
  try {
    return await work();
  } finally {
    if (none) delete holder.navigator;
    else delete holder.navigator!.gpu;
  }
}

/** `GPUBufferUsage` and the like, which the backend reads as long as it runs: they stay. */
async function provideGlobals(): Promise<void> {
  if ("GPUBufferUsage" in globalThis) return;
  // Not a literal: bundlers for browsers would look for the package.
  const name = "webgpu";
  const { globals } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { globals: object };
  for (const [global, value] of Object.entries(globals)) {
    if (!(global in globalThis))
      Object.defineProperty(globalThis, global, { value, configurable: true, writable: true });
  }
}
