/** Steps: the kernels of all groups in order, with values in place of buffers. Temporaries of recipes are values too. */
import type { ValueId } from "../graph/graph.ts";
import { sha256 } from "../../hash.ts";
import type { Group, PlanState } from "./groups.ts";
import { epilogueOf, prologueOf, readsOf, resultOf, withEpilogue } from "./groups.ts";
import { lowerGroup } from "./lower-group.ts";
import type { Lowering, MadeKernels } from "./lowering.ts";
import type { LaunchLabel } from "./plan.ts";
import type { StorageType } from "./storage.ts";
import type { KernelFacts } from "./target.ts";
import { isWhole } from "./views.ts";

/** A root of the graph, or a number behind those for a temporary. */
export type StepValue = number;

export type Step<K = unknown> = KernelStep<K> | RandomStep;

export interface KernelStep<K = unknown> {
  readonly kind: "kernel";
  readonly name: string;
  readonly kernel: K;
  readonly facts: KernelFacts;
  readonly reads: readonly StepValue[];
  readonly writes: readonly StepValue[];
  /** Values that may be overwritten by what it writes: read element by element. */
  readonly over: readonly StepValue[];
  readonly label: LaunchLabel;
  readonly group: Group | undefined;
  /** The steps that it is made of, where it is several. */
  readonly members?: readonly KernelStep<K>[];
}

/** The steps that a launch is made of: itself, or those that it was put together from. */
export function membersOf<K>(step: Step<K>): readonly Step<K>[] {
  return step.kind === "kernel" ? (step.members ?? [step]) : [step];
}

export interface RandomStep {
  readonly kind: "random";
  readonly key: number;
  readonly count: number;
  readonly reads: readonly StepValue[];
  readonly writes: readonly StepValue[];
  readonly over: readonly StepValue[];
  readonly label: LaunchLabel;
  readonly group: Group | undefined;
}

export interface Steps<K> {
  readonly steps: readonly Step<K>[];
  /** Bytes of the temporaries. */
  readonly temporaries: ReadonlyMap<StepValue, number>;
}

export function kernelName(label: string, key: string): string {
  const word = /^\w+/.exec(label)?.[0] ?? "kernel";
  return `${word}_${sha256(new TextEncoder().encode(key)).slice(0, 12)}`;
}

/** The same, computed once for each. */
function knownName({ names }: MadeKernels<unknown>, label: string, key: string): string {
  const both = `${label} ${key}`;
  const name = names.get(both) ?? kernelName(label, key);
  names.set(both, name);
  return name;
}

export function createSteps<K>(
  lowering: Lowering<K>,
  order: readonly Group[],
  storageOf: (value: StepValue) => StorageType,
): Steps<K> {
  const { state, target, made } = lowering;
  const steps: Step<K>[] = [];
  const temporaries = new Map<StepValue, number>();
  let next = state.values.graph.nodes.length;
  for (const group of order) {
    const label = labelOf(state, group);
    const anchor = group.anchor === undefined ? undefined : state.values.node(group.anchor);
    if (anchor?.op === "random_uniform" && target.table.random === undefined) {
      const count = state.values.size(group.anchor!);
      const reads = anchor.inputs.map(state.values.root);
      const { key } = anchor.attributes;
      steps.push({ kind: "random", key, count, reads, writes: [...group.outputs], over: [], label, group });
      continue;
    }
    const { recipe, key, bindings } = lowerGroup(lowering, group);
    const names = new Map<string, StepValue>(Object.entries(bindings));
    for (const [name, bytes] of Object.entries(recipe.temporaries)) {
      names.set(name, next);
      temporaries.set(next++, bytes);
    }
    recipe.steps.forEach((plain, index) => {
      const buffers = target.facts(plain).buffers.map((name) => {
        const value = names.get(name);
        if (value === undefined) throw new Error(`nothing is bound to ${name} of ${target.facts(plain).label}`);
        return value;
      });
      const storage = buffers.map(storageOf);
      const kernel = stored(lowering, plain, storage);
      const facts = target.facts(kernel);
      const writes = buffers.slice(facts.reads);
      steps.push({
        kind: "kernel",
        name: knownName(made, facts.label, `${key}#${index}${storage.includes("f16") ? ` ${storage.join()}` : ""}`),
        kernel,
        facts,
        reads: buffers.slice(0, facts.reads),
        writes,
        over: target.rules.readsWhatItWrites && writes.includes(group.outputs[0]!) ? overwritable(state, group) : [],
        label,
        group,
      });
    });
  }
  return { steps, temporaries };
}

/** The kernel for buffers of these storage types. */
function stored<K>({ target, made }: Lowering<K>, kernel: K, storage: readonly StorageType[]): K {
  if (!storage.includes("f16")) return kernel;
  if (target.withStorage === undefined) throw new Error(`kernels for ${target.name} have buffers of float32 alone`);
  const known = made.stored.get(kernel) ?? new Map<string, K>();
  made.stored.set(kernel, known);
  const found = known.get(storage.join()) ?? target.withStorage(kernel, storage);
  known.set(storage.join(), found);
  return found;
}

/**
 * What may lie where a group writes: tensors that it reads for the element that it computes and for no other. That is so
 * in element-wise kernels and in epilogues, which read right before they write.
 */
function overwritable(state: PlanState, group: Group): readonly StepValue[] {
  const { values } = state;
  const anchor = group.anchor === undefined ? undefined : values.node(group.anchor);
  if (group.plain || (anchor !== undefined && !withEpilogue(anchor.op))) return [];
  const elsewhere = new Set(anchor?.inputs.map(values.root));
  // What is gathered is read when the block has been written.
  if (group.gathered !== undefined) for (const root of readsOf(state, group.gathered)) elsewhere.add(root);
  for (const leaf of prologueOf(state, group)?.leaves ?? []) elsewhere.add(leaf.root);
  const { leaves } = epilogueOf(state, group)!;
  return leaves
    .filter(
      ({ root, view }) => isWhole(view) && !elsewhere.has(root) && root !== resultOf(group) && root !== group.norm,
    )
    .filter(({ root }) => leaves.filter((leaf) => leaf.root === root).length === 1)
    .map((leaf) => leaf.root);
}

function labelOf(state: PlanState, group: Group): LaunchLabel {
  const { values } = state;
  const nodes: ValueId[] = [];
  if (group.anchor !== undefined) nodes.push(group.anchor);
  if (group.norm !== undefined) nodes.push(group.norm);
  if (group.largest !== undefined) nodes.push(group.largest);
  if (group.gathered !== undefined) nodes.push(group.gathered.anchor!);
  if (group.plain) nodes.push(...(group.anchor === undefined ? group.outputs : []));
  else {
    const inside = [...(prologueOf(state, group)?.nodes ?? []), ...(epilogueOf(state, group)?.nodes ?? [])];
    const targets = group.anchor === undefined ? group.outputs : [];
    nodes.push(...targets, ...inside.filter((n) => values.node(n).op !== "constant" && !targets.includes(n)));
  }
  const main = group.anchor ?? group.outputs.find((root) => values.node(root).origin !== undefined) ?? nodes[0]!;
  const [updated] = group.outputs.flatMap(values.updates).sort((a, b) => a.index - b.index);
  const origin = values.node(main).origin;
  const path = origin?.path ?? updated?.path.replace(/^[\w.]+\//, "").replace(/\.[^.]*$/, "") ?? "";
  return {
    path,
    ops: nodes.map((node) => values.node(node).op),
    ...(origin?.span === undefined ? {} : { span: origin.span }),
  };
}
