/**
 * Which nodes a run needs, which values share storage, and which slot each value lives in. A slot is named by its length
 * and a number; it is used again as soon as its value was read for the last time.
 */
import type { Graph, Node, OpKind, ValueId } from "../../../compiler/graph/graph.ts";
import { sizeOf } from "../../../shape.ts";
import { ALIAS_KINDS, BOUND_KINDS, type ComputedKind } from "./kernel.ts";

export interface Slot {
  readonly length: number;
  readonly number: number;
}

export interface Allocation {
  /** Needed nodes that a kernel computes, in order; without constants. */
  readonly order: readonly ValueId[];
  /** Needed constants: computed once. */
  readonly constants: readonly ValueId[];
  /** Needed inputs and state tensors. */
  readonly bound: readonly ValueId[];
  /** The value whose storage this one has: itself but for aliases. */
  readonly root: (value: ValueId) => ValueId;
  readonly slots: ReadonlyMap<ValueId, Slot>;
}

/**
 * Kinds whose kernel reads an element of a full-sized input only before it writes the same element, or (rows) has read
 * the row before it writes it.
 */
const IN_PLACE: ReadonlySet<OpKind> = new Set<ComputedKind>([
  ...(["neg", "abs", "sign", "square", "sqrt", "exp", "log", "sigmoid", "tanh"] as const),
  ...(["erf", "softplus", "relu", "power"] as const),
  ...(["add", "sub", "mul", "div", "max", "min", "greater", "select", "shift"] as const),
  ...(["softmax", "log_softmax", "unit_rows", "bcos_scale"] as const),
]);

function isAlias(node: Node): boolean {
  return (ALIAS_KINDS as readonly OpKind[]).includes(node.op);
}

export function isBound(node: Node): boolean {
  return (BOUND_KINDS as readonly OpKind[]).includes(node.op);
}

/** `results` are read after the run: their slots are not used again. Without `reuse` every value has its own slot. */
export function allocateSlots(graph: Graph, results: readonly ValueId[], reuse: boolean): Allocation {
  const { nodes } = graph;
  const needed = new Uint8Array(nodes.length);
  for (const value of results) needed[value] = 1;
  for (let id = nodes.length - 1; id >= 0; id--) {
    if (needed[id]) for (const input of nodes[id]!.inputs) needed[input] = 1;
  }

  const roots = Int32Array.from(nodes, (_, id) => id);
  const lastUse = new Float64Array(nodes.length).fill(-1);
  const order: ValueId[] = [];
  const constants: ValueId[] = [];
  const bound: ValueId[] = [];
  nodes.forEach((node, id) => {
    if (!needed[id]) return;
    if (isBound(node)) bound.push(id);
    else if (isAlias(node)) roots[id] = roots[node.inputs[0]!]!;
    else if (node.op === "constant") constants.push(id);
    else {
      order.push(id);
      for (const input of node.inputs) lastUse[roots[input]!] = id;
    }
  });
  for (const value of results) lastUse[roots[value]!] = Infinity;

  const slots = new Map<ValueId, Slot>();
  const counts = new Map<number, number>();
  const free = new Map<number, Slot[]>();
  const newSlot = (length: number): Slot => {
    const number = counts.get(length) ?? 0;
    counts.set(length, number + 1);
    return { length, number };
  };

  for (const id of order) {
    const node = nodes[id]!;
    const length = sizeOf(node.shape);
    const dying = new Set(reuse ? node.inputs.map((v) => roots[v]!).filter((r) => lastUse[r] === id) : []);
    const taken = [...dying].find(
      (r) =>
        slots.has(r) &&
        IN_PLACE.has(node.op) &&
        node.inputs.every((v) => roots[v] !== r || sizeOf(nodes[v]!.shape) === length),
    );
    if (taken === undefined) slots.set(id, free.get(length)?.pop() ?? newSlot(length));
    else slots.set(id, slots.get(taken)!);
    for (const r of dying) {
      const slot = slots.get(r);
      if (slot === undefined || r === taken) continue;
      const list = free.get(slot.length) ?? [];
      list.push(slot);
      free.set(slot.length, list);
    }
  }
  return { order, constants, bound, root: (value) => roots[value]!, slots };
}
