/** An image cut into patches. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";

/** [N,H,W,C] → [N,H/h,W/w,h·w·C]: the pixels of each h × w patch, row by row, the channels of a pixel side by side. */
export function cutPatches(graph: GraphBuilder, x: ValueId, [h, w]: readonly [number, number]): ValueId {
  const [batch = 1, height = 1, width = 1, channels = 1] = graph.shapeOf(x);
  const split = g.reshape(graph, x, [batch, height / h, h, width / w, w, channels]);
  const turned = g.transpose(graph, split, [0, 1, 3, 2, 4, 5]);
  return g.reshape(graph, turned, [batch, height / h, width / w, h * w * channels]);
}
