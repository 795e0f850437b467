/**
 * Where everything lies in the one linear memory of a program, worked out before anything is allocated: state, constants,
 * the slots of the plans and scratch memory for each thread. The plans share one region for their slots, as only one runs
 * at a time; only what the launches that prepare weights leave is kept for each.
 */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import type { BufferRef, Plan } from "../../../compiler/plan/plan.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { sizeOf } from "../../../shape.ts";
import { keptSlots } from "../plan-facts.ts";

export const pageBytes = 65536;
/** All that 32-bit addresses reach. */
const limitBytes = 65536 * pageBytes;
/** A cache line: threads that write into two tensors must not take the same line from each other. */
const align = 64;

export interface MemoryLayout {
  /** Bytes of everything; what is allocated is the next whole page. */
  readonly bytes: number;
  readonly pages: number;
  readonly state: ReadonlyMap<string, Region>;
  readonly plans: Readonly<Partial<Record<GraphName, PlanRegions>>>;
  /** Byte offset of the scratch memory of a thread. */
  readonly scratch: (thread: number) => number;
}

export interface Region {
  readonly offset: number;
  /** In numbers. */
  readonly length: number;
}

interface PlanRegions {
  /** Byte offsets. */
  readonly slots: readonly number[];
  readonly constants: readonly number[];
}

/** Fails with `run/memory` where 32-bit addresses can not reach it all. */
export function layoutMemory(program: Program, threads: number): MemoryLayout {
  const plans = Object.values(program.wasm?.plans ?? {});
  // Address 0 is left out, so that an offset of 0 is always a fault.
  let end = align;
  const take = (bytes: number): number => {
    const offset = end;
    end += Math.ceil(bytes / align) * align;
    return offset;
  };

  const state = new Map(
    program.state.map(({ path, shape }) => {
      const length = sizeOf(shape);
      return [path, { offset: take(4 * length), length }] as const;
    }),
  );
  const constants = plans.map((plan) => plan.constants.map((values) => take(4 * values.length)));
  const kept = plans.map((plan) => {
    const slots = keptSlots(plan);
    return plan.slots.map((bytes, i) => (slots.has(i) ? take(bytes) : undefined));
  });
  const sharedStart = end;
  let sharedEnd = end;
  const slots = plans.map((plan, p) => {
    end = sharedStart;
    const offsets = plan.slots.map((bytes, i) => kept[p]![i] ?? take(bytes));
    sharedEnd = Math.max(sharedEnd, end);
    return offsets;
  });
  end = sharedEnd;
  const scratchStart = end;
  const scratchBytes = Math.ceil(Math.max(0, ...plans.map((plan) => plan.scratchBytes)) / align) * align;
  end += threads * scratchBytes;

  if (end > limitBytes) fail("run/memory", { bytes: end, reason: "WebAssembly reaches 4 GiB" });
  const regions = plans.map((plan, i) => [plan.graph, { slots: slots[i]!, constants: constants[i]! }] as const);
  return {
    bytes: end,
    pages: Math.ceil(end / pageBytes),
    state,
    plans: Object.fromEntries(regions),
    scratch: (thread) => scratchStart + thread * scratchBytes,
  };
}

/** The byte offset of a buffer of a plan. */
export function offsetOf(layout: MemoryLayout, plan: Plan, ref: BufferRef): number {
  const regions = layout.plans[plan.graph];
  const offset =
    ref.kind === "state"
      ? layout.state.get(ref.path)?.offset
      : ref.kind === "slot"
        ? regions?.slots[ref.index]
        : regions?.constants[ref.index];
  if (offset === undefined) throw new Error(`the plan ${plan.graph} has no buffer ${JSON.stringify(ref)}`);
  return offset;
}
