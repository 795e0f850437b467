/// <reference types="@webgpu/types" />
/** Dispatches with other buffers than their own: bind groups that are made for a run, and once for the same buffers. */
import type { Dispatch } from "./dispatches.ts";
import type { MovedSlot } from "./moved-slots.ts";

/** A slot that a run has in another buffer. */
export interface Rebinding extends MovedSlot {
  readonly buffer: GPUBuffer;
}

/** The dispatch, with the buffers of the run. Errors of WebGPU come in the scope of the caller. */
export type Rebind = (dispatch: Dispatch, rebindings: readonly Rebinding[]) => Dispatch;

/** Buffers in the order of the bindings; they are kept by whoever owns them, not by what is remembered here. */
type Made = WeakMap<GPUBuffer, Made | GPUBindGroup>;

export function createRebind(device: GPUDevice): Rebind {
  const groups = new Map<Dispatch, Made>();
  return (dispatch, rebindings) => {
    const own = rebindings.filter(({ launches }) => launches.has(dispatch.index));
    if (own.length === 0) return dispatch;
    const { launch, layout, label, buffers } = dispatch;
    const entries = launch.buffers.map((ref, i): GPUBufferBinding => {
      const found = own.find(({ slot }) => ref.kind === "slot" && ref.index === slot);
      return found === undefined ? { buffer: buffers[i]! } : { buffer: found.buffer, size: found.bytes };
    });
    let made: Made = groups.get(dispatch) ?? new WeakMap();
    groups.set(dispatch, made);
    for (const { buffer } of entries.slice(0, -1)) {
      const next = (made.get(buffer) as Made | undefined) ?? new WeakMap();
      made.set(buffer, next);
      made = next as Made;
    }
    const last = entries.at(-1)!.buffer;
    let bindGroup = made.get(last) as GPUBindGroup | undefined;
    if (bindGroup === undefined) {
      bindGroup = device.createBindGroup({
        label,
        layout,
        entries: entries.map((resource, binding) => ({ binding, resource })),
      });
      made.set(last, bindGroup);
    }
    return { ...dispatch, bindGroup };
  };
}
