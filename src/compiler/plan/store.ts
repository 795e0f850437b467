/**
 * Which values get memory. What no kernel can compute by the way has to; of the values that are computed element by
 * element, those that are cheaper to write once than to compute again wherever they are read.
 */
import type { Node, ValueId } from "../graph/graph.ts";
import { costOf, operandsOf, type Expression } from "./expression.ts";
import {
  changed,
  elementwiseChannels,
  epilogueOf,
  inMemory,
  newGroup,
  prologueOf,
  store,
  accessesOf,
  type Group,
  type PlanState,
} from "./groups.ts";
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
export function createState(values: Values, fuse: boolean): PlanState {
  const state: PlanState = { values, writer: new Map(), groups: new Set(), reads: new Map() };
  const live = liveRoots(values);
  for (const root of [...live].sort((a, b) => a - b)) {
    if (values.pointwise(root) === undefined && !isLeaf(values.node(root))) {
      store(state, root, newGroup({ anchor: root, outputs: [root] }));
    }
  }
  for (const root of values.results) if (values.pointwise(root) !== undefined) put(state, root);
  for (const root of live) requireOperands(state, root, fuse);
  if (fuse) storeByCost(state, live);
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
const BYTES_PER_FLOP = 1 / 3;
/** A smaller value may be computed again for every element that it is broadcast to where it costs no more than this. */
const CHEAP = 2;

/** In units of simple operations, with what machines take for divisions and roots. */
function effortOf(e: Expression): number {
  const slow = e.op === "div" || e.op === "sqrt" ? 4 : 0;
  return operandsOf(e).reduce((sum, part) => sum + effortOf(part) - costOf(part), costOf(e) + slow);
}

function storeByCost(state: PlanState, live: ReadonlySet<ValueId>): void {
  const { values } = state;
  const facts = new Map<ValueId, { readonly streams: ReadonlySet<ValueId>; readonly effort: number }>();
  for (const root of [...live].sort((a, b) => a - b)) {
    const pointwise = values.pointwise(root);
    if (pointwise === undefined || inMemory(state, root)) {
      facts.set(root, { streams: new Set([root]), effort: 0 });
      continue;
    }
    const streams = new Set<ValueId>();
    let effort = effortOf(pointwise.expression);
    for (const { value } of pointwise.operands) {
      const fact = facts.get(value)!;
      effort += fact.effort;
      for (const stream of fact.streams) if (values.size(stream) * 2 > values.size(root)) streams.add(stream);
    }
    facts.set(root, { streams, effort });
  }
  // From the last value to the first: where a value is computed is known once its readers are settled.
  const sites = new Map<ValueId, ReadonlySet<ValueId>>();
  for (const root of [...live].sort((a, b) => b - a)) {
    const pointwise = values.pointwise(root);
    if (pointwise === undefined) continue;
    const own = new Set<ValueId>();
    let broadcast = false;
    for (const reader of values.readers(root)) {
      if (!live.has(reader)) continue;
      const inlined = values.pointwise(reader) !== undefined && !state.writer.has(reader);
      for (const site of inlined ? sites.get(reader)! : [reader]) own.add(site);
      if (values.pointwise(reader) !== undefined && values.size(reader) > values.size(root)) broadcast = true;
    }
    sites.set(root, own);
    if (inMemory(state, root) || values.node(root).op === "constant") continue;
    const { streams, effort } = facts.get(root)!;
    const once = 4 * streams.size + effort * BYTES_PER_FLOP;
    const again = own.size * once;
    const stored = once + 4 + 4 * own.size;
    // What is kept for the backward pass is o and the norm: the scale is computed again from them, whatever it costs.
    const scale = values.node(root).op === "bcos_scale";
    if ((broadcast && effort > CHEAP) || (again > stored && !scale)) put(state, root);
  }
}

/** Stores operands where a kernel can't compute its inputs as the choice so far would have it. */
function repair(state: PlanState): void {
  const { values } = state;
  const done = new Set<ValueId>();
  const next = (): ValueId | undefined => {
    let last: ValueId | undefined;
    for (const root of state.writer.keys()) if (!done.has(root) && (last === undefined || root > last)) last = root;
    return last;
  };
  for (let root = next(); root !== undefined; root = next()) {
    done.add(root);
    const group = state.writer.get(root)!;
    if (group.anchor !== undefined) repairPrologue(state, group);
    else if (!isElementwise(state, group)) {
      for (const operand of values.pointwise(root)!.operands) {
        if (values.node(operand.value).op !== "constant") put(state, operand.value);
      }
      changed(state, group);
      if (!isElementwise(state, group)) {
        group.plain = true;
        for (const operand of values.pointwise(root)!.operands) put(state, operand.value);
      }
    }
  }
  // What a reduction was to compute may have got memory for another reader.
  for (const group of state.groups) {
    if (group.prologue === undefined) continue;
    if (!inMemory(state, values.root(values.node(group.anchor!).inputs[group.prologue]!))) continue;
    group.prologue = undefined;
    changed(state, group);
  }
}

function isElementwise(state: PlanState, group: Group): boolean {
  const body = epilogueOf(state, group);
  return body !== undefined && elementwiseChannels(state, body, group.outputs[0]!) !== undefined;
}

function repairPrologue(state: PlanState, group: Group): void {
  if (group.prologue === undefined) return;
  const { values } = state;
  const node = values.node(group.anchor!);
  const operand = values.root(node.inputs[0]!);
  const rows = reducedRows(node, values)!;
  const body = inMemory(state, operand) ? undefined : prologueOf(state, group);
  if (body !== undefined && accessesOf(body, rows) !== undefined) return;
  group.prologue = undefined;
  changed(state, group);
  put(state, operand);
}

/** How many reductions compute what they reduce: chosen with what is stored. */
export function computedInReductions(state: PlanState): number {
  return [...state.groups].filter((group) => group.prologue !== undefined).length;
}
