/** A simplified graph → a plan and the kernels that it launches. */
import type { Graph, ValueId } from "../graph/graph.ts";
import type { GraphName } from "../graph/program.ts";
import { ex } from "./expression.ts";
import { fuse, rematerialisation } from "./fusion.ts";
import type { PlanState } from "./groups.ts";
import { halfValues } from "./half-values.ts";
import { keyOf } from "./key.ts";
import { createMadeKernels, type MadeKernels } from "./lowering.ts";
import { toNormalForm } from "./normal-form.ts";
import { planHash } from "./plan-json.ts";
import { planVersion, type AppliedRule, type BufferRef, type Launch, type PlacedTensor, type Plan } from "./plan.ts";
import { prepareFirst, type PlannedStep } from "./prepare.ts";
import { chooseRematerialised, rematerialise } from "./rematerialise.ts";
import { repeatLast } from "./repeat.ts";
import { savedBytes } from "./saved.ts";
import { schedule } from "./schedule.ts";
import { mergeSideBySide, sideBySide } from "./side-by-side.ts";
import { assignSlots, type Lifetime } from "./slots.ts";
import { createSteps, kernelName, membersOf, type Step, type StepValue } from "./steps.ts";
import { storageBytes, type StorageType } from "./storage.ts";
import { createState } from "./store.ts";
import type { PlanTarget, TargetRules } from "./target.ts";
import { analyse, type Values } from "./values.ts";

export interface PlanOptions {
  readonly name: GraphName;
  readonly batch: number;
  /** Default true. Without fusion every operation is a launch. */
  readonly fuse?: boolean;
  /** What `halfValues` chooses is kept in this. Default f32. `f16` only for targets that have it, and graphs without updates. */
  readonly storage?: StorageType;
}

export interface PlanOptionsFor<K> extends PlanOptions {
  /** Kernels made for other plans of the same target: they need not be made again. */
  readonly made?: MadeKernels<K>;
}

export interface CreatedPlan<K> {
  readonly plan: Plan;
  /** By the names that the launches have for them. */
  readonly kernels: ReadonlyMap<string, K>;
}

export function createPlan<K>(given: Graph, target: PlanTarget<K>, options: PlanOptionsFor<K>): CreatedPlan<K> {
  const { rules } = target;
  const { state, fusions } = (options.fuse ?? true) ? fused(toNormalForm(given), rules) : unfused(given, rules);
  const { values } = state;
  const { graph } = values;
  const { order, inPlace } = schedule(state);
  const { storage = "f32" } = options;
  const half = storage === "f16" ? halfValues(state) : new Set<StepValue>();
  const storageOf = (value: StepValue): StorageType => (half.has(value) ? "f16" : "f32");
  const made = options.made ?? createMadeKernels<K>();
  const { steps: own, temporaries } = createSteps({ target, state, inPlace, made }, order, storageOf);
  const extra = copies(target, values, inPlace, values.graph.nodes.length + temporaries.size);
  const singles = prepareFirst([...extra.before, ...own, ...extra.after], values);
  const bytesOf = (value: StepValue): number =>
    temporaries.get(value) ?? extra.temporaries.get(value) ?? storageBytes[storageOf(value)] * values.size(value);

  const fixed = fixedPlaces(values, inPlace, extra.written);
  const results = new Set(extra.outputs.values());
  const merge = (some: readonly PlannedStep<K>[]): readonly PlannedStep<K>[] =>
    mergeSideBySide(target, some, {
      values,
      bytesOf,
      isResult: (value) => results.has(value),
      statePath: (value) => {
        const known = fixed.places.get(value);
        return known?.kind === "state" ? known.path : undefined;
      },
    }).steps;
  const parts = repeatLast(singles, values);
  const [once, again] = [merge(parts.once), merge(parts.again)];
  const steps = [...parts.prepared, ...once, ...again];
  const repeat = parts.feeds.length === 0 ? undefined : { first: steps.length - again.length, feeds: parts.feeds };
  const merged = singles.length - steps.length;
  const lifetimes = lifetimesOf(steps, values, {
    fixed: fixed.places,
    bytesOf,
    outputs: extra.outputs,
    repeated: repeat?.first ?? steps.length,
  });
  const { sizes, slotOf } = assignSlots(lifetimes);
  const place = (value: StepValue): BufferRef => {
    const known = fixed.places.get(value);
    if (known !== undefined) return known;
    const slot = slotOf.get(value);
    if (slot === undefined) throw new Error(`value %${value} has no place`);
    return { kind: "slot", index: slot };
  };
  const plan = {
    version: planVersion,
    target: target.name,
    graph: options.name,
    batch: options.batch,
    ...(storage === "f32" ? {} : { storage }),
    slots: sizes,
    constants: fixed.constants,
    inputs: Object.fromEntries(
      graph.nodes.flatMap((node, value): [string, PlacedTensor][] =>
        node.op === "input" ? [[node.attributes.name, { shape: node.shape, buffer: place(value), value }]] : [],
      ),
    ),
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map(([name, output]): [string, PlacedTensor] => {
        const value = extra.outputs.get(name)!;
        return [name, { shape: values.node(output).shape, buffer: place(value), value }];
      }),
    ),
    launches: steps.map((step): Launch => launchOf(step, { place, bytesOf })),
    ...(repeat === undefined ? {} : { repeat }),
    scratchBytes: Math.max(0, ...steps.map((step) => (step.kind === "kernel" ? step.facts.scratchBytes : 0))),
    saved: savedBytes(state, singles, bytesOf),
    fusions: merged === 0 ? fusions : [...fusions, { rule: sideBySide.name, count: merged }],
  } as const satisfies Omit<Plan, "hash">;
  const kernels = new Map(
    steps.flatMap((step) => {
      if (step.kind !== "kernel") return [];
      return [...(step.members ?? []), step].map(({ name, kernel }) => [name, kernel] as const);
    }),
  );
  return { plan: { ...plan, hash: planHash(plan) }, kernels };
}

interface Fused {
  readonly state: PlanState;
  readonly fusions: readonly AppliedRule[];
}

function unfused(graph: Graph, rules: TargetRules): Fused {
  return { state: createState(analyse(graph), false, rules), fusions: [] };
}

/** What the backward part computes again is known only once it is known what has memory: the graph is fused twice. */
function fused(graph: Graph, rules: TargetRules): Fused {
  const once = (from: Graph): Fused => {
    const state = createState(analyse(from), true, rules);
    return { state, fusions: fuse(state) };
  };
  const first = once(graph);
  const chosen = chooseRematerialised(first.state);
  if (chosen.size === 0) return first;
  const second = once(rematerialise(graph, chosen));
  return { ...second, fusions: [...second.fusions, { rule: rematerialisation.name, count: chosen.size }] };
}

interface Copies<K> {
  readonly before: readonly Step<K>[];
  readonly after: readonly Step<K>[];
  /** The value to read for each output. */
  readonly outputs: ReadonlyMap<string, StepValue>;
  /** Values that stand for a state tensor that is written: copies at the end. */
  readonly written: ReadonlyMap<StepValue, string>;
  readonly temporaries: ReadonlyMap<StepValue, number>;
}

/**
 * Copies for what can't be written in place: new state goes back at the end, and old state that is asked for as a result,
 * or becomes other state, is put aside at the start.
 */
function copies<K>(
  target: PlanTarget<K>,
  values: Values,
  inPlace: ReadonlyMap<ValueId, string>,
  firstFree: number,
): Copies<K> {
  const { graph } = values;
  const before: Step<K>[] = [];
  const after: Step<K>[] = [];
  const written = new Map<StepValue, string>();
  const temporaries = new Map<StepValue, number>();
  let next = firstFree;
  const fresh = (bytes: number): StepValue => {
    temporaries.set(next, bytes);
    return next++;
  };
  const copy = (from: StepValue, to: StepValue, count: number, path: string): Step<K> => {
    const spec = { rows: 1, channels: count, inputs: [{ kind: "same" }], outputs: [ex.input(0)] } as const;
    const [kernel] = target.table.elementwise(`copy ${count}`, spec).steps as [K];
    const facts = target.facts(kernel);
    return {
      kind: "kernel",
      name: kernelName(facts.label, keyOf("elementwise", spec)),
      kernel,
      facts,
      reads: [from],
      writes: [to],
      over: [],
      label: { path, ops: ["copy"] },
      group: undefined,
    };
  };
  const aside = new Map<ValueId, StepValue>();
  const put = (root: ValueId): StepValue => {
    const node = values.node(root);
    if (node.op !== "state" || !(node.attributes.path in graph.updates)) return root;
    let kept = aside.get(root);
    if (kept === undefined) {
      kept = fresh(4 * values.size(root));
      aside.set(root, kept);
      before.push(copy(root, kept, values.size(root), node.attributes.path));
    }
    return kept;
  };
  for (const [path, value] of Object.entries(graph.updates)) {
    const root = values.root(value);
    if (inPlace.get(root) === path) continue;
    const node = values.node(root);
    if (node.op === "state" && node.attributes.path === path) continue;
    const target = fresh(4 * values.size(root));
    written.set(target, path);
    after.push(copy(put(root), target, values.size(root), path));
  }
  const outputs = new Map(Object.entries(graph.outputs).map(([name, value]) => [name, put(values.root(value))]));
  return { before, after, outputs, written, temporaries };
}

interface Fixed {
  readonly places: ReadonlyMap<StepValue, BufferRef>;
  readonly constants: readonly (readonly number[])[];
}

/** Values that are not in slots: state, what is written straight into it, and constants. */
function fixedPlaces(
  values: Values,
  inPlace: ReadonlyMap<ValueId, string>,
  written: ReadonlyMap<StepValue, string>,
): Fixed {
  const places = new Map<StepValue, BufferRef>();
  const constants: (readonly number[])[] = [];
  values.graph.nodes.forEach((node, value) => {
    if (node.op === "state") places.set(value, { kind: "state", path: node.attributes.path });
    if (node.op === "constant" && values.pointwise(value) === undefined) {
      places.set(value, { kind: "constant", index: constants.push(node.attributes.values) - 1 });
    }
  });
  for (const [value, path] of [...inPlace, ...written]) places.set(value, { kind: "state", path });
  return { places, constants };
}

function lifetimesOf(
  steps: readonly PlannedStep[],
  values: Values,
  known: {
    readonly fixed: ReadonlyMap<StepValue, BufferRef>;
    readonly bytesOf: (value: StepValue) => number;
    readonly outputs: ReadonlyMap<string, StepValue>;
    /** The first step that may run again. */
    readonly repeated: number;
  },
): readonly Lifetime[] {
  const span = new Map<StepValue, { first: number; last: number; over: readonly StepValue[] }>();
  const end = steps.length;
  const touch = (value: StepValue, at: number, over: readonly StepValue[] = []): void => {
    if (known.fixed.has(value)) return;
    const seen = span.get(value);
    if (seen === undefined) span.set(value, { first: at, last: at, over });
    else seen.last = Math.max(seen.last, at);
  };
  values.graph.nodes.forEach((node, value) => {
    if (node.op !== "input") return;
    touch(value, -1);
    touch(value, end);
  });
  const prepared = new Set<StepValue>();
  steps.forEach((step, at) => {
    if (step.prepare) for (const value of step.writes) prepared.add(value);
    const parts = membersOf(step);
    for (const part of parts) {
      const over = part.over.filter((value) => parts.every((other) => other === part || !other.reads.includes(value)));
      // Norms and parts of statistics have other elements than the result: they may lie over nothing.
      for (const value of part.writes) touch(value, at, part.group?.outputs.includes(value) ? over : []);
    }
    for (const value of step.reads) touch(value, at);
    // What is made once and read by steps that run again is needed until the end.
    if (at >= known.repeated) {
      for (const value of step.reads) if ((span.get(value)?.first ?? at) < known.repeated) touch(value, end);
    }
    if (step.prepare) return;
    for (const value of step.reads) {
      if (!prepared.has(value) || known.fixed.has(value)) continue;
      const whole = span.get(value)!;
      whole.first = -1;
      whole.last = end;
    }
  });
  for (const value of known.outputs.values()) {
    touch(value, end);
    if (prepared.has(value) && span.has(value)) span.get(value)!.first = -1;
  }
  return [...span].map(([value, { first, last, over }]) => ({ value, bytes: known.bytesOf(value), first, last, over }));
}

function launchOf(
  step: PlannedStep,
  known: { readonly place: (value: StepValue) => BufferRef; readonly bytesOf: (value: StepValue) => number },
): Launch {
  const { place, bytesOf } = known;
  if (step.kind === "random") {
    const [stepValue] = step.reads;
    return {
      kind: "random",
      key: step.key,
      ...(stepValue === undefined ? {} : { step: place(stepValue) }),
      out: place(step.writes[0]!),
      count: step.count,
      value: step.writes[0]!,
      ...step.label,
    };
  }
  const { facts } = step;
  const all = [...step.reads, ...step.writes];
  return {
    kind: "kernel",
    kernel: step.name,
    buffers: all.map(place),
    reads: step.reads.length,
    units: facts.units,
    flops: Math.round(facts.flops),
    bytes: Math.round(facts.bytes),
    ...(step.prepare ? { prepare: true } : {}),
    values: all,
    sizes: all.map(bytesOf),
    ...step.label,
  };
}
