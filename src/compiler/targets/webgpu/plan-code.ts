/** Everything that the WebGPU device needs for the graphs of a program: plans, and the kernels that they launch. */
import type { Graph } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import { createPlan } from "../../plan/create-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import type { GpuKernel } from "./kernel.ts";
import { checkPlanLimits, PlanTooLarge, type PlanExcess } from "./plan-limits.ts";
import { gpuTarget } from "./recipe-table.ts";

/** Plain data: text and numbers. */
export interface WebgpuCode {
  /** By the names that the launches of the plans have for them. */
  readonly kernels: Readonly<Record<string, GpuKernel>>;
  readonly plans: Readonly<Partial<Record<GraphName, Plan>>>;
}

export interface WebgpuOptions {
  /** Default true. Without fusion every operation is a launch of its own. */
  readonly fuse?: boolean;
}

/** Throws a `PlanTooLarge`, with `limit/webgpu` for every layer that goes beyond what each WebGPU device has. */
export function createWebgpuCode(
  graphs: Readonly<Partial<Record<GraphName, Graph>>>,
  batch: number,
  options: WebgpuOptions = {},
): WebgpuCode {
  const plans: Partial<Record<GraphName, Plan>> = {};
  const kernels: Record<string, GpuKernel> = {};
  const problems: PlanExcess[] = [];
  for (const [name, graph] of Object.entries(graphs) as [GraphName, Graph][]) {
    const created = createPlan(graph, gpuTarget, { name, batch, ...options });
    problems.push(...checkPlanLimits(created.plan, created.kernels));
    plans[name] = created.plan;
    for (const [kernelName, kernel] of created.kernels) kernels[kernelName] = kernel;
  }
  if (problems.length > 0) throw new PlanTooLarge(problems);
  return { kernels, plans };
}
