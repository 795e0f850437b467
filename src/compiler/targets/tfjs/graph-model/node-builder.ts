/** Collects the nodes of a graph model, with names of their own, and the numbers of its constants. */
import { sizeOf, type Shape } from "../../../../shape.ts";
import { constAttributes, type Attribute, type GraphNode } from "./graph-def.ts";

/** The numbers of a node `Const`, which stand in the weight files. */
export interface GraphWeight {
  readonly name: string;
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array;
}

export interface NodeBuilder {
  /** Adds a node and gives its name: `name`, or that with a number behind it where it is taken. */
  add(op: string, name: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>): string;
  /** A constant of floats. The same array is stored once. */
  floats(name: string, shape: Shape, data: Float32Array): string;
  /** A constant of one number; equal ones are one node. */
  filled(shape: Shape, value: number): string;
  /** A list of whole numbers, or with `shape` a table, for what TensorFlow takes as inputs: axes, sizes. Equal ones are one node. */
  integers(values: readonly number[], shape?: Shape): string;
  readonly nodes: readonly GraphNode[];
  readonly weights: readonly GraphWeight[];
}

export function createNodeBuilder(): NodeBuilder {
  const nodes: GraphNode[] = [];
  const weights: GraphWeight[] = [];
  const taken = new Map<string, number>();
  const shared = new Map<string, string>();
  const stored = new Map<Float32Array, string>();

  function freeName(wanted: string): string {
    const count = taken.get(wanted);
    if (count === undefined) {
      taken.set(wanted, 0);
      return wanted;
    }
    taken.set(wanted, count + 1);
    return freeName(`${wanted}_${count + 1}`);
  }

  function constant(wanted: string, shape: Shape, data: Float32Array | Int32Array): string {
    const name = freeName(wanted);
    nodes.push({
      name,
      op: "Const",
      attr: constAttributes(data instanceof Float32Array ? "DT_FLOAT" : "DT_INT32", shape),
    });
    weights.push({ name, shape, data });
    return name;
  }

  function once(key: string, make: () => string): string {
    const name = shared.get(key) ?? make();
    shared.set(key, name);
    return name;
  }

  const builder: NodeBuilder = {
    add(op, wanted, inputs, attr) {
      const name = freeName(wanted);
      nodes.push({ name, op, ...(inputs.length === 0 ? {} : { input: inputs }), attr });
      return name;
    },
    floats(name, shape, data) {
      const key = shape.join();
      const first = stored.get(data);
      if (first === undefined) {
        const made = constant(name, shape, data);
        stored.set(data, made);
        shared.set(`${made} as ${key}`, made);
        return made;
      }
      return once(`${first} as ${key}`, () =>
        builder.add("Reshape", name, [first, builder.integers(shape)], { T: { type: "DT_FLOAT" } }),
      );
    },
    filled: (shape, value) => {
      const sign = Object.is(value, -0) ? "-" : "";
      const make = (): string => constant("constants/filled", shape, new Float32Array(sizeOf(shape)).fill(value));
      return once(`filled ${shape.join()}: ${sign}${value}`, make);
    },
    integers: (values, shape = [values.length]) => {
      if (sizeOf(shape) !== values.length)
        throw new Error(`${values.length} whole numbers are not a table of ${shape.join()}`);
      return once(`integers ${shape.join()}: ${values.join()}`, () =>
        constant("constants/integers", shape, Int32Array.from(values)),
      );
    },
    nodes,
    weights,
  };
  return builder;
}

/** The nodes that are named and what they need, in the same order. */
export function neededNodes(nodes: readonly GraphNode[], names: Iterable<string>): readonly GraphNode[] {
  const needed = new Set(names);
  for (const { name, input = [] } of nodes.toReversed()) {
    if (needed.has(name)) for (const other of input) needed.add(other);
  }
  return nodes.filter(({ name }) => needed.has(name));
}
