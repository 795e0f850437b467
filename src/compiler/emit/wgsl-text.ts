/** The kernels of a program as WGSL to read: each once, under the layers that use it. */
import type { WebgpuCode } from "../targets/webgpu/plan-code.ts";
import { launchedKernels, printKernels } from "../targets/webgpu/print-wgsl.ts";
import type { Sources } from "./sources.ts";

export function wgslText(code: WebgpuCode, sources: Sources): string {
  const launches = Object.values(code.plans).flatMap((plan) => plan.launches);
  return printKernels(launchedKernels({ launches }, code), (span) => {
    const { file, start } = sources.placeOf(span);
    return start === undefined ? file : `${file}:${start.line}:${start.column}`;
  });
}
