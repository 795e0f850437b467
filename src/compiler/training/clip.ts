/**
 * Adaptive gradient clipping (Brock et al. 2021): the gradient of a unit is at most `factor` times as long as the
 * unit's weight.
 */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Shape, ValueId } from "../graph/graph.ts";

/** Keeps a zero gradient from dividing by zero. */
const smallestGradient = 1e-6;

/** weight and gradient of one shape, units along the first axis → the clipped gradient. */
export function clipUnitwise(
  graph: GraphBuilder,
  weight: ValueId,
  gradient: ValueId,
  factor: number,
  epsilon: number,
): ValueId {
  const axes = unitAxes(graph.shapeOf(weight));
  const length = (x: ValueId): ValueId => g.sqrt(graph, g.sum(graph, g.square(graph, x), axes));
  const allowed = g.times(graph, g.max(graph, length(weight), g.scalar(graph, epsilon)), factor);
  const actual = length(gradient);
  const shrunk = g.div(graph, allowed, g.max(graph, actual, g.scalar(graph, smallestGradient)));
  const within = g.greater(graph, allowed, actual);
  return g.mul(graph, gradient, g.select(graph, within, g.scalar(graph, 1), shrunk));
}

/**
 * The axes of one norm: all but the first, which counts the units. A tensor that is a vector but for axes of length 1 (a
 * norm's weight, a bias) is one unit.
 */
export function unitAxes(shape: Shape): readonly number[] {
  const all = shape.map((_, i) => i);
  return shape.filter((d) => d !== 1).length <= 1 ? all : all.slice(1);
}
