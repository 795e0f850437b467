/** Products in which one factor decides how much of the other passes: the deciding one is a dynamic factor. */
import * as g from "../graph/build.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";

/** x · Φ(x), Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016, the exact form). */
export function geluGate(graph: GraphBuilder, x: ValueId): ValueId {
  const error = g.erf(graph, g.times(graph, x, Math.SQRT1_2));
  return gated(graph, x, g.plus(graph, g.times(graph, error, 0.5), 0.5));
}

/** x · sigmoid(x) */
export function siluGate(graph: GraphBuilder, x: ValueId): ValueId {
  return gated(graph, x, g.sigmoid(graph, x));
}

/** x · gate, with the gate as a dynamic factor. Shapes broadcast. */
export function gated(graph: GraphBuilder, x: ValueId, gate: ValueId): ValueId {
  return g.mul(graph, x, g.dynamic(graph, gate));
}

/** A value that explanations carry as the constant part `name`, because no linear map of the input gives it. */
export function unattributed(graph: GraphBuilder, value: ValueId, name: string): ValueId {
  return g.shift(graph, name, g.filled(graph, 0, graph.shapeOf(value)), value);
}

/** Whether a value is a sigmoid, seen through changes of form: such a factor of a product is its gate. */
export function isSigmoid(graph: GraphBuilder, value: ValueId): boolean {
  const node = graph.node(value);
  switch (node.op) {
    case "sigmoid":
      return true;
    case "shift":
      return isSigmoid(graph, node.inputs[1] ?? value);
    case "reshape":
    case "broadcast":
    case "upsample": {
      const [input] = node.inputs;
      return input !== undefined && isSigmoid(graph, input);
    }
    default:
      return false;
  }
}
