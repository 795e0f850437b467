/** Builds a graph node by node. Shapes are inferred and checked by the table in `ops/`; a misuse throws at once. */
import type { Graph, Node, OpAttributes, OpKind, Origin, Shape, ValueId } from "./graph.ts";
import { sameShape } from "./graph.ts";
import { inferShape } from "./infer.ts";

export interface GraphBuilder {
  /**
   * Adds a node and returns its value. Throws an `Error` (a compiler bug, not a user's) where the shape rule objects.
   * `shape` is needed for inputs, state and constants. An input or state tensor asked for again is the same value.
   */
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
  const nodes: Node[] = [];
  const named = new Map<string, ValueId>();
  const outputs = new Map<string, ValueId>();
  const updates = new Map<string, ValueId>();
  const taps = new Map<string, ValueId>();
  let origin: Origin | undefined;

  function node(value: ValueId): Node {
    const found = nodes[value];
    if (found === undefined) throw new Error(`graph ${name}: there is no value %${value}`);
    return found;
  }

  function put(kind: string, map: Map<string, ValueId>, key: string, value: ValueId): void {
    node(value);
    if (map.has(key)) throw new Error(`graph ${name}: two values for the ${kind} ${key}`);
    map.set(key, value);
  }

  /** The value of the input or state tensor of that name, if there is one already. */
  function existing(key: string, shape: Shape | undefined): ValueId | undefined {
    const found = named.get(key);
    if (found !== undefined && shape !== undefined && !sameShape(shape, node(found).shape)) {
      throw new Error(`graph ${name}: ${key} is used with two shapes, [${node(found).shape}] and [${shape}]`);
    }
    return found;
  }

  return {
    emit(op, inputs, attributes, given) {
      const key = leafKey({ op, attributes } as Pick<Node, "op" | "attributes">);
      const found = key === undefined ? undefined : existing(key, given);
      if (found !== undefined) return found;
      const shapes = inputs.map((value) => node(value).shape);
      const shape = inferShape(op, shapes, attributes, given);
      nodes.push({ op, attributes, inputs: [...inputs], shape, ...(origin && { origin }) } as Node);
      if (key !== undefined) named.set(key, nodes.length - 1);
      return nodes.length - 1;
    },
    shapeOf: (value) => node(value).shape,
    node,
    get size() {
      return nodes.length;
    },
    within(inner, body) {
      const outer = origin;
      origin = inner;
      try {
        return body();
      } finally {
        origin = outer;
      }
    },
    tap: (path, value) => put("tap", taps, path, value),
    output: (key, value) => put("output", outputs, key, value),
    update: (path, value) => put("update of", updates, path, value),
    finish: () => ({
      name,
      nodes: [...nodes],
      outputs: Object.fromEntries(outputs),
      updates: Object.fromEntries(updates),
      taps: Object.fromEntries(taps),
    }),
  };
}

/** Inputs and state tensors are known by name; other nodes have no key. */
export function leafKey(node: Pick<Node, "op" | "attributes">): string | undefined {
  const { op, attributes } = node as Node;
  if (op === "input") return `input ${attributes.name}`;
  if (op === "state") return `state ${attributes.path}`;
  return undefined;
}
