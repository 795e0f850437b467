/// <reference types="@webgpu/types" />
/**
 * Runs on buffers of the user's: launches read inputs where they lie, and write outputs into buffers that are handed over.
 * Where a plan does not allow that they are copied on the GPU.
 */
import type { Plan } from "../../../compiler/plan/plan.ts";
import type { WebgpuCode } from "../../../compiler/targets/webgpu/plan-code.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { sizeOf } from "../../../shape.ts";
import { scoped, type GpuFault } from "./error-scopes.ts";
import { noteBuffer, requireBuffer } from "./fed-buffers.ts";
import { usage } from "./gpu.ts";
import { bufferOf } from "./memory.ts";
import { movedInput, movedOutput, type MovedSlot } from "./moved-slots.ts";
import type { Rebinding } from "./rebind.ts";
import type { Resources } from "./resources.ts";
import { submitDispatches, type BufferCopy, type WorkOptions } from "./runner.ts";

export interface ResidentRun extends Omit<WorkOptions, "plan"> {
  readonly plan: Plan;
  /** Buffers by the feed that they are given for. */
  readonly held: ReadonlyMap<string, object>;
  readonly wanted: readonly string[];
  /** Outputs of the part of the run before this one. */
  readonly made?: ReadonlyMap<string, GPUBuffer>;
  /** Makes the buffers of results. Default: the run itself, which destroys them where it fails. */
  readonly create?: ((bytes: number) => object) | undefined;
}

export interface ResidentResults {
  readonly outputs: ReadonlyMap<string, GPUBuffer>;
  /** What WebGPU had against the run, once that is known. */
  readonly fault: Promise<GpuFault | undefined>;
  /** Destroys the outputs, unless somebody else has made them. */
  readonly destroy: () => void;
}

/** What is the same for all runs of a plan. */
export interface MovedSlots {
  input(name: string): MovedSlot | undefined;
  output(name: string): MovedSlot | undefined;
}

export function movedSlotsOf(plan: Plan, kernels: WebgpuCode["kernels"]): MovedSlots {
  const found = (names: readonly string[], find: typeof movedInput) =>
    new Map(names.map((name) => [name, find(plan, kernels, name)] as const));
  const inputs = found(Object.keys(plan.inputs), movedInput);
  const outputs = found(Object.keys(plan.outputs), movedOutput);
  return { input: (name) => inputs.get(name), output: (name) => outputs.get(name) };
}

/** Fails with `run/gpu-buffer` for a feed that can't be read, before anything is submitted. */
export async function runOnBuffers(
  resources: Resources,
  slots: MovedSlots,
  run: ResidentRun,
): Promise<ResidentResults> {
  const { device } = resources.gpu;
  const { plan, dispatches, wanted, held, made = new Map(), create, ...work } = run;
  const fed = new Map<string, GPUBuffer>();
  for (const [name, { shape }] of Object.entries(plan.inputs)) {
    const buffer = held.get(name);
    if (buffer !== undefined) fed.set(name, await requireBuffer(device, name, buffer, 4 * sizeOf(shape)));
  }
  const outputs = new Map<string, GPUBuffer>();
  const destroy = (): void => {
    if (create === undefined) for (const buffer of outputs.values()) buffer.destroy();
  };
  try {
    const { value, fault: binding } = scoped(device, () => {
      for (const name of wanted) {
        const bytes = 4 * sizeOf(plan.outputs[name]!.shape);
        const buffer = create === undefined ? createOutput(device, name, bytes) : (create(bytes) as GPUBuffer);
        outputs.set(name, buffer);
        noteBuffer(device, buffer);
      }
      const { rebindings, before, after } = placeValues(resources, slots, plan, { fed, made, outputs });
      return { bound: dispatches.map((dispatch) => resources.rebind(dispatch, rebindings)), before, after };
    });
    const { bound, ...copies } = value;
    const { fault: submission } = await submitDispatches(resources, { ...work, plan, dispatches: bound, ...copies });
    const fault = Promise.all([binding, submission]).then((faults) => faults.find((found) => found !== undefined));
    return { outputs, fault, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

function createOutput(device: GPUDevice, label: string, size: number): GPUBuffer {
  return device.createBuffer({ label, size, usage: usage.storage | usage.copySource | usage.copyTarget });
}

interface Placement {
  readonly rebindings: readonly Rebinding[];
  readonly before: readonly BufferCopy[];
  readonly after: readonly BufferCopy[];
}

function placeValues(
  { layout, buffers }: Resources,
  slots: MovedSlots,
  plan: Plan,
  values: {
    readonly fed: ReadonlyMap<string, GPUBuffer>;
    readonly made: ReadonlyMap<string, GPUBuffer>;
    readonly outputs: ReadonlyMap<string, GPUBuffer>;
  },
): Placement {
  const { fed, made, outputs } = values;
  const rebindings: Rebinding[] = [];
  const before: BufferCopy[] = [];
  const after: BufferCopy[] = [];
  const own = (ref: Parameters<typeof bufferOf>[2]): GPUBuffer => buffers[bufferOf(layout, plan, ref)]!;
  for (const [name, buffer] of fed) {
    const moved = slots.input(name);
    if (moved !== undefined) {
      rebindings.push({ ...moved, buffer });
      continue;
    }
    requireCopySource(name, buffer);
    const { shape, buffer: ref } = plan.inputs[name]!;
    before.push({ from: buffer, to: own(ref), bytes: 4 * sizeOf(shape) });
  }
  /** Where the value of a slot is, when the run is done. */
  const placed = new Map<number, GPUBuffer>(rebindings.map(({ slot, buffer }) => [slot, buffer]));
  for (const [name, buffer] of made) {
    const moved = slots.output(name);
    if (moved === undefined || placed.has(moved.slot)) continue;
    rebindings.push({ ...moved, buffer });
    placed.set(moved.slot, buffer);
  }
  for (const [name, buffer] of outputs) {
    const { shape, buffer: ref } = plan.outputs[name]!;
    const elsewhere = ref.kind === "slot" ? placed.get(ref.index) : undefined;
    const moved = slots.output(name);
    if (moved !== undefined && elsewhere === undefined) {
      rebindings.push({ ...moved, buffer });
      placed.set(moved.slot, buffer);
      continue;
    }
    const from = elsewhere ?? own(ref);
    const input = [...fed].find(([, given]) => given === from);
    if (input !== undefined) requireCopySource(...input);
    after.push({ from, to: buffer, bytes: 4 * sizeOf(shape) });
  }
  return { rebindings, before, after };
}

function requireCopySource(name: string, buffer: GPUBuffer): void {
  if ((buffer.usage & usage.copySource) !== 0) return;
  fail("run/gpu-buffer", {
    name,
    problem: "can not be copied, which this program needs",
    remedy: "create it with the usage `GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC`",
  });
}
