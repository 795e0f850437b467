/** Everything that the WebGPU device needs for the graphs of a program: plans, and the kernels that they launch. */
import type { Graph } from "../../graph/graph.ts";
import type { GraphName } from "../../graph/program.ts";
import { createPlan } from "../../plan/create-plan.ts";
import { createMadeKernels } from "../../plan/lowering.ts";
import type { Plan } from "../../plan/plan.ts";
import type { StorageType } from "../../plan/storage.ts";
import type { GpuKernel } from "./kernel.ts";
import { defaultLimits } from "./limits.ts";
import { checkPlanLimits, PlanTooLarge, type PlanExcess } from "./plan-limits.ts";
import { gpuTarget } from "./recipe-table.ts";
import { splitWeights, type WeightParts } from "./split-weights.ts";

/** Plain data: text and numbers. */
export interface WebgpuCode {
  /** By the names that the launches of the plans have for them. */
  readonly kernels: Readonly<Record<string, GpuKernel>>;
  readonly plans: Readonly<Partial<Record<GraphName, Plan>>>;
  /** What activations and prepared weights are kept in; absent it is `f32`. `f16` needs an adapter with `shader-f16`. */
  readonly storage?: StorageType;
  /** Weights that the plans have in parts, because they are larger than one binding may be. Absent where there are none. */
  readonly parts?: WeightParts;
}

export interface WebgpuOptions {
  /** Default true. Without fusion every operation is a launch of its own. */
  readonly fuse?: boolean;
  /** What activations and prepared weights are kept in. Default f32. `f16` not with the graph `train`. */
  readonly storage?: StorageType;
  /** Bytes of weights that may be in one buffer. Default: what every device has, 128 MiB. */
  readonly mostWeightBytes?: number;
}

/** Throws a `PlanTooLarge`, with `limit/webgpu` for every layer that goes beyond what each WebGPU device has. */
export function createWebgpuCode(
  graphs: Readonly<Partial<Record<GraphName, Graph>>>,
  batch: number,
  options: WebgpuOptions = {},
): WebgpuCode {
  const { storage, mostWeightBytes = defaultLimits.bindingBytes, ...planned } = options;
  const { graphs: split, parts } = splitWeights(graphs, mostWeightBytes);
  const plans: Partial<Record<GraphName, Plan>> = {};
  const kernels: Record<string, GpuKernel> = {};
  const problems: PlanExcess[] = [];
  const made = createMadeKernels<GpuKernel>();
  for (const [name, graph] of Object.entries(split) as [GraphName, Graph][]) {
    const created = createPlan(graph, gpuTarget, { name, batch, made, ...planned, ...(storage && { storage }) });
    problems.push(...checkPlanLimits(created.plan, created.kernels));
    plans[name] = created.plan;
    for (const [kernelName, kernel] of created.kernels) kernels[kernelName] = kernel;
  }
  if (problems.length > 0) throw new PlanTooLarge(problems);
  return {
    kernels,
    plans,
    ...(storage === "f16" ? { storage } : {}),
    ...(Object.keys(parts).length > 0 ? { parts } : {}),
  };
}
