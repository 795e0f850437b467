/**
 * Small launches that do not depend on each other as one. What prepares weights comes together at the start, what only
 * new state depends on comes together at the end, and of the rest what is close by.
 */
import { keyOf } from "./key.ts";
import type { LaunchPart } from "./plan.ts";
import { kernelName, type KernelStep, type Step, type StepValue } from "./steps.ts";
import type { PlanTarget } from "./target.ts";
import type { Values } from "./values.ts";

/** Listed with the fusions. */
export const sideBySide = {
  name: "side by side",
  does: "Small launches that do not depend on each other become one.",
  because: "Every launch makes the threads wait for each other, and a small one is worth no more than one of them.",
} as const;

/** A launch that moves more bytes, or computes more, is worth its own. */
const MOST_BYTES = 2e6;
const MOST_FLOPS = 4e6;
/** How far away in the order a launch may be that another one joins. */
const NEAR = 3;
/** Bytes of weights made early, and of gradients kept for long, that may lie in memory for it. */
const MOST_EARLY = 2e6;
const MOST_LATE = 250e3;
const MOST_BUFFERS = 400;

interface Known {
  readonly values: Values;
  /** Where a value lies that has its place in the state. */
  readonly statePath: (value: StepValue) => string | undefined;
  readonly bytesOf: (value: StepValue) => number;
  readonly isResult: (value: StepValue) => boolean;
}

/** The steps before and behind each step, by index. */
interface Order {
  readonly before: readonly ReadonlySet<number>[];
  readonly after: readonly ReadonlySet<number>[];
}

function orderOf(steps: readonly Step[], { statePath }: Known): Order {
  const before = steps.map(() => new Set<number>());
  const after = steps.map(() => new Set<number>());
  const writers = new Map<string, number[]>();
  const readers = new Map<string, number[]>();
  const placeOf = (value: StepValue): string => {
    const path = statePath(value);
    return path === undefined ? String(value) : `state ${path}`;
  };
  const link = (from: readonly number[] = [], to: number): void => {
    for (const index of from) {
      if (index === to) continue;
      before[to]!.add(index);
      after[index]!.add(to);
    }
  };
  const note = (map: Map<string, number[]>, place: string, index: number): void => {
    const known = map.get(place);
    if (known === undefined) map.set(place, [index]);
    else known.push(index);
  };
  steps.forEach((step, index) => {
    for (const value of step.reads) {
      link(writers.get(placeOf(value)), index);
      note(readers, placeOf(value), index);
    }
    for (const value of step.writes) {
      link(writers.get(placeOf(value)), index);
      link(readers.get(placeOf(value)), index);
      note(writers, placeOf(value), index);
    }
  });
  return { before, after };
}

interface Unit {
  readonly members: number[];
  readonly open: boolean;
  /** Of all members. */
  buffers: number;
}

/** `steps` in an order and with members that are as good; how many launches there are less. */
export function mergeSideBySide<K>(
  target: PlanTarget<K>,
  steps: readonly Step<K>[],
  known: Known,
): { readonly steps: readonly Step<K>[]; readonly saved: number } {
  const { several } = target;
  if (several === undefined) return { steps, saved: 0 };
  const units = arrange(steps, known);
  const merged = units.map(({ members }): Step<K> => {
    const [first] = members;
    return members.length === 1
      ? steps[first!]!
      : merge(
          target,
          several,
          members.map((i) => steps[i] as KernelStep<K>),
        );
  });
  return { steps: merged, saved: steps.length - merged.length };
}

function arrange(steps: readonly Step[], known: Known): readonly Unit[] {
  const { before, after } = orderOf(steps, known);
  const isSmall = (step: Step): boolean =>
    step.kind === "kernel" && step.facts.bytes <= MOST_BYTES && step.facts.flops <= MOST_FLOPS;
  const ofWeights = weightSteps(steps, before, known);
  const last = lastSteps(steps, after, isSmall, known);
  const units: Unit[] = [];
  const place = new Map<number, number>();
  const buffers = (index: number): number => steps[index]!.reads.length + steps[index]!.writes.length;
  const bytes = (values: readonly StepValue[]): number => values.reduce((sum, value) => sum + known.bytesOf(value), 0);

  const newUnit = (isOpen: boolean): number => units.push({ members: [], open: isOpen, buffers: 0 }) - 1;
  const put = (index: number, unit: number): void => {
    units[unit]!.members.push(index);
    units[unit]!.buffers += buffers(index);
    place.set(index, unit);
  };
  /** Into the first unit from `from` on that takes it, else into a new one. */
  const join = (index: number, from: number): void => {
    const most = MOST_BUFFERS - buffers(index);
    let unit = Math.max(0, from);
    while (unit < units.length && !(units[unit]!.open && units[unit]!.buffers <= most)) unit++;
    put(index, unit < units.length ? unit : newUnit(isSmall(steps[index]!)));
  };
  const earliest = (index: number): number => Math.max(-1, ...[...before[index]!].map((i) => place.get(i) ?? -1)) + 1;

  let held = 0;
  let waiting: number[] = [];
  let waitingBytes = 0;
  const flush = (): void => {
    const first = units.length;
    for (const index of waiting) join(index, Math.max(first, earliest(index)));
    waiting = [];
    waitingBytes = 0;
  };
  steps.forEach((step, index) => {
    if (last.has(index)) {
      waiting.push(index);
      waitingBytes += bytes(step.reads.filter((value) => known.statePath(value) === undefined));
      if (waitingBytes > MOST_LATE) flush();
      return;
    }
    const early = ofWeights.has(index) && held <= MOST_EARLY;
    if (early) held += bytes(step.writes);
    if (!isSmall(step)) {
      put(index, newUnit(false));
      return;
    }
    join(index, early ? earliest(index) : Math.max(earliest(index), units.length - NEAR));
  });
  flush();
  return units;
}

/** Steps that follow from the state alone. */
function weightSteps(
  steps: readonly Step[],
  before: readonly ReadonlySet<number>[],
  { values, statePath }: Known,
): ReadonlySet<number> {
  const found = new Set<number>();
  const isLeaf = (value: StepValue): boolean => {
    const op = value < values.graph.nodes.length ? values.node(value).op : undefined;
    return op === "state" || op === "constant";
  };
  steps.forEach((step, index) => {
    if (step.kind !== "kernel" || step.writes.some((value) => statePath(value) !== undefined)) return;
    if (![...before[index]!].every((i) => found.has(i))) return;
    const made = new Set([...before[index]!].flatMap((i) => steps[i]!.writes));
    if (step.reads.every((value) => isLeaf(value) || made.has(value))) found.add(index);
  });
  return found;
}

/** Small steps behind which there are only others of the kind: their results go into the state. */
function lastSteps(
  steps: readonly Step[],
  after: readonly ReadonlySet<number>[],
  isSmall: (step: Step) => boolean,
  { isResult }: Known,
): ReadonlySet<number> {
  const found = new Set<number>();
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!;
    if (!isSmall(step) || step.writes.some(isResult)) continue;
    if ([...after[index]!].every((i) => found.has(i))) found.add(index);
  }
  return found;
}

function merge<K>(
  target: PlanTarget<K>,
  several: NonNullable<PlanTarget<K>["several"]>,
  members: readonly KernelStep<K>[],
): KernelStep<K> {
  const reads = [...new Set(members.flatMap((step) => step.reads))];
  const writes = members.flatMap((step) => step.writes);
  const names = new Map(reads.map((value, i): [string, string] => [`r${value}`, `x${i + 1}`]));
  writes.forEach((value, i) => names.set(`w${value}`, `out${i + 1}`));
  const parts = members.map((step) => ({
    name: step.name,
    kernel: step.kernel,
    buffers: [...step.reads.map((value) => names.get(`r${value}`)!), ...step.writes.map((v) => names.get(`w${v}`)!)],
  }));
  const kernel = several(parts, [...names.values()], reads.length);
  const layers = partsOf(members.map(({ label, facts }) => ({ ...facts, path: label.path })));
  return {
    kind: "kernel",
    name: kernelName(
      "several",
      keyOf(
        "several",
        parts.map(({ name, buffers }) => [name, buffers]),
      ),
    ),
    kernel,
    facts: target.facts(kernel),
    reads,
    writes,
    over: [],
    label: {
      ...(layers.length === 1 ? { path: layers[0]!.path } : { path: "", parts: layers }),
      ops: members.flatMap((step) => step.label.ops),
    },
    group: undefined,
    members,
  };
}

/** One part a layer, in the order of the first launch of each. */
function partsOf(launches: readonly LaunchPart[]): readonly LaunchPart[] {
  const parts = new Map<string, LaunchPart>();
  for (const { path, flops, bytes } of launches) {
    const before = parts.get(path) ?? { path, flops: 0, bytes: 0 };
    parts.set(path, { path, flops: before.flops + flops, bytes: before.bytes + bytes });
  }
  return [...parts.values()];
}
