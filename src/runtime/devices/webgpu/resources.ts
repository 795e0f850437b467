/// <reference types="@webgpu/types" />
/** Everything that a program has on a device: made when a session opens, nothing later. */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import type { WebgpuCode } from "../../../compiler/targets/webgpu/plan-code.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { sizeOf } from "../../../shape.ts";
import { createDispatches, type Dispatch, type DispatchOptions } from "./dispatches.ts";
import { scoped } from "./error-scopes.ts";
import { usage } from "./gpu.ts";
import { bufferOf, layoutBuffers, type GpuMemory } from "./memory.ts";
import type { OpenedGpu } from "./opened-gpu.ts";
import { createReadback, type Readback } from "./readback.ts";
import { createRebind, type Rebind } from "./rebind.ts";
import { MOST_PARTS } from "./work.ts";

/** Offsets of uniforms are multiples of this on every adapter. */
export const SLICE_STEP = 256;

/** Bytes of state that are read at once: it is read seldom, and more costs memory all the time. */
const MOST_STATE = 4 * 2 ** 20;

export interface Resources {
  readonly gpu: OpenedGpu;
  readonly layout: GpuMemory;
  /** In the order of `layout.buffers`. */
  readonly buffers: readonly GPUBuffer[];
  readonly dispatches: Readonly<Partial<Record<GraphName, readonly Dispatch[]>>>;
  readonly readback: Readback;
  /** Numbers of first workgroups, at multiples of `SLICE_STEP`; the first is 0. */
  readonly slices: { readonly buffer: GPUBuffer; readonly bindGroup: GPUBindGroup };
  readonly bytes: number;
  /** Plans whose prepared weights are those of the present state. */
  readonly prepared: Set<GraphName>;
  readonly rebind: Rebind;
  readonly destroy: () => void;
}

/** Fails with `run/memory` and `run/kernel`. */
export async function createResources(
  gpu: OpenedGpu,
  program: Program,
  code: WebgpuCode,
  options: DispatchOptions,
): Promise<Resources> {
  const { device } = gpu;
  const layout = layoutBuffers(program);
  const plans = Object.values(code.plans);
  const { value, fault } = scoped(device, () => {
    const buffers = layout.buffers.map(({ label, bytes }) =>
      device.createBuffer({ label, size: bytes, usage: usage.storage | usage.copySource | usage.copyTarget }),
    );
    const slices = device.createBuffer({
      label: "first workgroups",
      size: (MOST_PARTS + 1) * SLICE_STEP,
      usage: usage.uniform | usage.copyTarget,
    });
    const bindGroup = device.createBindGroup({
      label: "first workgroup",
      layout: gpu.pipelines.sliceLayout,
      entries: [{ binding: 0, resource: { buffer: slices, size: 16 } }],
    });
    const outputs = plans.map((plan) => Object.values(plan.outputs).reduce((sum, { shape }) => sum + sizeOf(shape), 0));
    const state = program.state.map(({ shape }) => 4 * sizeOf(shape));
    const readback = createReadback(
      device,
      Math.max(0, ...outputs.map((numbers) => 4 * numbers), ...state.map((bytes) => Math.min(bytes, MOST_STATE))),
    );
    return { buffers, slices: { buffer: slices, bindGroup }, readback };
  });
  const destroy = (): void => {
    for (const buffer of value.buffers) buffer.destroy();
    value.slices.buffer.destroy();
    value.readback.destroy();
  };
  const bytes = layout.bytes + value.slices.buffer.size + value.readback.bytes;
  try {
    const problem = await fault;
    if (problem !== undefined) fail("run/memory", { bytes, reason: problem.message });
    for (const plan of plans) {
      plan.constants.forEach((values, index) => {
        const buffer = value.buffers[bufferOf(layout, plan, { kind: "constant", index })]!;
        device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
      });
    }
    const dispatches = await Promise.all(
      plans.map(async (plan) => {
        const memory = { layout, buffers: value.buffers };
        return [plan.graph, await createDispatches(gpu, code, plan, memory, options)] as const;
      }),
    );
    return {
      ...value,
      gpu,
      layout,
      dispatches: Object.fromEntries(dispatches),
      bytes,
      prepared: new Set(),
      rebind: createRebind(device),
      destroy,
    };
  } catch (error) {
    destroy();
    throw error;
  }
}
