/** Builds a graph node by node. Shapes are inferred and checked by the table in `ops/`; a misuse throws at once. */
import type { NodeOf, OpAttributes, OpKind, Origin, Shape, ValueId, Graph, Node } from "./graph.ts";
import { opTable } from "./ops/table.ts";

export interface GraphBuilder {
  /** Adds a node and returns its value. Throws an `Error` (a compiler bug, not a user's) where the shape rule objects. */
  emit<K extends OpKind>(op: K, inputs: readonly ValueId[], attributes: OpAttributes[K], shape?: Shape): ValueId;
  shapeOf(value: ValueId): Shape;
  node(value: ValueId): Node;
  /** Nodes so far. */
  readonly size: number;
  /** Nodes emitted inside `body` carry `origin`. */
  within<T>(origin: Origin, body: () => T): T;
  tap(path: string, value: ValueId): void;
  output(name: string, value: ValueId): void;
  update(path: string, value: ValueId): void;
  finish(): Graph;
}

export function createBuilder(name: string): GraphBuilder {
  void name;
  void opTable;
  throw new Error("not written yet");
}
export type { NodeOf };
