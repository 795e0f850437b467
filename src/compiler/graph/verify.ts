/** The verifier: everything a graph promises, checked again. Runs between passes and in tests; it never throws itself. */
import { leafKey } from "./builder.ts";
import type { Graph, Node, Shape, ValueId } from "./graph.ts";
import { sameShape } from "./graph.ts";
import { inferShape } from "./infer.ts";
import { formatShape } from "./ops/shapes.ts";
import { isOpKind } from "./ops/table.ts";

export interface GraphProblem {
  /** Index of the node; absent for findings about outputs, updates and taps. */
  readonly node?: ValueId;
  readonly message: string;
}

/** All that is wrong with the graph; empty for a sound one. */
export function verify(graph: Graph): readonly GraphProblem[] {
  const nodes = graph.nodes.flatMap((node, value) => {
    const message = nodeProblem(graph, node, value);
    return message === undefined ? [] : [{ node: value, message }];
  });
  const names = danglingNames(graph);
  // The other checks read fields that have to be sound first.
  if (nodes.length > 0 || names.length > 0) return [...nodes, ...names];
  return [...duplicateLeaves(graph), ...updateShapes(graph)];
}

/** Throws an `Error` that lists all problems; `stage` says after what. */
export function assertSound(graph: Graph, stage: string): void {
  const problems = verify(graph);
  if (problems.length === 0) return;
  const lines = problems.map(({ node, message }) => (node === undefined ? `  ${message}` : `  %${node}: ${message}`));
  throw new Error(`graph ${graph.name} is broken after ${stage}:\n${lines.join("\n")}`);
}

function nodeProblem(graph: Graph, node: Node, value: ValueId): string | undefined {
  if (!isOpKind(node.op)) return `there is no op ${JSON.stringify((node as Node).op)}`;
  if (typeof node.attributes !== "object" || node.attributes === null) return "its attributes are missing";
  if (!Array.isArray(node.inputs)) return "its inputs are not a list";
  for (const input of node.inputs) {
    if (!isValue(graph, input)) return `its input %${input} does not exist`;
    if (input >= value) return `its input %${input} is not computed before it`;
  }
  if (!isShape(node.shape)) return `its shape ${JSON.stringify(node.shape)} is not a list of lengths`;
  try {
    inferShape(
      node.op,
      node.inputs.map((input) => graph.nodes[input]!.shape),
      node.attributes,
      node.shape,
    );
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A fed or stored tensor is one value: two nodes for it could be given two shapes, or be updated apart. */
function duplicateLeaves(graph: Graph): readonly GraphProblem[] {
  const seen = new Map<string, ValueId>();
  return graph.nodes.flatMap((node, value) => {
    const key = leafKey(node);
    if (key === undefined) return [];
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, value);
      return [];
    }
    return [{ node: value, message: `${key} is already %${first}` }];
  });
}

function danglingNames(graph: Graph): readonly GraphProblem[] {
  const kinds = { output: graph.outputs, update: graph.updates, tap: graph.taps };
  return Object.entries(kinds).flatMap(([kind, values]) =>
    Object.entries(values).flatMap(([name, value]) =>
      isValue(graph, value) ? [] : [{ message: `${kind} ${name}: there is no value %${value}` }],
    ),
  );
}

/** An update has the shape of the state tensor, as far as the graph reads that. */
function updateShapes(graph: Graph): readonly GraphProblem[] {
  const state = new Map(graph.nodes.flatMap((n) => (n.op === "state" ? [[n.attributes.path, n.shape] as const] : [])));
  return Object.entries(graph.updates).flatMap(([path, value]) => {
    const expected = state.get(path);
    const { shape } = graph.nodes[value]!;
    if (expected === undefined || sameShape(expected, shape)) return [];
    return [
      {
        message: `update ${path}: %${value} has shape ${formatShape(shape)}, the state ${formatShape(expected)}`,
      },
    ];
  });
}

function isValue(graph: Graph, value: ValueId): boolean {
  return Number.isInteger(value) && value >= 0 && value < graph.nodes.length;
}

function isShape(shape: Shape): boolean {
  return Array.isArray(shape) && shape.every((d) => Number.isSafeInteger(d) && d >= 0);
}
