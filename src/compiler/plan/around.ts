/** What a group computes in front of and behind its operation, in the form that kernels take it. */
import type { ValueId } from "../graph/graph.ts";
import { expressionsOf, type Body } from "./bodies.ts";
import { ex, substitute, type Access, type Expression } from "./expression.ts";
import {
  accessesOf,
  channelsOf,
  epilogueOf,
  prologueOf,
  reducedBodyOf,
  resultChannels,
  resultOf,
  type Group,
  type PlanState,
} from "./groups.ts";
import type { Epilogue, Gather, Prologue } from "./kernel-specs.ts";
import { isWhole } from "./views.ts";

/** The value behind each name of a recipe that is no temporary. */
export type Bindings = Readonly<Record<string, ValueId>>;

export function numbered(prefix: string, roots: readonly ValueId[]): Bindings {
  return Object.fromEntries(roots.map((root, i) => [`${prefix}${i + 1}`, root]));
}

export function outputNames(roots: readonly ValueId[]): Bindings {
  return Object.fromEntries(roots.map((root, i) => [i === 0 ? "out" : `out${i + 1}`, root]));
}

export interface Gathered {
  readonly gather?: Gather;
  readonly bindings: Bindings;
}

/** The reduction over what a group writes, with that under the names of its buffers. */
export function gathering(state: PlanState, group: Group): Gathered {
  if (group.gathered === undefined) return { bindings: {} };
  const { anchor, outputs, mean } = group.gathered;
  const node = state.values.node(anchor!);
  const body = reducedBodyOf(state, group.gathered)!;
  const accesses = accessesOf(body, channelsOf(state.values, anchor!))!;
  const own = new Map<ValueId | undefined, string>([
    ...Object.entries(outputNames(group.outputs)).map(([name, root]) => [root, name] as const),
    ...(group.norm === undefined ? [] : [[group.norm, "norm"] as const]),
  ]);
  const roots: ValueId[] = [];
  const inputs = body.leaves.map(({ root }, i) => {
    const buffer = own.get(root) ?? `r${roots.push(root)}`;
    return { buffer, access: accesses[i]! };
  });
  const after = outputs[0] === anchor ? undefined : expressionsOf(epilogueOf(state, group.gathered)!)[0]!;
  return {
    gather: {
      kind: node.op === "reduce_variance" ? "variance" : node.op === "reduce_mean" ? "mean" : "sum",
      inputs,
      value: expressionsOf(body)[0]!,
      ...(after === undefined ? {} : { finish: after }),
      ...(mean === undefined ? {} : { withMean: true }),
    },
    bindings: { ...numbered("r", roots), gathered: outputs[0]!, ...(mean === undefined ? {} : { mean }) },
  };
}

export interface Behind {
  readonly epilogue: Epilogue;
  readonly bindings: Bindings;
}

/** The epilogue, with the anchor's result as input 0 and the group's own norm as input 1. */
export function behind(state: PlanState, group: Group): Behind {
  const body = epilogueOf(state, group)!;
  const result = resultOf(group)!;
  const accesses = accessesOf(body, resultChannels(state.values, group))!;
  const first = group.norm === undefined ? 1 : 2;
  const inputs: Access[] = [];
  const roots: ValueId[] = [];
  const places = body.leaves.map(({ root }, i) => {
    if (root === result) return 0;
    if (root === group.norm) return 1;
    roots.push(root);
    return inputs.push(accesses[i]!) - 1 + first;
  });
  const computed = expressionsOf(body).map((e) => substitute(e, (index) => ex.input(places[index]!)));
  const outputs = group.outputs.map((root): Expression => (root === result ? ex.input(0) : computed.shift()!));
  return {
    epilogue: { inputs, outputs },
    bindings: {
      ...numbered("e", roots),
      ...outputNames(group.outputs),
      ...(group.norm === undefined ? {} : { norm: group.norm }),
    },
  };
}

/** Which leaf of a prologue is the tensor itself: the first that is read element by element. */
function mainLeaf(body: Body): number {
  return body.leaves.findIndex((leaf) => isWhole(leaf.view));
}

export interface InFront {
  readonly prologue?: Prologue;
  readonly bindings: Bindings;
}

/** An operand of the anchor under the name that its recipe has for it, computed on the way where that was fused. */
export function inFront(state: PlanState, group: Group, index: number, name: string): InFront {
  const operand = state.values.node(group.anchor!).inputs[index]!;
  const root = state.values.root(operand);
  if (group.prologue !== index) return { bindings: { [name]: root } };
  const body = prologueOf(state, group)!;
  const main = mainLeaf(body);
  const accesses = accessesOf(body, channelsOf(state.values, operand))!;
  const others = body.leaves.map((_, i) => i).filter((i) => i !== main);
  const value = substitute(expressionsOf(body)[0]!, (i) => ex.input(i === main ? 0 : others.indexOf(i) + 1));
  return {
    prologue: { inputs: others.map((i) => accesses[i]!), value },
    bindings: {
      [name]: body.leaves[main]!.root,
      ...numbered(
        "p",
        others.map((i) => body.leaves[i]!.root),
      ),
    },
  };
}
