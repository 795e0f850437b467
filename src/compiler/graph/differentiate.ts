/** Reverse-mode differentiation: one walk from the seeds to what is asked for, by the gradient rules of the op table. */
import { add, unbroadcast } from "./build.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Node, ValueId } from "./graph.ts";
import { sameShape } from "./graph.ts";
import type { GradientMode } from "./ops/definition.ts";
import { definitionOf } from "./ops/table.ts";

/** Where the walk starts: a value and its cotangent, of the same shape. */
export interface Seed {
  readonly value: ValueId;
  readonly cotangent: ValueId;
}

/** A `shift` that the explanation met: ⟨cotangent, c broadcast⟩, per sample, is its constant part. */
export interface ReachedShift {
  readonly node: ValueId;
  readonly name: string;
  /** Of the shift's own shape (c, the shift's second input, may be smaller). */
  readonly cotangent: ValueId;
}

export interface Derivative {
  /** Parallel to `wrt`, each of its value's shape; undefined where nothing depends on the value. */
  readonly gradients: readonly (ValueId | undefined)[];
  /** In explain mode, last in the graph first. Empty in true mode. */
  readonly shifts: readonly ReachedShift[];
}

/**
 * Appends to the graph the pullback of the seeds' cotangents to `wrt`.
 *
 * In mode `explain` dynamic factors are constants, so that for a network without shifts between x and the seed value y
 * ⟨gradient, x⟩ = ⟨cotangent, y⟩: the gradient is W(x)ᵀ·v (Böhle et al. 2022, section 3). Every shift on the way adds
 * its ⟨cotangent, c⟩ to the left side.
 *
 * Throws an `Error` where a cotangent would have to pass an op that has no gradient rule.
 */
export function differentiate(
  builder: GraphBuilder,
  seeds: readonly Seed[],
  wrt: readonly ValueId[],
  mode: GradientMode,
): Derivative {
  const last = Math.max(-1, ...seeds.map((seed) => seed.value));
  const targets = new Set(wrt);
  const wanted = dependents(builder, last, targets, mode);
  const cotangents = new Map<ValueId, ValueId>();
  const shifts: ReachedShift[] = [];

  function accumulate(value: ValueId, cotangent: ValueId): void {
    const before = cotangents.get(value);
    cotangents.set(value, before === undefined ? cotangent : add(builder, before, cotangent));
  }

  for (const { value, cotangent } of seeds) {
    if (!sameShape(builder.shapeOf(value), builder.shapeOf(cotangent))) {
      throw new Error(
        `the cotangent of %${value} has shape [${builder.shapeOf(cotangent)}], not [${builder.shapeOf(value)}]`,
      );
    }
    accumulate(value, cotangent);
  }

  for (let value = last; value >= 0; value--) {
    const cotangent = cotangents.get(value);
    if (cotangent === undefined || !wanted[value]) continue;
    const node = builder.node(value);
    if (mode === "explain" && node.op === "shift") {
      shifts.push({ node: value, name: node.attributes.name, cotangent });
    }
    if (!node.inputs.some((input) => wanted[input])) continue;
    const step = (): void => {
      pull(builder, node, value, cotangent, mode).forEach((gradient, i) => {
        const input = node.inputs[i]!;
        if (gradient === undefined || !wanted[input]) return;
        accumulate(input, unbroadcast(builder, gradient, builder.shapeOf(input)));
      });
    };
    if (node.origin === undefined) step();
    else builder.within(node.origin, step);
  }
  return { gradients: wrt.map((value) => (wanted[value] ? cotangents.get(value) : undefined)), shifts };
}

/** For every value up to `last`: whether it is or depends on a target (or, for explanations, a shift). */
function dependents(
  builder: GraphBuilder,
  last: ValueId,
  targets: ReadonlySet<ValueId>,
  mode: GradientMode,
): readonly boolean[] {
  const wanted: boolean[] = [];
  for (let value = 0; value <= last; value++) {
    const { op, inputs } = builder.node(value);
    const itself = targets.has(value) || (mode === "explain" && op === "shift");
    wanted.push(itself || inputs.some((input) => wanted[input]));
  }
  return wanted;
}

function pull(
  builder: GraphBuilder,
  node: Node,
  output: ValueId,
  cotangent: ValueId,
  mode: GradientMode,
): readonly (ValueId | undefined)[] {
  const definition = definitionOf(node.op);
  if (definition.gradient === undefined) {
    throw new Error(`${node.op} (%${output}) has no gradient: ${definition.notDifferentiable}`);
  }
  const { inputs } = node;
  return definition.gradient({ graph: builder, node, inputs, output, cotangent, mode });
}
