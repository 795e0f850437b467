/**
 * Which buffers a program has, worked out before anything is allocated: state, constants, and slots. As only one plan runs
 * at a time, plans share their slots, largest with largest; only what the launches that prepare weights leave is kept for
 * each.
 */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import type { BufferRef, Plan } from "../../../compiler/plan/plan.ts";
import { sizeOf } from "../../../shape.ts";
import { keptSlots } from "../plan-facts.ts";

export interface GpuMemory {
  /** Bytes of each buffer, multiples of 16, with what it is for. */
  readonly buffers: readonly { readonly label: string; readonly bytes: number }[];
  /** By path: one buffer, or several where the plans have the tensor in parts. */
  readonly state: ReadonlyMap<string, readonly StateBuffer[]>;
  /** Buffers of state by what the plans call it. */
  readonly bound: ReadonlyMap<string, number>;
  readonly plans: Readonly<Partial<Record<GraphName, PlanBuffers>>>;
  /** Of all buffers. */
  readonly bytes: number;
}

export interface StateBuffer {
  readonly buffer: number;
  /** Numbers in it. */
  readonly length: number;
}

interface PlanBuffers {
  readonly slots: readonly number[];
  readonly constants: readonly number[];
}

export function layoutBuffers(program: Program): GpuMemory {
  const buffers: { readonly label: string; readonly bytes: number }[] = [];
  const add = (label: string, bytes: number): number =>
    buffers.push({ label, bytes: Math.max(16, Math.ceil(bytes / 16) * 16) }) - 1;
  const plans = Object.values(program.webgpu?.plans ?? {});
  const bound = new Map<string, number>();
  const state = new Map(
    program.state.map(({ path, shape }) => {
      const parts = program.webgpu?.parts?.[path] ?? [{ path, length: sizeOf(shape) }];
      const made = parts.map((part): StateBuffer => {
        const buffer = add(part.path, 4 * part.length);
        bound.set(part.path, buffer);
        return { buffer, length: part.length };
      });
      return [path, made] as const;
    }),
  );
  const own = plans.map((plan) => {
    const kept = keptSlots(plan);
    const constants = plan.constants.map((values, i) => add(`${plan.graph} c${i}`, 4 * values.length));
    const slots = plan.slots.map((bytes, i) => (kept.has(i) ? add(`${plan.graph} s${i}`, bytes) : undefined));
    return { constants, slots };
  });
  const orders = plans.map((plan, p) => sharedSlots(plan, own[p]!.slots));
  const most = Math.max(0, ...orders.map((order) => order.length));
  const shared = Array.from({ length: most }, (_, rank) =>
    add(`shared slot ${rank}`, Math.max(...plans.map((plan, p) => plan.slots[orders[p]![rank] ?? -1] ?? 0))),
  );
  const regions = plans.map((plan, p) => {
    const slots = [...own[p]!.slots];
    orders[p]!.forEach((slot, rank) => (slots[slot] = shared[rank]!));
    return [plan.graph, { slots: slots as number[], constants: own[p]!.constants }] as const;
  });
  return {
    buffers,
    state,
    bound,
    plans: Object.fromEntries(regions),
    bytes: buffers.reduce((sum, buffer) => sum + buffer.bytes, 0),
  };
}

/** Slots without a buffer yet, the largest first. */
function sharedSlots(plan: Plan, own: readonly (number | undefined)[]): readonly number[] {
  const free = plan.slots.map((_, i) => i).filter((i) => own[i] === undefined);
  return free.sort((a, b) => plan.slots[b]! - plan.slots[a]! || a - b);
}

/** The number of the buffer of a plan. */
export function bufferOf(memory: GpuMemory, plan: Plan, ref: BufferRef): number {
  const own = memory.plans[plan.graph];
  const buffer =
    ref.kind === "state"
      ? memory.bound.get(ref.path)
      : ref.kind === "slot"
        ? own?.slots[ref.index]
        : own?.constants[ref.index];
  if (buffer === undefined) throw new Error(`the plan ${plan.graph} has no buffer ${JSON.stringify(ref)}`);
  return buffer;
}
