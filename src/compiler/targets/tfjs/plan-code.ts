/** Everything that a device `tfjs:BACKEND` needs for the graphs of a program: a plan each. */
import type { Graph } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import type { TfjsPlanTarget } from "./backends.ts";
import { createTfjsPlan } from "./create-plan.ts";
import type { TfjsCode, TfjsPlan } from "./plan.ts";

export function createTfjsCode(
  graphs: Readonly<Partial<Record<GraphName, Graph>>>,
  batch: number,
  backend: TfjsPlanTarget,
): TfjsCode {
  const plans: Partial<Record<GraphName, TfjsPlan>> = {};
  for (const [name, graph] of Object.entries(graphs) as [GraphName, Graph][]) {
    plans[name] = createTfjsPlan(graph, backend, { name, batch });
  }
  return { backend, plans };
}
