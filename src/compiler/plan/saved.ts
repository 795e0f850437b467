/** What the forward part of a graph leaves for the backward part, in bytes by layer. */
import { isForward } from "./phases.ts";
import type { PlanState } from "./groups.ts";
import { membersOf, type Step, type StepValue } from "./steps.ts";

/**
 * Values in slots that a step of the forward part writes and one of the backward part reads. Weights
 * that are prepared do not count. Empty without a backward part.
 */
export function savedBytes(
  state: PlanState,
  steps: readonly (Step & { readonly prepare?: true })[],
  bytesOf: (value: StepValue) => number,
): Readonly<Record<string, number>> {
  const { values } = state;
  const madeBy = new Map<StepValue, Step>();
  const running = steps.filter((step) => step.prepare !== true);
  for (const step of running) {
    if (!isForward(values, step)) continue;
    for (const maker of membersOf(step)) for (const value of maker.writes) madeBy.set(value, maker);
  }
  const kept = new Map<StepValue, string>();
  for (const step of running) {
    if (isForward(values, step)) continue;
    for (const value of step.reads) {
      const maker = madeBy.get(value);
      if (maker !== undefined) kept.set(value, maker.label.path);
    }
  }
  const saved: Record<string, number> = {};
  for (const [value, path] of kept) saved[path] = (saved[path] ?? 0) + bytesOf(value);
  return saved;
}
