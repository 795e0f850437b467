/** Averages over windows: linear, so they explain themselves. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { sizeOf, type ConvAttributes, type ValueId, type WindowAttributes } from "../graph/graph.ts";

/** x [N,H,W,C] → [N,H',W',C]. Zeros of the padding count in the divisor. */
export function averageWindow(graph: GraphBuilder, x: ValueId, window: WindowAttributes): ValueId {
  const size = sizeOf(window.kernel);
  const sum = g.windowSum(graph, x, window);
  return size === 1 ? sum : g.times(graph, sum, 1 / size);
}

/** x [N,...,C] → [N,C]: the mean over all that lies between. */
export function globalAverage(graph: GraphBuilder, x: ValueId): ValueId {
  const shape = graph.shapeOf(x);
  const mean = g.mean(graph, x, g.allAxes(graph, x).slice(1, -1));
  return g.reshape(graph, mean, [shape[0] ?? 1, shape.at(-1) ?? 1]);
}

/** Convolution of every channel with a binomial filter of the given side whose sum is 1. x [N,H,W,C] → [N,H',W',C]. */
export function blurWindow(
  graph: GraphBuilder,
  x: ValueId,
  side: number,
  window: Pick<ConvAttributes, "stride" | "padding">,
): ValueId {
  const channels = graph.shapeOf(x).at(-1) ?? 1;
  const row = binomial(side);
  const values = row.flatMap((a) => row.map((b) => a * b));
  const filter = g.broadcast(graph, g.constant(graph, values, [1, side, side, 1]), [channels, side, side, 1]);
  return g.conv2d(graph, x, filter, { ...window, dilation: [1, 1], groups: channels });
}

/** [1, 2, 1] / 4 for 3. */
function binomial(side: number): number[] {
  let row = [1];
  while (row.length < side) row = [...row, 0].map((a, i) => (a + (row[i - 1] ?? 0)) / 2);
  return row;
}
