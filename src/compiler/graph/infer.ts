/** The shape of a node's value, by the rule of its op. */
import type { OpAttributes, OpKind, Shape } from "./graph.ts";
import { sameShape } from "./graph.ts";
import type { Arity } from "./ops/definition.ts";
import { formatShape } from "./ops/shapes.ts";
import { definitionOf } from "./ops/table.ts";

/** Throws an `Error` that starts with the op's name. `given` is the stated shape, which has to agree. */
export function inferShape(
  op: OpKind,
  inputs: readonly Shape[],
  attributes: OpAttributes[OpKind],
  given?: Shape,
): Shape {
  const definition = definitionOf(op);
  if (!fits(inputs.length, definition.arity)) {
    throw new Error(`${op}: ${inputs.length} inputs, needs ${describeArity(definition.arity)}`);
  }
  let shape: Shape;
  try {
    shape = definition.shape(inputs, attributes, given);
  } catch (error) {
    throw new Error(`${op}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (given !== undefined && !sameShape(given, shape)) {
    throw new Error(`${op}: the result has shape ${formatShape(shape)}, stated is ${formatShape(given)}`);
  }
  return shape;
}

function fits(count: number, arity: Arity): boolean {
  return typeof arity === "number" ? count === arity : count >= arity.min && count <= arity.max;
}

function describeArity(arity: Arity): string {
  if (typeof arity === "number") return `${arity}`;
  return arity.max === Infinity ? `${arity.min} or more` : `${arity.min} to ${arity.max}`;
}
