/** Whole plans against the limits of WebGPU: what could not run is said when a program is compiled, by layer. */
import { BcosError, type Diagnostic } from "../../../diagnostics/diagnostic.ts";
import type { KernelLaunch, Plan } from "../../plan/plan.ts";
import type { GpuKernel } from "./kernel.ts";
import { checkLimits, defaultLimits } from "./limits.ts";

/** Plans that go beyond the limits. */
export class PlanTooLarge extends BcosError {
  /** The largest batch with which they would not. Undefined where the batch is not what is too large. */
  readonly fittingBatch: number | undefined;

  constructor(found: readonly PlanExcess[]) {
    super(found.map((excess) => excess.diagnostic));
    const batches = found.map((excess) => excess.fittingBatch);
    this.fittingBatch = batches.reduce((least, batch) =>
      least === undefined || batch === undefined ? undefined : Math.min(least, batch),
    );
  }
}

export interface PlanExcess {
  readonly diagnostic: Diagnostic;
  /** The largest batch that would fit where the batch is what is too large. */
  readonly fittingBatch: number | undefined;
}

/** At most one a layer: the one that takes the smallest batch. */
export function checkPlanLimits(plan: Plan, kernels: ReadonlyMap<string, GpuKernel>): readonly PlanExcess[] {
  const found = new Map<string, PlanExcess>();
  for (const launch of plan.launches) {
    if (launch.kind !== "kernel") continue;
    const problem = checkLimits(kernels.get(launch.kernel)!, launch);
    if (problem === undefined) continue;
    const batch = fittingBatch(plan, launch);
    const before = found.get(launch.path);
    if (before !== undefined && (before.fittingBatch ?? 0) <= (batch ?? 0)) continue;
    const hints = batch === undefined ? [] : [`a batch of ${batch} would fit`];
    found.set(launch.path, { diagnostic: { ...problem, hints: [...hints, ...problem.hints] }, fittingBatch: batch });
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
