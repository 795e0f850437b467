/** How much memory a session needs: known from its plans. */
import type { Program } from "../../../compiler/graph/program.ts";
import type { TfjsCode } from "../../../compiler/targets/tfjs/plan.ts";
import { sizeOf, type Shape } from "../../../shape.ts";
import { createSchedule, planFacts, type PlanFacts } from "./schedule.ts";

/** State, constants, prepared weights, and what the largest graph has at once. Without what kernels take for themselves. */
export function planBytes({ state }: Program, { plans }: TfjsCode): number {
  const facts = Object.values(plans).map(planFacts);
  const numbers =
    sum(state.map(({ shape }) => sizeOf(shape))) +
    sum(facts.flatMap(({ plan }) => plan.constants.map(({ shape }) => sizeOf(shape)))) +
    sum(
      facts.flatMap(({ plan, prepared }) =>
        plan.calls.flatMap((c) => (prepared.has(c.value) ? [sizeOf(c.shape)] : [])),
      ),
    ) +
    Math.max(0, ...facts.map(peakOf));
  return 4 * numbers;
}

/** The most numbers that a run of all outputs has at once, beside what stays between runs. */
function peakOf(facts: PlanFacts): number {
  const { plan, prepared, handedOn } = facts;
  const wanted = [...Object.values(plan.outputs), ...Object.values(plan.updates)].map(({ value }) => value);
  const { calls } = createSchedule(facts, wanted, prepared, handedOn);
  /** Numbers that values share: those of what was reshaped. */
  const stores = new Map<number, { readonly size: number; users: number }>();
  let now = 0;
  let most = 0;
  const place = (value: number, shape: Shape): void => {
    stores.set(value, { size: sizeOf(shape), users: 1 });
    now += sizeOf(shape);
    most = Math.max(most, now);
  };
  for (const { value, shape } of [...Object.values(plan.inputs), ...plan.draws]) place(value, shape);
  for (const { call, free } of calls) {
    const shared = call.op === "reshape" ? stores.get(call.inputs[0]!) : undefined;
    if (shared === undefined) place(call.value, call.op === "reshape" ? [0] : call.shape);
    else {
      shared.users++;
      stores.set(call.value, shared);
    }
    for (const value of free) {
      const store = stores.get(value);
      if (store !== undefined && --store.users === 0) now -= store.size;
    }
  }
  return most;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
