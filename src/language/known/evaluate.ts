/** Values of compile-time expressions in an instance of the block or model that they stand in. */
import type { Constant } from "../../compiler/check/constants.ts";
import { evaluate, type EvaluationContext } from "../../compiler/check/evaluate-expression.ts";
import type { Instance } from "../../compiler/check/instances.ts";
import type { Expression, ShapeExpression } from "../../compiler/syntax/ast.ts";

/** What is wrong with an expression is the checker's to say. */
const silent: EvaluationContext = { faulty: new Set(), report: () => undefined };

/** `undefined` where it is not known: the expression has an error, or depends on the `index` of a `repeat`. */
export function evaluateIn(instance: Instance, expression: Expression): Constant | undefined {
  return evaluate(silent, instance.values, expression);
}

/** `undefined` where a size is not known. */
export function evaluateShapeIn(instance: Instance, { dimensions }: ShapeExpression): readonly number[] | undefined {
  const sizes = dimensions.map((dimension) => {
    const size = evaluateIn(instance, dimension);
    return size?.kind === "int" ? size.value : undefined;
  });
  return sizes.every((size) => size !== undefined) ? sizes : undefined;
}
