/** Shapes in words, and what a shape statement means. */
import type { Shape } from "../graph/graph.ts";
import type { Port, ShapeExpression } from "../syntax/ast.ts";
import type { Constant } from "./constants.ts";
import { evaluate, type Environment, type EvaluationContext } from "./evaluate-expression.ts";
import { isSymbol } from "./scopes.ts";

/** `[56, 56, 64]` */
export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}

const axisNames: Readonly<Record<number, readonly string[]>> = {
  1: ["features"],
  2: ["tokens", "features"],
  3: ["height", "width", "channels"],
};

/** How `a` differs from `b`: `channels 128 ≠ 64, height 28 ≠ 56`; the channels first. */
export function differences(a: Shape, b: Shape): string {
  if (a.length !== b.length) return `${axes(a.length)} ≠ ${axes(b.length)}`;
  const names = axisNames[a.length] ?? a.map((_, i) => `axis ${i}`);
  const found = a.flatMap((size, i) => (size === b[i] ? [] : [`${names[i]} ${size} ≠ ${b[i]}`]));
  const last = a.length - 1;
  return (a[last] === b[last] ? found : [found.at(-1)!, ...found.slice(0, -1)]).join(", ");
}

function axes(count: number): string {
  return count === 1 ? "1 axis" : `${count} axes`;
}

/** The sizes that a shape statement gives; `undefined` for those that are unknown. Reports sizes below 1. */
export function evaluateShape(
  context: EvaluationContext,
  environment: Environment,
  shape: ShapeExpression,
): (number | undefined)[] {
  if (context.faulty.has(shape)) return [undefined];
  return shape.dimensions.map((dimension) => {
    const value = evaluate(context, environment, dimension);
    if (value?.kind !== "int") return undefined;
    if (value.value >= 1) return value.value;
    context.report(dimension.span, "shape/dimension", { found: value.value });
    return undefined;
  });
}

/** Whether a value may have the stated sizes; unknown ones fit everything. */
export function fits(stated: readonly (number | undefined)[], shape: Shape): boolean {
  return stated.length === shape.length && stated.every((size, i) => size === undefined || size === shape[i]);
}

/** Stated sizes for a message; an unknown one as it is in `shape`. */
export function filled(stated: readonly (number | undefined)[], shape: Shape): number[] {
  return stated.map((size, i) => size ?? shape[i] ?? 0);
}

export interface Conflict {
  readonly name: string;
  readonly first: number;
  readonly second: number;
}

/**
 * Binds the dimension symbols of a block's input to the sizes of a value: the names in it that the environment does not
 * have. A symbol that stands twice must be of one size; where it is not, that conflict comes back.
 */
export function bindSymbols(
  environment: Map<string, Constant | undefined>,
  port: Port,
  shape: Shape,
): Conflict | undefined {
  const bound = new Map<string, number>();
  for (const [i, dimension] of port.shape.dimensions.entries()) {
    const size = shape[i];
    if (dimension.kind !== "name" || size === undefined) continue;
    const { name } = dimension;
    const first = bound.get(name);
    if (first !== undefined && first !== size) return { name, first, second: size };
    if (first !== undefined || environment.has(name) || !isSymbol(name)) continue;
    bound.set(name, size);
    environment.set(name, { kind: "int", value: size });
  }
  return undefined;
}
