import type { PlanState } from "./groups.ts";
import type { AppliedRule } from "./plan.ts";
export function fuse(_state: PlanState): readonly AppliedRule[] {
  return [];
}
