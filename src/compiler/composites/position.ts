/** Fixed position embeddings: amounts that depend on the place alone, so that no explanation can attribute them. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";

/**
 * x [N,H,W,D] plus [sin(u·ω), cos(u·ω), sin(v·ω), cos(v·ω)] of the column u and the row v, with D/4 frequencies
 * ωₖ = temperature^(−k / (D/4 − 1)): the embedding of simple ViTs (Beyer et al. 2022). D is a multiple of 4, at least 8.
 */
export function addPositions(graph: GraphBuilder, x: ValueId, temperature: number, name: string): ValueId {
  const [, height = 1, width = 1, channels = 1] = graph.shapeOf(x);
  const count = channels / 4;
  const frequencies = Array.from({ length: count }, (_, k) => temperature ** (-k / (count - 1)));
  const waves = (at: number): number[] => [Math.sin, Math.cos].flatMap((wave) => frequencies.map((f) => wave(at * f)));
  const none = new Array<number>(channels / 2).fill(0);
  // A column and a row have disjoint halves of the channels: two small tables make the sum.
  const columns = Array.from({ length: width }, (_, u) => [...waves(u), ...none]).flat();
  const rows = Array.from({ length: height }, (_, v) => [...none, ...waves(v)]).flat();
  const placed = g.shift(graph, name, x, g.constant(graph, columns, [width, channels]));
  return g.shift(graph, name, placed, g.constant(graph, rows, [height, 1, channels]));
}
