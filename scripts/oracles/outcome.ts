/** What running an oracle case gives, and how it is printed. */
import type { Device } from "../../src/runtime/device.ts";
import type { Deviation } from "./compare.ts";

export type Precision = "float32" | "float64";

/** Where cases run. */
export interface Target {
  readonly device: Device;
  readonly precision: Precision;
}

export type Outcome =
  | { readonly id: string; readonly status: "passed" | "failed"; readonly deviations: readonly Deviation[] }
  | { readonly id: string; readonly status: "failed"; readonly error: string }
  | { readonly id: string; readonly status: "skipped"; readonly reason: string };

/** A case that can not be run (yet), with the reason. Thrown by runners. */
export class Skip extends Error {}

/** Judges deviations; errors become failures and `Skip` a skipped case. */
export async function attempt(id: string, run: () => Promise<readonly Deviation[]>): Promise<Outcome> {
  try {
    const deviations = await run();
    const passed = deviations.length > 0 && deviations.every((d) => d.value <= d.bound);
    return { id, status: passed ? "passed" : "failed", deviations };
  } catch (error) {
    if (error instanceof Skip) return { id, status: "skipped", reason: error.message };
    return { id, status: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

/** One line: the deviation nearest to its bound, or each one that is over it. */
export function lineOf(outcome: Outcome): string {
  if (outcome.status === "skipped") return `skipped  ${outcome.id}: ${outcome.reason}`;
  if ("error" in outcome) return `FAILED   ${outcome.id}: ${outcome.error}`;
  const show = (d: Deviation): string => `${d.what} ${d.value.toExponential(1)} (bound ${d.bound})`;
  if (outcome.status === "failed") {
    const over = outcome.deviations.filter((d) => !(d.value <= d.bound));
    return `FAILED   ${outcome.id}: ${over.length === 0 ? "nothing compared" : over.map(show).join(", ")}`;
  }
  const nearness = (d: Deviation): number => (d.bound === 0 ? 0 : d.value / d.bound);
  const worst = outcome.deviations.reduce((a, b) => (nearness(b) >= nearness(a) ? b : a));
  return `passed   ${outcome.id}: ${outcome.deviations.length} values, nearest to its bound ${show(worst)}`;
}
