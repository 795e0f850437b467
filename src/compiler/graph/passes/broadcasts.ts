/** Drops `broadcast` in front of ops that broadcast by themselves, where the result keeps its shape. */
import type { Graph, OpKind, ValueId } from "../graph.ts";
import { sameShape } from "../graph.ts";
import { broadcastShapes } from "../ops/shapes.ts";
import { rewrite, shapesOf } from "./rewrite.ts";

const broadcastingOps: ReadonlySet<OpKind> = new Set(["add", "sub", "mul", "div", "max", "min", "greater", "select"]);

export function dropBroadcasts(graph: Graph): Graph {
  return rewrite(graph, (b, node) => {
    if (!broadcastingOps.has(node.op)) return undefined;
    // One input after the other: somebody has to keep the result's full shape.
    const inputs: ValueId[] = [...node.inputs];
    inputs.forEach((input, i) => {
      const source = b.node(input);
      if (source.op !== "broadcast") return;
      const smaller = inputs.with(i, source.inputs[0]!);
      if (sameShape(broadcastShapes(shapesOf(b, smaller)), node.shape)) inputs[i] = source.inputs[0]!;
    });
    return sameShape(inputs, node.inputs) ? undefined : b.emit(node.op, inputs, node.attributes);
  });
}
