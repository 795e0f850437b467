/// <reference types="@webgpu/types" />
/** Whether a device allows what the kernels of a program need, said before anything runs. */
import type { GpuKernel, GpuVariant } from "../../../compiler/targets/webgpu/kernel.ts";
import type { WebgpuCode } from "../../../compiler/targets/webgpu/plan-code.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { layerName } from "../../../layer-name.ts";

/** The limits of a device that kernels may meet. */
export type KernelLimits = Pick<
  GPUSupportedLimits,
  | "maxStorageBuffersPerShaderStage"
  | "maxStorageBufferBindingSize"
  | "maxComputeWorkgroupsPerDimension"
  | "maxComputeInvocationsPerWorkgroup"
  | "maxComputeWorkgroupSizeX"
  | "maxComputeWorkgroupStorageSize"
>;

interface Excess {
  readonly name: keyof KernelLimits;
  readonly needed: number;
  readonly allowed: number;
}

const NOUNS: Readonly<Record<keyof KernelLimits, string>> = {
  maxStorageBuffersPerShaderStage: "buffers",
  maxStorageBufferBindingSize: "bytes in a buffer",
  maxComputeWorkgroupsPerDimension: "workgroups in a dimension",
  maxComputeInvocationsPerWorkgroup: "invocations in a workgroup",
  maxComputeWorkgroupSizeX: "invocations in a row of a workgroup",
  maxComputeWorkgroupStorageSize: "bytes of workgroup memory",
};

/** What of a variant goes beyond the limits. */
function excessOfVariant(variant: GpuVariant, limits: KernelLimits): Excess | undefined {
  return over(limits, {
    maxComputeWorkgroupsPerDimension: Math.max(...variant.workgroups),
    maxComputeInvocationsPerWorkgroup: variant.invocations,
    maxComputeWorkgroupSizeX: variant.invocations,
    maxComputeWorkgroupStorageSize: variant.workgroupBytes,
  });
}

function over(limits: KernelLimits, needs: Partial<Record<keyof KernelLimits, number>>): Excess | undefined {
  for (const [key, needed] of Object.entries(needs)) {
    const name = key as keyof KernelLimits;
    // Limits that an older implementation does not name are those that every device has.
    const allowed = limits[name] ?? Infinity;
    if (needed > allowed) return { name, needed, allowed };
  }
  return undefined;
}

/** Whether a variant of a kernel stays within the limits. */
export function fitsLimits(variant: GpuVariant, limits: KernelLimits): boolean {
  return excessOfVariant(variant, limits) === undefined;
}

/** Of a kernel all of whose variants need too much: what the first of them does. */
function excessOf(kernel: GpuKernel, limits: KernelLimits, possible: readonly GpuVariant[]): Excess | undefined {
  const buffers = over(limits, {
    maxStorageBuffersPerShaderStage: kernel.bindings.length,
    maxStorageBufferBindingSize: Math.max(0, ...kernel.bindings.map(({ bytes }) => bytes)),
  });
  if (buffers !== undefined) return buffers;
  const found = possible.map((variant) => excessOfVariant(variant, limits));
  return found.includes(undefined) ? undefined : found[0];
}

/**
 * Fails with `run/gpu-limits` at the first launch whose kernel needs more than the device allows. `runs` tells which variants
 * the device has the features for.
 */
export function requireLimits(
  { plans, kernels }: Pick<WebgpuCode, "plans" | "kernels">,
  limits: KernelLimits,
  runs: (variant: GpuVariant) => boolean,
): void {
  for (const launch of Object.values(plans).flatMap((plan) => plan.launches)) {
    const kernel = launch.kind === "kernel" ? kernels[launch.kernel] : undefined;
    const excess = kernel && excessOf(kernel, limits, kernel.variants.filter(runs));
    if (kernel === undefined || excess === undefined) continue;
    const { name, needed, allowed } = excess;
    const what = NOUNS[name];
    fail(
      "run/gpu-limits",
      { path: layerName(launch), kernel: kernel.label, needs: `${needed} ${what}`, limit: `${allowed} ${what}`, name },
      launch.span === undefined ? {} : { span: launch.span },
    );
  }
}
