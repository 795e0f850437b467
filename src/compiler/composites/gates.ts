/** Products in which one factor decides how much of the other passes: the deciding one is a dynamic factor. */
import type { GraphBuilder } from "../graph/builder.ts";
import type { ValueId } from "../graph/graph.ts";

/** x · Φ(x), Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016, the exact form). */
export function geluGate(graph: GraphBuilder, x: ValueId): ValueId {
  const scaled = graph.emit("mul", [x, constant(graph, Math.SQRT1_2)], {});
  const half = constant(graph, 0.5);
  const phi = graph.emit("add", [graph.emit("mul", [graph.emit("erf", [scaled], {}), half], {}), half], {});
  return gated(graph, x, phi);
}

/** x · sigmoid(x) */
export function siluGate(graph: GraphBuilder, x: ValueId): ValueId {
  return gated(graph, x, graph.emit("sigmoid", [x], {}));
}

/** x · gate, with the gate as a dynamic factor. Shapes broadcast. */
export function gated(graph: GraphBuilder, x: ValueId, gate: ValueId): ValueId {
  return graph.emit("mul", [x, graph.emit("dynamic", [gate], {})], {});
}

/** A value that explanations carry as the constant part `name`, because no linear map of the input gives it. */
export function unattributed(graph: GraphBuilder, value: ValueId, name: string): ValueId {
  const zeros = graph.emit("constant", [], { values: [0] }, graph.shapeOf(value));
  return graph.emit("shift", [zeros, value], { name });
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

function constant(graph: GraphBuilder, value: number): ValueId {
  return graph.emit("constant", [], { values: [value] }, [1]);
}
