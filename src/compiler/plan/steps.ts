/** Steps: the kernels of all groups in order, with values in place of buffers. Temporaries of recipes are values too. */
import type { ValueId } from "../graph/graph.ts";
import type { Kernel } from "../targets/wasm/kernel.ts";
import type { LoweredGroup } from "../targets/wasm/plan-groups.ts";
import { sha256 } from "./hash.ts";
import type { Group, PlanState } from "./groups.ts";
import { epilogueOf, prologueOf, resultOf, withEpilogue } from "./groups.ts";
import type { LaunchLabel } from "./plan.ts";
import { isWhole } from "./views.ts";

/** A root of the graph, or a number behind those for a temporary. */
export type StepValue = number;

export type Step = KernelStep | RandomStep;

export interface KernelStep {
  readonly kind: "kernel";
  readonly name: string;
  readonly kernel: Kernel;
  readonly reads: readonly StepValue[];
  readonly writes: readonly StepValue[];
  /** Values that may be overwritten by what it writes: read element by element. */
  readonly over: readonly StepValue[];
  readonly label: LaunchLabel;
  readonly group: Group | undefined;
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

export interface Steps {
  readonly steps: readonly Step[];
  /** Bytes of the temporaries. */
  readonly temporaries: ReadonlyMap<StepValue, number>;
}

export type LowerGroup = (state: PlanState, group: Group) => LoweredGroup;

export function kernelName(kernel: Kernel, key: string): string {
  const word = /^\w+/.exec(kernel.label)?.[0] ?? "kernel";
  return `${word}_${sha256(new TextEncoder().encode(key)).slice(0, 12)}`;
}

export function createSteps(state: PlanState, order: readonly Group[], lower: LowerGroup): Steps {
  const steps: Step[] = [];
  const temporaries = new Map<StepValue, number>();
  let next = state.values.graph.nodes.length;
  for (const group of order) {
    const label = labelOf(state, group);
    const anchor = group.anchor === undefined ? undefined : state.values.node(group.anchor);
    if (anchor?.op === "random_uniform") {
      const count = state.values.size(group.anchor!);
      const reads = anchor.inputs.map(state.values.root);
      const { key } = anchor.attributes;
      steps.push({ kind: "random", key, count, reads, writes: [...group.outputs], over: [], label, group });
      continue;
    }
    const lowered = lower(state, group);
    const names = new Map<string, StepValue>(Object.entries(lowered.bindings));
    const fresh = new Set<string>();
    for (const [name, bytes] of Object.entries(lowered.recipe.temporaries)) {
      names.set(name, next);
      fresh.add(name);
      temporaries.set(next++, bytes);
    }
    lowered.recipe.steps.forEach((kernel, index) => {
      const written = (name: string): boolean => name === "norm" || /^out\d*$/.test(name) || fresh.has(name);
      const count = kernel.buffers.findIndex(written);
      const buffers = kernel.buffers.map((name) => {
        const value = names.get(name);
        if (value === undefined) throw new Error(`nothing is bound to ${name} of ${kernel.label}`);
        return value;
      });
      if (count < 0 || kernel.buffers.slice(count).some((name) => !written(name))) {
        throw new Error(`what ${kernel.label} writes must follow what it reads: ${kernel.buffers.join()}`);
      }
      for (const name of kernel.buffers) fresh.delete(name);
      steps.push({
        kind: "kernel",
        name: kernelName(kernel, `${lowered.key}#${index}`),
        kernel,
        reads: buffers.slice(0, count),
        writes: buffers.slice(count),
        // Recipes end with the kernel that writes the results.
        over: index === lowered.recipe.steps.length - 1 ? overwritable(state, group) : [],
        label,
        group,
      });
    });
  }
  return { steps, temporaries };
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
  if (group.plain) nodes.push(...(group.anchor === undefined ? group.outputs : []));
  else {
    const inside = [...(prologueOf(state, group)?.nodes ?? []), ...(epilogueOf(state, group)?.nodes ?? [])];
    const targets = group.anchor === undefined ? group.outputs : [];
    nodes.push(...targets, ...inside.filter((n) => values.node(n).op !== "constant" && !targets.includes(n)));
  }
  const main = group.anchor ?? group.outputs.find((root) => values.node(root).origin !== undefined) ?? nodes[0]!;
  const updated = Object.entries(values.graph.updates).find(([, value]) => group.outputs.includes(values.root(value)));
  const origin = values.node(main).origin;
  const path = origin?.path ?? updated?.[0].replace(/^[\w.]+\//, "").replace(/\.[^.]*$/, "") ?? "";
  return {
    path,
    ops: nodes.map((node) => values.node(node).op),
    ...(origin?.span === undefined ? {} : { span: origin.span }),
  };
}
