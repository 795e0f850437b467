/** Whole plans against the limits of WebGPU: what could not run is said when a program is compiled, by layer. */
import type { Diagnostic } from "../../../diagnostics/diagnostic.ts";
import type { KernelLaunch, Plan } from "../../plan/plan.ts";
import type { GpuKernel } from "./kernel.ts";
import { checkLimits, defaultLimits } from "./limits.ts";

/** A diagnostic a layer, with the largest batch that would fit where the batch is what is too large. */
export function checkPlanLimits(plan: Plan, kernels: ReadonlyMap<string, GpuKernel>): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const launch of plan.launches) {
    if (launch.kind !== "kernel" || found.has(launch.path)) continue;
    const problem = checkLimits(kernels.get(launch.kernel)!, launch);
    if (problem === undefined) continue;
    const fitting = fittingBatch(plan, launch);
    const hints = fitting === undefined ? [] : [`a batch of ${fitting} would fit`];
    found.set(launch.path, { ...problem, hints: [...hints, ...problem.hints] });
  }
  return [...found.values()];
}

/** Tensors grow with the batch, weights do not. */
function fittingBatch(plan: Plan, launch: KernelLaunch): number | undefined {
  const sizes = launch.sizes!.filter((_, i) => launch.buffers[i]!.kind === "slot");
  const batch = Math.floor((plan.batch * defaultLimits.bindingBytes) / Math.max(1, ...sizes));
  const state = launch.sizes!.some(
    (bytes, i) => launch.buffers[i]!.kind === "state" && bytes > defaultLimits.bindingBytes,
  );
  return batch >= 1 && batch < plan.batch && !state ? batch : undefined;
}
