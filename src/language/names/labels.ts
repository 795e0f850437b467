/** The labels of a declaration, and which of them can not be equal: those that are parts of weight paths side by side. */
import type { Declaration, Flow, Label, Step } from "../../compiler/syntax/ast.ts";

export interface LabelPlace {
  readonly label: Label;
  readonly step: Step;
  /** The innermost labelled `repeat` around it, under whose path its own stands. */
  readonly under: Step | undefined;
  /** The branches that lead to it. */
  readonly branches: readonly { readonly of: object; readonly then: boolean }[];
}

/** In source order. */
export function labelPlaces(declaration: Declaration): LabelPlace[] {
  const found: LabelPlace[] = [];
  type Way = Pick<LabelPlace, "under" | "branches">;

  const branch = (way: Way, of: object, then: boolean): Way => ({
    ...way,
    branches: [...way.branches, { of, then }],
  });

  function visitFlow(flow: Flow, way: Way): void {
    switch (flow.kind) {
      case "pipe":
        visitFlow(flow.source, way);
        return visitSteps(flow.steps, way);
      case "join":
        visitFlow(flow.left, way);
        return visitFlow(flow.right, way);
      case "concat":
        return flow.parts.forEach((part) => visitFlow(part, way));
      case "if":
        visitFlow(flow.then, branch(way, flow, true));
        return visitFlow(flow.else, branch(way, flow, false));
      case "reference":
      case "missing":
        return;
      default:
        return flow satisfies never;
    }
  }

  function visitSteps(steps: readonly Step[], way: Way): void {
    for (const step of steps) {
      const label = step.kind === "call" || step.kind === "repeat" ? step.label : undefined;
      if (label !== undefined) found.push({ label, step, ...way });
      if (step.kind === "repeat") visitSteps(step.steps, label === undefined ? way : { ...way, under: step });
      if (step.kind !== "if") continue;
      visitSteps(step.then, branch(way, step, true));
      visitSteps(step.else, branch(way, step, false));
    }
  }

  for (const { flow } of declaration.bindings) visitFlow(flow, { under: undefined, branches: [] });
  return found;
}

/** Whether both labels are parts of paths of one network at one level: not so in the two branches of an `if`. */
export function meetsOnOneWay(a: LabelPlace, b: LabelPlace): boolean {
  if (a.under !== b.under) return false;
  return !a.branches.some(({ of, then }) => b.branches.some((other) => other.of === of && other.then !== then));
}
