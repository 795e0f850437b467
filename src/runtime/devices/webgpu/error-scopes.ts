/// <reference types="@webgpu/types" />
/** Error scopes: what WebGPU has against a call, as an error of the call instead of a line in the console. */
import { pending } from "./pending.ts";

const FILTERS = ["validation", "out-of-memory", "internal"] as const;

export type GpuFault = { readonly kind: (typeof FILTERS)[number]; readonly message: string };

/** Runs `body` under error scopes. What it returns is to be used only where the fault turns out to be undefined. */
export function scoped<T>(
  device: GPUDevice,
  body: () => T,
): { readonly value: T; readonly fault: Promise<GpuFault | undefined> } {
  for (const filter of FILTERS) device.pushErrorScope(filter);
  let value: T;
  try {
    value = body();
  } catch (error) {
    // Scopes are a stack: they are popped whatever happens.
    void pop(device);
    throw error;
  }
  return { value, fault: pop(device) };
}

async function pop(device: GPUDevice): Promise<GpuFault | undefined> {
  const pops = FILTERS.toReversed().map(async (kind): Promise<GpuFault | undefined> => {
    // A lost device has nothing more to say: the loss is noticed elsewhere.
    const error = await pending(device, device.popErrorScope()).catch(() => null);
    return error === null ? undefined : { kind, message: error.message };
  });
  return (await Promise.all(pops)).find((fault) => fault !== undefined);
}
