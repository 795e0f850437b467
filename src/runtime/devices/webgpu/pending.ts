/// <reference types="@webgpu/types" />
/**
 * Calls of a device that are not answered yet. Dawn ends the process when the thread that made one ends before its answer,
 * so whoever lets go of a device waits for them first; a lost device answers them, too.
 */

const calls = new WeakMap<GPUDevice, Set<Promise<unknown>>>();

/** Milliseconds after which nobody waits any more: a driver may have died without a word. */
const PATIENCE = 5000;

/** The same promise, remembered until it is settled. */
export function pending<T>(device: GPUDevice, call: Promise<T>): Promise<T> {
  const open = calls.get(device) ?? new Set();
  calls.set(device, open);
  const forget = (): void => void open.delete(call);
  open.add(call);
  call.then(forget, forget);
  return call;
}

/** Resolves when every call is answered, those that were made meanwhile included. Never rejects. */
export async function settled(device: GPUDevice): Promise<void> {
  const open = calls.get(device);
  const end = performance.now() + PATIENCE;
  while (open !== undefined && open.size > 0 && performance.now() < end) {
    await ended(Promise.allSettled([...open]), end - performance.now());
  }
}

/** Resolves when `work` is settled, or is not after some time. Never rejects. */
export async function ended(work: Promise<unknown>, milliseconds = PATIENCE): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
