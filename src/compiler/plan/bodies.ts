/** Bodies: values that are computed element by element as expressions over the values that are in memory. */
import type { ValueId } from "../graph/graph.ts";
import { substitute, type Expression } from "./expression.ts";
import type { Values } from "./values.ts";
import { refine, sameView, wholeView, type View } from "./views.ts";

export interface Leaf {
  readonly root: ValueId;
  readonly view: View;
}

export interface Body {
  /** How the targets are computed, in their order: see `expressionsOf`. To many questions the leaves are the answer. */
  readonly targets: readonly Part[];
  readonly leaves: readonly Leaf[];
  /** The nodes that are computed inside, targets and all between them and the leaves. */
  readonly nodes: readonly ValueId[];
}

/** Operations of one expression at most: the assembled code grows with them. */
const LARGEST = 400;

/** A value in a body: a leaf, by its index, or computed from other parts. */
export type Part = { readonly leaf: number } | ComputedPart;

interface Seen {
  readonly view: View;
  readonly part: Part;
}

export interface ComputedPart {
  readonly expression: Expression;
  readonly operands: readonly Part[];
  /** Operations, counted as a tree. */
  readonly size: number;
}

/**
 * The targets, all of one size, over what they are computed from. A value for which `inMemory` holds is read, all others are computed;
 * targets themselves are computed always. Undefined where an expression grows too large or a view can't be written.
 */
export function bodyOf(
  values: Values,
  targets: readonly ValueId[],
  inMemory: (root: ValueId) => boolean,
): Body | undefined {
  const leaves: Leaf[] = [];
  const nodes: ValueId[] = [];
  /** Every value with the ways in which it is seen: mostly one. */
  const known = new Map<ValueId, Seen[]>();

  const partOf = (root: ValueId, view: View): Part | undefined => {
    const ways = known.get(root);
    if (ways !== undefined) for (const way of ways) if (sameView(way.view, view)) return way.part;
    const isRead = values.pointwise(root) === undefined || (!targets.includes(root) && inMemory(root));
    const part = isRead ? { leaf: leaves.push({ root, view }) - 1 } : compute(root, view, ways === undefined);
    if (part === undefined) return undefined;
    if (ways === undefined) known.set(root, [{ view, part }]);
    else ways.push({ view, part });
    return part;
  };
  const compute = (root: ValueId, view: View, first: boolean): Part | undefined => {
    if (first) nodes.push(root);
    const { expression, operations, operands } = values.pointwise(root)!;
    const found: Part[] = [];
    let size = operations;
    for (const operand of operands) {
      const seen = refine(view, operand.view);
      const part = seen && partOf(operand.value, seen);
      if (part === undefined) return undefined;
      size += operand.uses * ("leaf" in part ? 1 : part.size);
      found.push(part);
    }
    return size > LARGEST ? undefined : { expression, operands: found, size };
  };

  const computed: Part[] = [];
  for (const target of targets) {
    const part = partOf(target, wholeView(values.size(target)));
    if (part === undefined) return undefined;
    computed.push(part);
  }
  return { targets: computed, leaves, nodes };
}

/** The targets as expressions; input i is `leaves[i]`. What several need is one object in all of them. */
export function expressionsOf({ targets }: Body): readonly Expression[] {
  const known = new Map<Part, Expression>();
  const expressionOf = (part: Part): Expression => {
    if ("leaf" in part) return { op: "input", index: part.leaf };
    let expression = known.get(part);
    if (expression === undefined) {
      expression = substitute(part.expression, (index) => expressionOf(part.operands[index]!));
      known.set(part, expression);
    }
    return expression;
  };
  return targets.map(expressionOf);
}
