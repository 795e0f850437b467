/**
 * Which values get memory. What no kernel can compute by the way has to; of the values that are computed element by
 * element, those that are cheaper to write once than to compute again wherever they are read.
 */
import type { Node, ValueId } from "../graph/graph.ts";
import { bodyOf, type Body } from "./bodies.ts";
import { costOf, operandsOf, type Expression } from "./expression.ts";
import {
  changed,
  withEpilogue,
  elementwiseChannels,
  emptyState,
  epilogueOf,
  fitsBuffers,
  inMemory,
  newGroup,
  prologueOf,
  store,
  accessesOf,
  type Group,
  type PlanState,
} from "./groups.ts";
import type { TargetRules } from "./target.ts";
import { isLeaf, type Values } from "./values.ts";

/** Reductions of neighbouring axes can compute what they reduce while they read. */
export function reducedRows(node: Node, values: Values): number | undefined {
  switch (node.op) {
    case "reduce_sum":
    case "reduce_mean":
    case "reduce_max":
    case "reduce_variance": {
      const axes = [...node.attributes.axes].sort((a, b) => a - b);
      if (axes.some((axis, i) => axis !== axes[0]! + i)) return undefined;
      const { shape } = values.node(node.inputs[0]!);
      const product = (from: number, to: number): number => shape.slice(from, to).reduce((a, b) => a * b, 1);
      const end = (axes[0] ?? 0) + axes.length;
      const inner = product(end, shape.length);
      return inner > 1 ? inner : product(axes[0] ?? 0, end);
    }
    default:
      return undefined;
  }
}

/** Groups of all operations that are not computed element by element and that a result needs, and a group a value. */
export function createState(values: Values, fuse: boolean, rules: TargetRules): PlanState {
  const state = emptyState(values, rules);
  const live = liveRoots(values);
  for (const root of [...live].sort((a, b) => a - b)) {
    if (values.pointwise(root) === undefined && !isLeaf(values.node(root))) {
      store(state, root, newGroup({ anchor: root, outputs: [root] }));
    }
  }
  for (const root of values.results) if (values.pointwise(root) !== undefined) put(state, root);
  for (const root of live) requireOperands(state, root, fuse);
  if (fuse) for (const root of chooseByCost(state, live)) put(state, root);
  else {
    for (const root of live) {
      if (values.pointwise(root) !== undefined && values.node(root).op !== "constant") put(state, root);
    }
  }
  repair(state);
  return state;
}

function liveRoots(values: Values): ReadonlySet<ValueId> {
  const live = new Set<ValueId>();
  const queue = [...values.results];
  for (let root = queue.pop(); root !== undefined; root = queue.pop()) {
    if (live.has(root)) continue;
    live.add(root);
    for (const input of values.node(root).inputs) queue.push(values.root(input));
  }
  return live;
}

/** Gives a value memory of its own, written by a group of its own. */
function put(state: PlanState, root: ValueId): void {
  if (!inMemory(state, root)) store(state, root, newGroup({ outputs: [root] }));
}

function requireOperands(state: PlanState, root: ValueId, fuse: boolean): void {
  const { values } = state;
  if (values.pointwise(root) !== undefined) return;
  const node = values.node(root);
  const inlines = fuse && reducedRows(node, values) !== undefined;
  for (const input of node.inputs) {
    const operand = values.root(input);
    if (values.pointwise(operand) === undefined) continue;
    if (inlines) state.writer.get(root)!.prologue = 0;
    else put(state, operand);
  }
}

/** Bytes that take about as long as a simple operation on one element. */
const BYTES_PER_FLOP = 1 / 4;
/** A smaller value may be computed again for every element that it is broadcast to where it costs no more than this. */
const CHEAP = 2;

/** In units of simple operations, with what machines take for divisions and roots. */
function effortOf(e: Expression): number {
  const slow = e.op === "div" || e.op === "sqrt" ? 4 : 0;
  return operandsOf(e).reduce((sum, part) => sum + effortOf(part) - costOf(part), costOf(e) + slow);
}

/** What a value is computed from depends on the choice for others: the second round knows the first one's. */
function chooseByCost(state: PlanState, live: ReadonlySet<ValueId>): ReadonlySet<ValueId> {
  const { values } = state;
  const efforts = values.graph.nodes.map((_, root) => {
    const pointwise = values.pointwise(root);
    return pointwise === undefined ? 0 : effortOf(pointwise.expression);
  });
  let chosen: ReadonlySet<ValueId> = new Set<ValueId>();
  for (let round = 0; round < 2; round++) chosen = chooseRound(state, efforts, live, chosen);
  return chosen;
}

/** From the last value to the first: where a value is computed is known once its readers are settled. */
function chooseRound(
  state: PlanState,
  efforts: readonly number[],
  live: ReadonlySet<ValueId>,
  before: ReadonlySet<ValueId>,
): ReadonlySet<ValueId> {
  const { values } = state;
  const chosen = new Set<ValueId>();
  const stored = (root: ValueId): boolean => before.has(root) || chosen.has(root) || inMemory(state, root);
  const guess: Guess = { state, stored, efforts };
  const sites = new Map<ValueId, readonly ValueId[]>();
  for (const root of [...live].sort((a, b) => b - a)) {
    if (values.pointwise(root) === undefined) continue;
    const readers = values.readers(root).filter((reader) => live.has(reader));
    const passesOn = (reader: ValueId): boolean =>
      values.pointwise(reader) !== undefined && !chosen.has(reader) && !inMemory(state, reader);
    const parts = readers.map((reader) => (passesOn(reader) ? sites.get(reader)! : [reader]));
    const own = parts.length === 1 ? parts[0]! : [...new Set(parts.flat())];
    const broadcast = readers.some(
      (reader) => values.pointwise(reader) !== undefined && values.size(reader) > values.size(root),
    );
    sites.set(root, own);
    if (inMemory(state, root) || values.node(root).op === "constant") continue;
    const inside = computedFrom(guess, root, undefined);
    if (inside === undefined || (broadcast && inside.effort > CHEAP)) {
      chosen.add(root);
      continue;
    }
    if (own.length > 1 && takesPlace(state, root, inside, live)) {
      chosen.add(root);
      continue;
    }
    // What is kept for the backward pass is o and the norm: the scale is computed again from them, whatever it costs.
    if (own.length > 1 && values.node(root).op !== "bcos_scale" && paysToStore(guess, root, inside, own))
      chosen.add(root);
  }
  return chosen;
}

/** What is taken to be in memory while others are chosen. */
interface Guess {
  readonly state: PlanState;
  readonly stored: (root: ValueId) => boolean;
  /** Of every value that is computed element by element, from its operands. */
  readonly efforts: readonly number[];
}

/** Whether an operation's result is read for this value alone: then the value takes no memory but the result's. */
function takesPlace(state: PlanState, root: ValueId, inside: Inside, live: ReadonlySet<ValueId>): boolean {
  const { values } = state;
  return [...inside.streams].some((stream) => {
    if (!withEpilogue(values.node(stream).op)) return false;
    let at = stream;
    while (at !== root) {
      const [reader, ...others] = values.readers(at).filter((node) => live.has(node));
      if (reader === undefined || others.length > 0 || values.results.has(at) || reader > root) return false;
      at = reader;
    }
    return true;
  });
}

interface Inside {
  /** Tensors of about the value's size that it is computed from. */
  readonly streams: ReadonlySet<ValueId>;
  readonly effort: number;
}

/** What a value is computed from; `read` is read, not computed. */
function computedFrom({ state, stored, efforts }: Guess, root: ValueId, read: ValueId | undefined): Inside | undefined {
  const { values } = state;
  const body = bodyOf(values, [root], (other) => other === read || stored(other));
  if (body === undefined) return undefined;
  const large = body.leaves.filter((leaf) => values.size(leaf.root) * 2 > values.size(root));
  return {
    streams: new Set(large.map((leaf) => leaf.root)),
    effort: body.nodes.reduce((sum, node) => sum + efforts[node]!, 0),
  };
}

/** Bytes and effort an element: computed at every site, against written once and read at every site. */
function paysToStore(guess: Guess, root: ValueId, inside: Inside, sites: readonly ValueId[]): boolean {
  const { state } = guess;
  const { values } = state;
  const effort = inside.effort * BYTES_PER_FLOP;
  let again = 0;
  let stored = 4 * inside.streams.size + effort + 4;
  for (const site of sites) {
    // What the site reads beside the value: a reduction or an element-wise kernel computes what it needs while it reads.
    const target = values.pointwise(site) === undefined ? values.root(values.node(site).inputs[0]!) : site;
    const group = state.writer.get(site);
    const reads = group?.anchor === undefined || group.prologue !== undefined;
    const beside = target === root || !reads ? undefined : computedFrom(guess, target, root);
    const others = new Set(beside?.streams);
    others.delete(root);
    again += 4 * new Set([...inside.streams, ...others]).size + effort;
    stored += 4 * (others.size + 1);
  }
  return again > stored;
}

/**
 * Stores operands where a kernel can't compute its inputs as the choice so far would have it. A value that gets memory
 * is read in another way by others, which are judged again.
 */
function repair(state: PlanState): void {
  /** What each element-wise group that is right computes: with none of it stored since, it stays right. */
  const right = new Map<Group, readonly ValueId[]>();
  let known: ReadonlySet<ValueId> = new Set(state.writer.keys());
  for (let before = -1; before !== state.writer.size;) {
    before = state.writer.size;
    const stored = new Set([...state.writer.keys()].filter((root) => !known.has(root)));
    known = new Set(state.writer.keys());
    for (const root of [...known].sort((a, b) => b - a)) {
      const group = state.writer.get(root)!;
      if (group.anchor !== undefined) repairPrologue(state, group);
      else if (!group.plain && (right.get(group)?.some((node) => stored.has(node)) ?? true)) {
        const nodes = repairElementwise(state, group);
        if (nodes !== undefined) right.set(group, nodes);
      }
    }
  }
}

/** The nodes that the group computes where it is right as it is. */
function repairElementwise(state: PlanState, group: Group): readonly ValueId[] | undefined {
  const body = epilogueOf(state, group);
  if (isElementwise(state, group, body)) return body.nodes;
  const { values } = state;
  const { operands } = values.pointwise(group.outputs[0]!)!;
  for (const { value } of operands) if (values.node(value).op !== "constant") put(state, value);
  changed(state, group);
  if (isElementwise(state, group, epilogueOf(state, group))) return undefined;
  group.plain = true;
  for (const { value } of operands) put(state, value);
  return undefined;
}

function isElementwise(state: PlanState, group: Group, body: Body | undefined): body is Body {
  if (body === undefined || !fitsBuffers(state, group, body, group.outputs)) return false;
  return elementwiseChannels(state, body, group.outputs[0]!) !== undefined;
}

/** What a reduction was to compute may be beyond it, or may have got memory for another reader. */
function repairPrologue(state: PlanState, group: Group): void {
  if (group.prologue === undefined) return;
  const { values } = state;
  const node = values.node(group.anchor!);
  const operand = values.root(node.inputs[0]!);
  const rows = reducedRows(node, values)!;
  const body = inMemory(state, operand) ? undefined : prologueOf(state, group);
  // Beside the result a reduction in several steps has sums of parts, and variances their means.
  const fits = body !== undefined && body.leaves.length + 3 <= state.rules.mostBuffers;
  if (fits && accessesOf(body, rows) !== undefined) return;
  group.prologue = undefined;
  changed(state, group);
  put(state, operand);
}

/** How many reductions compute what they reduce: chosen with what is stored. */
export function computedInReductions(state: PlanState): number {
  return [...state.groups].filter((group) => group.prologue !== undefined).length;
}
