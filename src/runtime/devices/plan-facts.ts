/** What devices that run plans need to know of them. */
import type { BufferRef, Plan } from "../../compiler/plan/plan.ts";

/** Slots that launches which prepare weights write and nothing else does. */
export function keptSlots(plan: Plan): ReadonlySet<number> {
  const kept = new Set<number>();
  const others = new Set<number>();
  const add = (to: Set<number>, refs: readonly BufferRef[]): void => {
    for (const ref of refs) if (ref.kind === "slot") to.add(ref.index);
  };
  for (const launch of plan.launches) {
    if (launch.kind === "random") add(others, [launch.out]);
    else add(launch.prepare === true ? kept : others, launch.buffers.slice(launch.reads));
  }
  add(
    others,
    Object.values(plan.inputs).map((input) => input.buffer),
  );
  return new Set([...kept].filter((slot) => !others.has(slot)));
}

/** Whether a run changes the state. */
export function writesState(plan: Plan): boolean {
  return plan.launches.some((launch) => {
    const written = launch.kind === "random" ? [launch.out] : launch.buffers.slice(launch.reads);
    return written.some((ref) => ref.kind === "state");
  });
}
