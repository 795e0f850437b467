/**
 * Groups: what becomes one kernel (or the few of one recipe). A group computes an operation with what is fused in front of
 * and behind it, or only values element by element, and leaves some of them in memory.
 */
import type { OpKind, ValueId } from "../graph/graph.ts";
import { bodyOf, type Body } from "./bodies.ts";
import type { Access } from "./expression.ts";
import type { TargetRules } from "./target.ts";
import { isLeaf, type Values } from "./values.ts";
import { accessOf, chooseChannels, isWhole, wholeView } from "./views.ts";

export interface Group {
  /** The operation that is not computed element by element; undefined in an element-wise group. */
  readonly anchor: ValueId | undefined;
  /** patch_norm that a convolution computes by the way. */
  norm: ValueId | undefined;
  /** The maximum over units (MaxOut) that a convolution takes before it writes: stands for the anchor's result. */
  largest: ValueId | undefined;
  /** The mean of what it has the variance of. */
  mean: ValueId | undefined;
  /** A reduction over all rows of what it writes, which was a group of its own: it writes that one's values too. */
  gathered: Group | undefined;
  /** What it leaves in memory, without the norm: the anchor's result or values computed from it, or others. */
  outputs: ValueId[];
  /** An operand of the anchor that is computed while it is read, by its index among the anchor's inputs. */
  prologue: number | undefined;
  /** The anchor, or the one node of an element-wise group, is left to its own recipe, with all operands in memory. */
  plain: boolean;
}

/** Operations whose kernels can compute something from each element before they write it. */
const WITH_EPILOGUE: ReadonlySet<OpKind> = new Set([
  "conv2d",
  "conv2d_input_gradient",
  "matmul",
  "window_sum",
  "window_max",
  "window_spread",
  "block_sum",
]);

export function withEpilogue(op: OpKind): boolean {
  return WITH_EPILOGUE.has(op);
}

/** The value that the anchor hands to the epilogue. */
export function resultOf(group: Group): ValueId | undefined {
  return group.largest ?? group.anchor;
}

export interface PlanState {
  readonly values: Values;
  /** Every value that has memory of its own, leaves aside, with the group that writes it. */
  readonly writer: Map<ValueId, Group>;
  readonly groups: Set<Group>;
  /** A topological order of the groups: see `group-order.ts`. */
  readonly places: Map<Group, number>;
  /** What groups read, kept until they change: see `changed`. */
  readonly reads: Map<Group, ReadonlySet<ValueId>>;
  /** The same the other way round, without the groups of `unread`. */
  readonly readers: Map<ValueId, Set<Group>>;
  /** Groups that changed since it was last asked what they read. */
  readonly unread: Set<Group>;
  /** What the target's kernels can't do. */
  readonly rules: TargetRules;
}

/** Must be called where something that a group computes, reads or writes was changed. */
export function changed(state: PlanState, group: Group): void {
  for (const root of state.reads.get(group) ?? []) state.readers.get(root)?.delete(group);
  state.reads.delete(group);
  state.unread.add(group);
}

/** A state without groups. */
export function emptyState(values: Values, rules: TargetRules): PlanState {
  return {
    values,
    writer: new Map(),
    groups: new Set(),
    places: new Map(),
    reads: new Map(),
    readers: new Map(),
    unread: new Set(),
    rules,
  };
}

export function newGroup(parts: Partial<Group> & Pick<Group, "outputs">): Group {
  return {
    anchor: undefined,
    norm: undefined,
    largest: undefined,
    mean: undefined,
    gathered: undefined,
    prologue: undefined,
    plain: false,
    ...parts,
  };
}

/** Puts a value into memory, written by a group. A new group computes that value alone: the graph's order is theirs, too. */
export function store(state: PlanState, root: ValueId, group: Group): void {
  state.writer.set(root, group);
  state.groups.add(group);
  if (!state.places.has(group)) state.places.set(group, root);
  changed(state, group);
}

export function inMemory(state: PlanState, root: ValueId): boolean {
  return state.writer.has(root) || (isLeaf(state.values.node(root)) && state.values.pointwise(root) === undefined);
}

/**
 * What a group computes behind its anchor, or all of an element-wise group. With other `outputs` than it has now, `own` is
 * all that it would no longer read from memory: values that it or a group it is joined with writes now.
 */
export function epilogueOf(
  state: PlanState,
  group: Group,
  outputs: readonly ValueId[] = group.outputs,
  own: readonly ValueId[] = outputs,
): Body | undefined {
  const result = resultOf(group);
  const computed = outputs.filter((root) => root !== result);
  return bodyOf(state.values, computed, (root) => {
    if (root === result || root === group.norm) return true;
    return !own.includes(root) && inMemory(state, root);
  });
}

/** The operand that the anchor reads through a prologue. */
export function prologueOf(state: PlanState, group: Group): Body | undefined {
  if (group.anchor === undefined || group.prologue === undefined) return undefined;
  const operand = state.values.root(state.values.node(group.anchor).inputs[group.prologue]!);
  return bodyOf(state.values, [operand], (root) => inMemory(state, root));
}

/** What a reduction reduces, over what is in memory. */
export function reducedBodyOf(state: PlanState, group: Group): Body | undefined {
  if (group.prologue !== undefined) return prologueOf(state, group);
  const root = state.values.root(state.values.node(group.anchor!).inputs[0]!);
  const leaf = { root, view: wholeView(state.values.size(root)) };
  return { targets: [{ leaf: 0 }], leaves: [leaf], nodes: [] };
}

/** All roots in memory that the kernels of a group read. Throws where a body can't be built. */
export function readsOf(state: PlanState, group: Group): ReadonlySet<ValueId> {
  const known = state.reads.get(group);
  if (known !== undefined) return known;
  const reads = new Set<ValueId>();
  const own = new Set<ValueId | undefined>([resultOf(group), group.norm]);
  const addLeaves = (body: Body | undefined): void => {
    if (body === undefined) throw new Error("a fused group has no body");
    for (const { root } of body.leaves) if (!own.has(root)) reads.add(root);
  };
  const { values } = state;
  if (group.anchor !== undefined) {
    values.node(group.anchor).inputs.forEach((input, i) => {
      if (i !== group.prologue) reads.add(values.root(input));
    });
    if (group.prologue !== undefined) addLeaves(prologueOf(state, group));
  }
  if (group.plain && group.anchor === undefined) {
    for (const operand of values.pointwise(group.outputs[0]!)!.operands) reads.add(operand.value);
  } else addLeaves(epilogueOf(state, group));
  if (group.gathered !== undefined) {
    for (const root of readsOf(state, group.gathered)) {
      if (root !== group.norm && !group.outputs.includes(root)) reads.add(root);
    }
  }
  state.reads.set(group, reads);
  // What was gathered has become a part of another group, which reads that for it.
  if (state.groups.has(group)) for (const root of reads) add(state.readers, root, group);
  state.unread.delete(group);
  return reads;
}

function add(readers: Map<ValueId, Set<Group>>, root: ValueId, group: Group): void {
  const known = readers.get(root);
  if (known === undefined) readers.set(root, new Set([group]));
  else known.add(group);
}

const NONE: ReadonlySet<Group> = new Set();

/** The groups whose kernels read a value from memory. */
export function readersOf(state: PlanState, root: ValueId): ReadonlySet<Group> {
  for (const group of state.unread) readsOf(state, group);
  return state.readers.get(root) ?? NONE;
}

/** Every value that a group leaves in memory. */
export function writtenBy({ outputs, norm, mean, gathered }: Group): readonly ValueId[] {
  const all = [...outputs, norm, mean, ...(gathered === undefined ? [] : writtenBy(gathered))];
  return all.filter((root) => root !== undefined);
}

/** Channels of the rows that an anchor's epilogue runs over. */
export function channelsOf(values: Values, root: ValueId): number {
  return values.node(root).shape.at(-1) ?? 1;
}

/** Channels of the rows that the group's epilogue runs over: behind MaxOut, whose last axis is the one of the units. */
export function resultChannels(values: Values, group: Group): number {
  const channels = channelsOf(values, group.anchor!);
  if (group.largest === undefined) return channels;
  return (channels * values.size(group.largest)) / values.size(group.anchor!);
}

/** How the leaves of a body are read over [rows, channels]; undefined where one can't be. */
export function accessesOf(body: Body, channels: number): readonly Access[] | undefined {
  const accesses = body.leaves.map((leaf) => accessOf(leaf.view, channels));
  return accesses.every((access) => access !== undefined) ? accesses : undefined;
}

/** The length of rows of an element-wise group; undefined where its leaves can't be read in one way. */
export function elementwiseChannels(state: PlanState, body: Body, root: ValueId): number | undefined {
  const views = body.leaves.map((leaf) => leaf.view);
  return chooseChannels(views, state.values.size(root), channelsOf(state.values, root));
}

/**
 * Whether a kernel for the group has a place for all of its buffers, were it to compute `outputs` by `body` behind its
 * anchor (or alone). New state lies where the old is that it is computed from.
 */
export function fitsBuffers(state: PlanState, group: Group, body: Body, outputs: readonly ValueId[]): boolean {
  const { values, rules } = state;
  if (!Number.isFinite(rules.mostBuffers)) return true;
  const own = new Set([resultOf(group), group.norm]);
  const inFront = group.prologue === undefined ? undefined : prologueOf(state, group)!;
  const operands = group.anchor === undefined ? 0 : values.node(group.anchor).inputs.length;
  const paths = new Set(outputs.flatMap((root) => values.updates(root).map(({ path }) => path)));
  const reads = body.leaves.filter(({ root }) => {
    const node = values.node(root);
    return !own.has(root) && !(group.anchor === undefined && node.op === "state" && paths.has(node.attributes.path));
  });
  const before = inFront === undefined ? operands : operands - 1 + inFront.leaves.length;
  const norm = group.norm === undefined ? 0 : 1;
  return before + reads.length + norm + outputs.length <= rules.mostBuffers;
}

/** Whether an anchor's epilogue can read and write what the body needs: its result element by element, the norm by groups. */
export function fitsEpilogue(state: PlanState, group: Group, body: Body): boolean {
  const result = resultOf(group)!;
  const { values } = state;
  const channels = resultChannels(values, group);
  const accesses = accessesOf(body, channels);
  if (accesses === undefined) return false;
  return body.leaves.every(({ root, view }, i) => {
    if (root === result) return isWhole(view);
    if (root !== group.norm) return true;
    const access = accesses[i]!;
    const groups = values.node(group.norm).shape.at(-1)!;
    if (channels === groups) return access.kind === "same";
    if (groups === 1) return access.kind === "row" || access.kind === "scalar";
    return access.kind === "group" && access.groups === groups;
  });
}
