/** What the expansion of models and blocks finds out about the places in their rows, for tools: hover, inlay hints, lenses. */
import { sameShape, type Shape } from "../graph/graph.ts";
import type { LayerInstance } from "../network/network.ts";
import type { Binding, CallStep, Declaration, Flow, Step } from "../syntax/ast.ts";
import type { Constant } from "./constants.ts";

/** A distinct expansion of a model or block: one for each combination of argument values and input shape. */
export interface Instance {
  readonly declaration: Declaration;
  /** Of parameters and of the symbols of the input's shape; `undefined` where an error keeps one unknown. */
  readonly values: ReadonlyMap<string, Constant | undefined>;
  readonly input: Shape | undefined;
  /** By node; those of nodes behind an error are not known, nor those of branches that are not taken. */
  readonly passages: ReadonlyMap<Binding | Flow | Step, readonly Passage[]>;
  /** The distinct expansions of the blocks that it calls, by the call. A call in a `repeat` may have several. */
  readonly calls: ReadonlyMap<CallStep, readonly Instance[]>;
  /** Its layers and those of the blocks in it, with paths that start behind its own. */
  readonly layers: readonly LayerInstance[];
}

/** The shapes before and behind a place. A step in a `repeat` may have several, each stands once. */
export interface Passage {
  /** Absent for what has no value before it: bindings and joins. */
  readonly from?: Shape;
  readonly to: Shape;
}

/** How many different passages, or called instances, of a place are kept. */
const keptPerPlace = 64;

export interface InstanceRecord extends Instance {
  readonly passages: Map<Binding | Flow | Step, Passage[]>;
  readonly calls: Map<CallStep, Instance[]>;
  layers: readonly LayerInstance[];
}

export function createInstance(
  declaration: Declaration,
  values: ReadonlyMap<string, Constant | undefined>,
  input: Shape | undefined,
): InstanceRecord {
  return { declaration, values, input, passages: new Map(), calls: new Map(), layers: [] };
}

export function addPassage(record: InstanceRecord, node: Binding | Flow | Step, passage: Passage): void {
  const known = record.passages.get(node);
  if (known === undefined) record.passages.set(node, [passage]);
  else if (known.length < keptPerPlace && !known.some((other) => isSame(other, passage))) known.push(passage);
}

export function addCall(record: InstanceRecord, step: CallStep, called: Instance): void {
  const known = record.calls.get(step);
  if (known === undefined) record.calls.set(step, [called]);
  else if (known.length < keptPerPlace && !known.includes(called)) known.push(called);
}

function isSame(a: Passage, b: Passage): boolean {
  return sameShape(a.to, b.to) && sameShape(a.from ?? [], b.from ?? []);
}
