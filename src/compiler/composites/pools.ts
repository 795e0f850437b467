/** Averages over windows: linear, so they explain themselves. */
import type { GraphBuilder } from "../graph/builder.ts";
import { sizeOf, type ConvAttributes, type ValueId, type WindowAttributes } from "../graph/graph.ts";

/** x [N,H,W,C] → [N,H',W',C]. Zeros of the padding count in the divisor. */
export function averageWindow(graph: GraphBuilder, x: ValueId, window: WindowAttributes): ValueId {
  const sum = graph.emit("window_sum", [x], window);
  const share = 1 / sizeOf(window.kernel);
  return share === 1 ? sum : graph.emit("mul", [sum, graph.emit("constant", [], { values: [share] }, [1])], {});
}

/** x [N,...,C] → [N,C]: the mean over all that lies between. */
export function globalAverage(graph: GraphBuilder, x: ValueId): ValueId {
  const shape = graph.shapeOf(x);
  const axes = shape.map((_, i) => i).slice(1, -1);
  const mean = graph.emit("reduce_mean", [x], { axes });
  return graph.emit("reshape", [mean], { shape: [shape[0] ?? 1, shape.at(-1) ?? 1] });
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
  const filter = graph.emit("constant", [], { values }, [1, side, side, 1]);
  const all = graph.emit("broadcast", [filter], { shape: [channels, side, side, 1] });
  return graph.emit("conv2d", [x, all], { ...window, dilation: [1, 1], groups: channels });
}

/** [1, 2, 1] / 4 for 3. */
function binomial(side: number): number[] {
  let row = [1];
  while (row.length < side) row = [...row, 0].map((a, i) => (a + (row[i - 1] ?? 0)) / 2);
  return row;
}
