/** Scaled dot-product attention (Vaswani et al. 2017). The attention matrix is a dynamic factor (Böhle et al. 2024). */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";

/**
 * softmax(q kᵀ / √d) v of each head. x [N,T,3D] has the queries, keys and values of a token one after the other, each with
 * `heads` runs of d = D/heads channels → [N,T,D].
 */
export function attend(graph: GraphBuilder, x: ValueId, heads: number): ValueId {
  const [batch = 1, tokens = 1, channels = 1] = graph.shapeOf(x);
  const depth = channels / (3 * heads);
  const split = g.reshape(graph, x, [batch, tokens, 3, heads, depth]);
  // [3,N,heads,T,d]: each of the three lies in one piece.
  const turned = g.transpose(graph, split, [2, 0, 3, 1, 4]);
  const part = (i: number): ValueId => {
    const one = g.slice(graph, turned, [i, 0, 0, 0, 0], [1, batch, heads, tokens, depth]);
    return g.reshape(graph, one, [batch, heads, tokens, depth]);
  };
  const scores = g.times(graph, g.matmul(graph, part(0), part(1), { b: true }), 1 / Math.sqrt(depth));
  const matrix = g.dynamic(graph, g.softmax(graph, scores, 3));
  const mixed = g.transpose(graph, g.matmul(graph, matrix, part(2)), [0, 2, 1, 3]);
  return g.reshape(graph, mixed, [batch, tokens, channels / 3]);
}
