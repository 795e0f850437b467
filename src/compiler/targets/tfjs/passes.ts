/** What is done to the calls of a plan in the making: a pass copies them, those that are needed, into a new builder. */
import type { TfjsCall } from "./call.ts";
import { createCallBuilder, type CallBuilder, type CallValue, type Entry } from "./call-builder.ts";

export interface DraftPlan {
  readonly builder: CallBuilder;
  readonly outputs: Readonly<Record<string, CallValue>>;
  readonly updates: Readonly<Record<string, CallValue>>;
}

export interface Copied {
  /** How many calls, outputs and updates need an old value. */
  uses(value: CallValue): number;
}

/** What stands for an old call in the new builder; undefined for the call as it is. `inputs` are values of the new builder. */
export type CallRule = (
  b: CallBuilder,
  call: TfjsCall,
  inputs: readonly CallValue[],
  copied: Copied,
) => CallValue | undefined;

function usesOf({ builder: { entries }, outputs, updates }: DraftPlan): readonly number[] {
  const uses = entries.map(() => 0);
  for (const value of [...Object.values(outputs), ...Object.values(updates)]) uses[value]!++;
  for (let value = entries.length - 1; value >= 0; value--) {
    if (uses[value] === 0) continue;
    for (const input of entries[value]!.call?.inputs ?? []) uses[input]!++;
  }
  return uses;
}

/** Without what no output and no update needs; leaves of inputs stay. */
export function rewriteCalls(plan: DraftPlan, rule: CallRule = () => undefined): DraftPlan {
  const b = createCallBuilder(plan.builder.capabilities);
  const uses = usesOf(plan);
  const copied: Copied = { uses: (value) => uses[value]! };
  const values: CallValue[] = [];
  const copy = ({ leaf, call, shape }: Entry, value: CallValue): CallValue => {
    if (leaf !== undefined) return uses[value] === 0 && leaf.kind !== "input" ? -1 : b.leaf(leaf, shape);
    if (uses[value] === 0 || call === undefined) return -1;
    const inputs = call.inputs.map((input) => values[input]!);
    return b.within(call.layer, () => rule(b, call, inputs, copied) ?? b.call(call.op, inputs, call.attributes));
  };
  plan.builder.entries.forEach((entry, value) => values.push(copy(entry, value)));
  const moved = (named: Readonly<Record<string, CallValue>>): Record<string, CallValue> =>
    Object.fromEntries(Object.entries(named).map(([name, value]) => [name, values[value]!]));
  return { builder: b, outputs: moved(plan.outputs), updates: moved(plan.updates) };
}
