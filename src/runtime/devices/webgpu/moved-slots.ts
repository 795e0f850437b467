/**
 * Which launches have to be bound to another buffer so that an input is read from there, or an output is written there,
 * without a copy. Slots are reused: only the launches that touch this very value are to be bound anew.
 */
import type { BufferRef, Plan } from "../../../compiler/plan/plan.ts";
import type { WebgpuCode } from "../../../compiler/targets/webgpu/plan-code.ts";
import { sizeOf } from "../../../shape.ts";

export interface MovedSlot {
  readonly slot: number;
  /** Of the value: what the launches touch lies within. */
  readonly bytes: number;
  /** Indices of the launches that touch the value. */
  readonly launches: ReadonlySet<number>;
}

/** The use of a slot by a launch. */
interface Access {
  readonly launch: number;
  readonly writes: boolean;
  readonly prepare: boolean;
  /** The largest of the launch's bindings for it. */
  readonly bytes: number;
}

/** Undefined where the input has to be copied into its slot: a launch writes something else there. */
export function movedInput(plan: Plan, kernels: WebgpuCode["kernels"], name: string): MovedSlot | undefined {
  const { shape, buffer } = plan.inputs[name]!;
  if (buffer.kind !== "slot") return undefined;
  const accesses = accessesOf(plan, kernels, buffer.index);
  return accesses.some(({ writes }) => writes) ? undefined : moved(buffer.index, shape, accesses);
}

/**
 * Undefined where the output has to be copied: no launch of every run writes it, or a launch that can't be told from those
 * which write it touches more than the output has.
 */
export function movedOutput(plan: Plan, kernels: WebgpuCode["kernels"], name: string): MovedSlot | undefined {
  const { shape, buffer } = plan.outputs[name]!;
  if (buffer.kind !== "slot") return undefined;
  const accesses = accessesOf(plan, kernels, buffer.index);
  // A value is written, perhaps in parts, and then read: what is written last in a slot is the output.
  const last = accesses.findLastIndex(({ writes }) => writes);
  if (last < 0) return undefined;
  const before = accesses.findLastIndex(({ writes }, i) => i < last && !writes);
  return moved(buffer.index, shape, accesses.slice(before + 1));
}

function moved(slot: number, shape: readonly number[], accesses: readonly Access[]): MovedSlot | undefined {
  const bytes = 4 * sizeOf(shape);
  if (accesses.some((access) => access.prepare || access.bytes > bytes)) return undefined;
  return { slot, bytes, launches: new Set(accesses.map(({ launch }) => launch)) };
}

function accessesOf({ launches }: Plan, kernels: WebgpuCode["kernels"], slot: number): readonly Access[] {
  const isSlot = (ref: BufferRef): boolean => ref.kind === "slot" && ref.index === slot;
  return launches.flatMap((launch, index): Access[] => {
    if (launch.kind !== "kernel") return [];
    const { buffers, reads, kernel, prepare = false } = launch;
    const places = buffers.flatMap((ref, i) => (isSlot(ref) ? [i] : []));
    if (places.length === 0) return [];
    const bytes = Math.max(...places.map((i) => kernels[kernel]!.bindings[i]!.bytes));
    return [{ launch: index, writes: places.some((i) => i >= reads), prepare, bytes }];
  });
}
