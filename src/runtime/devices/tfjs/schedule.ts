/** Which calls of a plan a run needs, given what is there already, and when each value may go. Pure functions of the plan. */
import type { TfjsCall } from "../../../compiler/targets/tfjs/call.ts";
import type { TfjsDraw, TfjsPlan } from "../../../compiler/targets/tfjs/plan.ts";

/** Where a value comes from. */
export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "state"; readonly path: string }
  | { readonly kind: "constant" }
  | { readonly kind: "draw"; readonly draw: TfjsDraw }
  | { readonly kind: "call"; readonly index: number };

export interface PlanFacts {
  readonly plan: TfjsPlan;
  readonly sources: ReadonlyMap<number, Source>;
  /** Names of the inputs that each value depends on. */
  readonly feeds: ReadonlyMap<number, ReadonlySet<string>>;
  /** Results of calls that prepare, as far as others need them: they stay until the state changes. */
  readonly prepared: ReadonlySet<number>;
  /** What a run leaves for those that go on from it. */
  readonly handedOn: ReadonlySet<number>;
}

export interface ScheduledCall {
  readonly call: TfjsCall;
  /** Values that nothing needs any more after it. */
  readonly free: readonly number[];
}

export interface Schedule {
  /** Names of the inputs that are read. */
  readonly inputs: readonly string[];
  readonly draws: readonly TfjsDraw[];
  readonly calls: readonly ScheduledCall[];
}

export function planFacts(plan: TfjsPlan): PlanFacts {
  const sources = new Map<number, Source>();
  const feeds = new Map<number, ReadonlySet<string>>();
  const none: ReadonlySet<string> = new Set();
  const place = (value: number, source: Source, from: ReadonlySet<string>): void => {
    sources.set(value, source);
    feeds.set(value, from);
  };
  for (const [name, { value }] of Object.entries(plan.inputs)) place(value, { kind: "input", name }, new Set([name]));
  for (const [path, { value }] of Object.entries(plan.state)) place(value, { kind: "state", path }, none);
  for (const { value } of plan.constants) place(value, { kind: "constant" }, none);
  for (const draw of plan.draws) {
    place(draw.value, { kind: "draw", draw }, draw.step === undefined ? none : new Set([draw.step]));
  }
  plan.calls.forEach(({ inputs, value }, index) => {
    const from = new Set<string>();
    for (const input of inputs) for (const name of feeds.get(input) ?? none) from.add(name);
    place(value, { kind: "call", index }, from);
  });
  return { plan, sources, feeds, prepared: preparedValues(plan), handedOn: valuesHandedOn(plan) };
}

function outputValues({ outputs, updates }: TfjsPlan): number[] {
  return [...Object.values(outputs), ...Object.values(updates)].map(({ value }) => value);
}

function preparedValues(plan: TfjsPlan): ReadonlySet<number> {
  const preparing = new Set(plan.calls.flatMap(({ prepare, value }) => (prepare === true ? [value] : [])));
  const needed = [
    ...plan.calls.flatMap(({ prepare, inputs }) => (prepare === true ? [] : inputs)),
    ...outputValues(plan),
  ];
  return new Set(needed.filter((value) => preparing.has(value)));
}

/** Values from before the repeated part that it reads, or that are outputs. */
function valuesHandedOn(plan: TfjsPlan): ReadonlySet<number> {
  const { repeat, calls, draws } = plan;
  if (repeat === undefined) return new Set();
  const early = new Set([
    ...calls.slice(0, repeat.first).flatMap(({ prepare, value }) => (prepare === true ? [] : [value])),
    ...draws.map(({ value }) => value),
  ]);
  const needed = [...calls.slice(repeat.first).flatMap(({ inputs }) => inputs), ...outputValues(plan)];
  return new Set(needed.filter((value) => early.has(value)));
}

/**
 * The calls for `wanted`, where the values in `there` need not be made. Values that are made or fed are freed after their
 * last use, unless they are wanted or in `kept`.
 */
export function createSchedule(
  { plan, sources }: PlanFacts,
  wanted: readonly number[],
  there: ReadonlySet<number>,
  kept: ReadonlySet<number>,
): Schedule {
  const needed = new Set<number>();
  const open = [...wanted];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (needed.has(value)) continue;
    needed.add(value);
    const source = sources.get(value);
    if (source?.kind === "call" && !there.has(value)) open.push(...plan.calls[source.index]!.inputs);
    if (source?.kind === "draw" && source.draw.step !== undefined && !there.has(value)) {
      open.push(plan.inputs[source.draw.step]!.value);
    }
  }
  const made = (value: number): boolean => needed.has(value) && !there.has(value);
  const calls = plan.calls.filter(({ value }) => made(value));
  const draws = plan.draws.filter(({ value }) => made(value));

  const stays = new Set([...wanted, ...kept]);
  const own = (value: number): boolean => {
    const kind = sources.get(value)!.kind;
    return kind !== "state" && kind !== "constant" && !there.has(value) && !stays.has(value);
  };
  const seen = new Set<number>();
  const scheduled: ScheduledCall[] = [];
  for (const call of calls.toReversed()) {
    const last = [...new Set(call.inputs)].filter((value) => own(value) && !seen.has(value));
    last.forEach((value) => seen.add(value));
    scheduled.push({ call, free: last });
  }
  return {
    inputs: Object.entries(plan.inputs).flatMap(([name, { value }]) => (made(value) ? [name] : [])),
    draws,
    calls: scheduled.reverse(),
  };
}
