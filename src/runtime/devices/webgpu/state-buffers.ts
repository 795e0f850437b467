/// <reference types="@webgpu/types" />
/** The state on a device: read and written as whole tensors, which the plans may have in parts. */
import type { Resources } from "./resources.ts";
import { runDispatches } from "./runner.ts";

function stateOf(resources: Resources, path: string): readonly { buffer: GPUBuffer; length: number }[] {
  const parts = resources.layout.state.get(path)!;
  return parts.map(({ buffer, length }) => ({ buffer: resources.buffers[buffer]!, length }));
}

/** In the program's own layout, tensor by tensor. */
export async function readState(resources: Resources, paths: readonly string[]): Promise<readonly Float32Array[]> {
  const all = paths.map((path) => stateOf(resources, path));
  const values = await runDispatches(resources, { dispatches: [], requests: all.flat() });
  let at = 0;
  return all.map((parts) => joined(values.slice(at, (at += parts.length))));
}

/** What was prepared from it is to be prepared again. */
export function writeState(resources: Resources, path: string, values: Float32Array): void {
  resources.prepared.clear();
  let at = 0;
  for (const { buffer, length } of stateOf(resources, path)) {
    const part = values.subarray(at, (at += length)) as Float32Array<ArrayBuffer>;
    resources.gpu.device.queue.writeBuffer(buffer, 0, part);
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
