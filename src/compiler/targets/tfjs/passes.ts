/** What is done to the calls of a plan in the making: a pass copies them, those that are needed, into a new builder. */
import { sizeOf } from "../../../shape.ts";
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
  /** Whether a value of the new builder depends on the state alone, and the plan leaves the state as it is. */
  isPrepared(value: CallValue): boolean;
  /** Whether all that needs an old value `takes` what is asked about, or passes it on to what does. */
  takers(value: CallValue, takes: Taking): boolean;
}

export type Taking = (call: TfjsCall, input: CallValue, sizes: (value: CallValue) => number) => "yes" | "no" | "pass";

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

/** The calls that need each value. */
function usersOf({ builder: { entries } }: DraftPlan, uses: readonly number[]): readonly (readonly TfjsCall[])[] {
  const users = entries.map((): TfjsCall[] => []);
  entries.forEach(({ call }, value) => {
    if (call === undefined || uses[value] === 0) return;
    for (const input of new Set(call.inputs)) users[input]!.push(call);
  });
  return users;
}

function createTakers(plan: DraftPlan, uses: readonly number[]): Copied["takers"] {
  const users = usersOf(plan, uses);
  const ends = new Set([...Object.values(plan.outputs), ...Object.values(plan.updates)]);
  const known = new Map<CallValue, boolean>();
  const sizes = (value: CallValue): number => sizeOf(plan.builder.shapeOf(value));
  function takers(value: CallValue, takes: Taking): boolean {
    const found = known.get(value);
    if (found !== undefined) return found;
    const taken: boolean =
      !ends.has(value) &&
      users[value]!.every((user) => {
        const answer = takes(user, value, sizes);
        return answer === "yes" || (answer === "pass" && takers(user.value, takes));
      });
    known.set(value, taken);
    return taken;
  }
  return takers;
}

/** Without what no output and no update needs; leaves of inputs stay. */
export function rewriteCalls(plan: DraftPlan, rule: CallRule = () => undefined): DraftPlan {
  const b = createCallBuilder(plan.builder.capabilities);
  const uses = usesOf(plan);
  const writes = Object.keys(plan.updates).length > 0;
  const prepared = new Map<CallValue, boolean>();
  const isPrepared = (value: CallValue): boolean => {
    const found = prepared.get(value);
    if (found !== undefined) return found;
    const { leaf, call } = b.entries[value]!;
    const lasting =
      leaf === undefined ? call!.inputs.every(isPrepared) : leaf.kind === "state" || leaf.kind === "constant";
    prepared.set(value, lasting && !writes);
    return lasting && !writes;
  };
  const copied: Copied = { uses: (value) => uses[value]!, takers: createTakers(plan, uses), isPrepared };
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
