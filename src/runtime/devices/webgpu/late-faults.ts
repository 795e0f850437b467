/** What WebGPU has against runs that nobody waited for: an error of the next call. */
import type { Plan } from "../../../compiler/plan/plan.ts";
import type { GpuFault } from "./error-scopes.ts";
import { explainFault } from "./runner.ts";

export interface LateFaults {
  /** `undo` is done where the run turns out to have failed. */
  watch(plan: Plan, fault: Promise<GpuFault | undefined>, undo: () => void): void;
  /** Throws the first fault that is known and was not thrown yet. */
  raise(): void;
  /** The same when all are known. */
  settle(): Promise<void>;
}

export function createLateFaults(): LateFaults {
  const open = new Set<Promise<void>>();
  let found: { readonly error: unknown } | undefined;
  const raise = (): void => {
    const own = found;
    found = undefined;
    if (own !== undefined) throw own.error;
  };
  return {
    watch(plan, fault, undo) {
      const watched = fault.then((problem) => {
        open.delete(watched);
        if (problem === undefined) return;
        undo();
        try {
          explainFault(problem.message, plan);
        } catch (error) {
          found ??= { error };
        }
      });
      open.add(watched);
    },
    raise,
    async settle() {
      await Promise.all(open);
      raise();
    },
  };
}
