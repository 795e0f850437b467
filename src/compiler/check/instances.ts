/** What the expansion of models and blocks finds out about the places in their rows, for tools: hover, inlay hints, lenses. */
import { sameShape, type Shape } from "../graph/graph.ts";
import type { Binding, Declaration, Flow, Step } from "../syntax/ast.ts";
import type { Constant } from "./constants.ts";

/** A distinct expansion of a model or block: one for each combination of argument values and input shape. */
export interface Instance {
  readonly declaration: Declaration;
  /** Of parameters and of the symbols of the input's shape; `undefined` where an error keeps one unknown. */
  readonly values: ReadonlyMap<string, Constant | undefined>;
  readonly input: Shape | undefined;
  /** By node; those of nodes behind an error are not known, nor those of branches that are not taken. */
  readonly passages: ReadonlyMap<Binding | Flow | Step, readonly Passage[]>;
}

/** The shapes before and behind a place. A step in a `repeat` may have several, each stands once. */
export interface Passage {
  /** Absent for what has no value before it: bindings and joins. */
  readonly from?: Shape;
  readonly to: Shape;
}

/** How many different passages of a place are kept. */
const keptPassages = 64;

export interface InstanceRecord extends Instance {
  readonly passages: Map<Binding | Flow | Step, Passage[]>;
}

export function createInstance(
  declaration: Declaration,
  values: ReadonlyMap<string, Constant | undefined>,
  input: Shape | undefined,
): InstanceRecord {
  return { declaration, values, input, passages: new Map() };
}

export function addPassage(record: InstanceRecord, node: Binding | Flow | Step, passage: Passage): void {
  const known = record.passages.get(node);
  if (known === undefined) record.passages.set(node, [passage]);
  else if (known.length < keptPassages && !known.some((other) => isSame(other, passage))) known.push(passage);
}

function isSame(a: Passage, b: Passage): boolean {
  return sameShape(a.to, b.to) && sameShape(a.from ?? [], b.from ?? []);
}
