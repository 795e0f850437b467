/** Bodies: values that are computed element by element as expressions over the values that are in memory. */
import type { ValueId } from "../graph/graph.ts";
import { operandsOf, substitute, type Expression } from "./expression.ts";
import type { Values } from "./values.ts";
import { refine, viewKey, wholeView, type View } from "./views.ts";

export interface Leaf {
  readonly root: ValueId;
  readonly view: View;
}

export interface Body {
  /** One a target; input i is `leaves[i]`. */
  readonly expressions: readonly Expression[];
  readonly leaves: readonly Leaf[];
  /** The nodes that are computed inside, targets and all between them and the leaves. */
  readonly nodes: readonly ValueId[];
}

/** Operations of one expression at most: the assembled code grows with them. */
const LARGEST = 400;

/**
 * The targets, all of one size, as expressions. A value for which `inMemory` holds is read, all others are computed;
 * targets themselves are computed always. Undefined where an expression grows too large or a view can't be written.
 */
export function bodyOf(
  values: Values,
  targets: readonly ValueId[],
  inMemory: (root: ValueId) => boolean,
): Body | undefined {
  const leaves: Leaf[] = [];
  const indices = new Map<string, number>();
  const nodes = new Set<ValueId>();
  const known = new Map<string, Sized | undefined>();
  const inside = new Set(targets);

  const read = (leaf: Leaf): Sized => {
    const key = `${leaf.root}:${viewKey(leaf.view)}`;
    let index = indices.get(key);
    if (index === undefined) {
      index = leaves.push(leaf) - 1;
      indices.set(key, index);
    }
    return { expression: { op: "input", index }, size: 1 };
  };
  const build = (root: ValueId, view: View): Sized | undefined => {
    const pointwise = values.pointwise(root);
    if (pointwise === undefined || (!inside.has(root) && inMemory(root))) return read({ root, view });
    const key = `${root}:${viewKey(view)}`;
    if (known.has(key)) return known.get(key);
    const result = compute(root, view);
    known.set(key, result);
    return result;
  };
  const compute = (root: ValueId, view: View): Sized | undefined => {
    nodes.add(root);
    const { expression, operands } = values.pointwise(root)!;
    const parts: Sized[] = [];
    for (const operand of operands) {
      const seen = refine(view, operand.axes);
      const part = seen && build(operand.value, seen);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    const whole = substitute(expression, (index) => parts[index]!.expression);
    const size = sizeOfTree(expression, (index) => parts[index]!.size);
    return size > LARGEST ? undefined : { expression: whole, size };
  };

  const expressions: Expression[] = [];
  for (const target of targets) {
    const built = build(target, wholeView(values.size(target)));
    if (built === undefined) return undefined;
    expressions.push(built.expression);
  }
  return { expressions, leaves, nodes: [...nodes] };
}

interface Sized {
  readonly expression: Expression;
  /** Operations, counted as a tree. */
  readonly size: number;
}

function sizeOfTree(e: Expression, input: (index: number) => number): number {
  if (e.op === "input") return input(e.index);
  return operandsOf(e).reduce((sum, part) => sum + sizeOfTree(part, input), 1);
}
