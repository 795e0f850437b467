/** Composite operations written out where their parts fuse better than they do whole, and shared with what is equal. */
import { add, div, scalar, sqrt, square, sum } from "../graph/build.ts";
import type { Graph } from "../graph/graph.ts";
import { rewrite } from "../graph/passes/rewrite.ts";
import { shareNodes } from "../graph/passes/share.ts";

/**
 * - unit_rows: rows over their norms. The norms are those that the gradient needs, too.
 * - row_norm: a reduction that finishes with a square root.
 */
export function toNormalForm(graph: Graph): Graph {
  const written = rewrite(graph, (b, node) => {
    const [x] = node.inputs;
    if (x === undefined) return undefined;
    const shape = b.shapeOf(x);
    const lengths = (axes: readonly number[]) => sqrt(b, sum(b, square(b, x), axes));
    if (node.op === "unit_rows") {
      return div(b, x, lengths(shape.slice(1).map((_, i) => i + 1)));
    }
    if (node.op === "row_norm") {
      return add(b, lengths([shape.length - 1]), scalar(b, node.attributes.epsilon));
    }
    return undefined;
  });
  return shareNodes(written);
}
