/** Steps that depend on state and constants alone: they come first, and run once for many runs of a plan. */
import type { StepValue, Step } from "./steps.ts";
import type { Values } from "./values.ts";

export type PlannedStep<K = unknown> = Step<K> & { readonly prepare?: true };

/** Only where the graph writes no state: otherwise nothing would stay prepared. */
export function prepareFirst<K>(steps: readonly Step<K>[], values: Values): readonly PlannedStep<K>[] {
  if (Object.keys(values.graph.updates).length > 0) return steps;
  const early = preparingSteps(steps, values);
  const prepared = cluster(steps.filter((step) => early.has(step)));
  return [
    ...prepared.map((step): PlannedStep<K> => ({ ...step, prepare: true })),
    ...steps.filter((step) => !early.has(step)),
  ];
}

function preparingSteps(steps: readonly Step[], values: Values): ReadonlySet<Step> {
  const fixed = new Set<StepValue>();
  const written = new Set(steps.flatMap((step) => step.writes));
  values.graph.nodes.forEach((node, value) => {
    if ((node.op === "state" || node.op === "constant") && !written.has(value)) fixed.add(value);
  });
  // A value that is written in parts is prepared as a whole or not at all.
  const mixed = new Set<StepValue>();
  for (;;) {
    const ready = new Set(fixed);
    const early = new Set<Step>();
    for (const step of steps) {
      if (step.kind !== "kernel" || !step.reads.every((value) => ready.has(value))) continue;
      if (step.writes.some((value) => mixed.has(value))) continue;
      early.add(step);
      for (const value of step.writes) ready.add(value);
    }
    const before = mixed.size;
    for (const step of steps) if (!early.has(step)) for (const value of step.writes) mixed.add(value);
    if (mixed.size === before) return early;
  }
}

/** Each step followed by those that it was the last to wait for: what lies between them is dead at once. */
function cluster<S extends Step>(steps: readonly S[]): readonly S[] {
  const writers = new Map<StepValue, S[]>();
  for (const step of steps) {
    for (const value of step.writes) writers.set(value, [...(writers.get(value) ?? []), step]);
  }
  const waiting = new Map<S, Set<S>>();
  const waiters = new Map<S, S[]>();
  steps.forEach((step, index) => {
    const before = new Set<S>();
    for (const value of step.reads) for (const writer of writers.get(value) ?? []) before.add(writer);
    // Parts of a value are written in their order.
    for (const value of step.writes) {
      for (const writer of writers.get(value)!) if (steps.indexOf(writer) < index) before.add(writer);
    }
    waiting.set(step, before);
    for (const other of before) waiters.set(other, [...(waiters.get(other) ?? []), step]);
  });
  const order: S[] = [];
  const run = (step: S): void => {
    order.push(step);
    for (const next of waiters.get(step) ?? []) {
      const left = waiting.get(next)!;
      left.delete(step);
      if (left.size === 0) run(next);
    }
  };
  for (const step of steps) if (waiting.get(step)!.size === 0 && !order.includes(step)) run(step);
  return order;
}
