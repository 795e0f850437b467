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
  return [...nodes, ...duplicateLeaves(graph), ...nameProblems(graph)];
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

function nameProblems(graph: Graph): readonly GraphProblem[] {
  const problems: GraphProblem[] = [];
  const kinds = { output: graph.outputs, update: graph.updates, tap: graph.taps };
  for (const [kind, values] of Object.entries(kinds)) {
    for (const [name, value] of Object.entries(values)) {
      if (!isValue(graph, value)) problems.push({ message: `${kind} ${name}: there is no value %${value}` });
    }
  }
  for (const [path, value] of Object.entries(graph.updates)) {
    const old = graph.nodes.find((node) => node.op === "state" && node.attributes.path === path);
    const updated = graph.nodes[value];
    if (old === undefined || updated === undefined || sameShape(old.shape, updated.shape)) continue;
    problems.push({
      message: `update ${path}: %${value} has shape ${formatShape(updated.shape)}, the state ${formatShape(old.shape)}`,
    });
  }
  return problems;
}

function isValue(graph: Graph, value: ValueId): boolean {
  return Number.isInteger(value) && value >= 0 && value < graph.nodes.length;
}

function isShape(shape: Shape): boolean {
  return Array.isArray(shape) && shape.every((d) => Number.isSafeInteger(d) && d >= 0);
}
