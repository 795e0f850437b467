/** The kernels of a plan as text: WGSL with what it is for, the layers and source lines that use it. */
import type { Span } from "../../../diagnostics/diagnostic.ts";
import { createPlaces } from "../../../diagnostics/places.ts";
import type { KernelLaunch, Plan } from "../../plan/plan.ts";
import type { GpuKernel } from "./kernel.ts";
import type { WebgpuCode } from "./plan-code.ts";

/** A kernel and the launches of a plan that use it. */
export interface LaunchedKernel {
  readonly name: string;
  readonly kernel: GpuKernel;
  readonly launches: readonly Pick<KernelLaunch, "path" | "ops" | "span">[];
}

/** In the order in which the plan launches them first. */
export function launchedKernels(plan: Pick<Plan, "launches">, code: WebgpuCode): readonly LaunchedKernel[] {
  const users = new Map<string, KernelLaunch[]>();
  for (const launch of plan.launches) {
    if (launch.kind === "kernel") users.set(launch.kernel, [...(users.get(launch.kernel) ?? []), launch]);
  }
  return [...users].map(([name, launches]) => ({
    name,
    kernel: code.kernels[name]!,
    launches: launches.map(({ path, ops, span }) => ({ path, ops, ...(span === undefined ? {} : { span }) })),
  }));
}

/** Every kernel once, under a comment for each launch: its layer, where that stands in the source, and its operations. */
export function printWgsl(kernels: readonly LaunchedKernel[], read: (file: string) => string | undefined): string {
  return printKernels(kernels, createPlaces(read));
}

/** The same, with the places as `placeOf` gives them. */
export function printKernels(kernels: readonly LaunchedKernel[], placeOf: (span: Span) => string): string {
  return kernels
    .map(({ name, kernel, launches }) => {
      const users = launches.map(({ path, ops, span }) => {
        const layer = path === "" ? "(no layer)" : path;
        return `//   ${layer}${span === undefined ? "" : ` (${placeOf(span)})`}: ${[...new Set(ops)].join(" ")}`;
      });
      const head = [`// ── ${name}, used by`, ...new Set(users)];
      const variants = kernel.variants.map((variant) => {
        const needs = variant.requires === undefined ? "" : `, needs ${variant.requires.join(", ")}`;
        const groups = `${variant.workgroups.join("×")} workgroups of ${variant.invocations}`;
        return `// ── variant \`${variant.name}\`: ${groups}${needs}\n${variant.wgsl}`;
      });
      return [...head, ...variants].join("\n");
    })
    .join("\n");
}
