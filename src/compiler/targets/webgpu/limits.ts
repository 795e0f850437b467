/** What WebGPU guarantees on every adapter, and the check that a kernel stays within it. */
import { diagnose } from "../../../diagnostics/catalogue.ts";
import type { Diagnostic, Span } from "../../../diagnostics/diagnostic.ts";
import type { GpuKernel, GpuVariant } from "./kernel.ts";

/** The default limits of the WebGPU specification: a device has them without asking. */
export const defaultLimits = {
  storageBuffers: 8,
  workgroupsPerDimension: 65535,
  invocations: 256,
  workgroupBytes: 16384,
  bindingBytes: 128 * 2 ** 20,
} as const;

const MEBIBYTE = 2 ** 20;

interface Excess {
  readonly needs: string;
  readonly limit: string;
}

/** What of a kernel goes beyond the limits; undefined where all is well. */
function excess(kernel: GpuKernel): Excess | undefined {
  const largest = Math.max(0, ...kernel.bindings.map((binding) => binding.bytes));
  if (largest > defaultLimits.bindingBytes) {
    return {
      needs: `a buffer of ${Math.ceil(largest / MEBIBYTE)} MiB`,
      limit: `${defaultLimits.bindingBytes / MEBIBYTE} MiB`,
    };
  }
  return overCount(
    [kernel.bindings.length, defaultLimits.storageBuffers, "buffers"],
    ...kernel.variants.flatMap(counts),
  );
}

type Count = readonly [needed: number, limit: number, what: string];

function counts(variant: GpuVariant): Count[] {
  return [
    [Math.max(...variant.workgroups), defaultLimits.workgroupsPerDimension, "workgroups in a dimension"],
    [variant.invocations, defaultLimits.invocations, "invocations in a workgroup"],
    [variant.workgroupBytes, defaultLimits.workgroupBytes, "bytes of workgroup memory"],
  ];
}

function overCount(...all: readonly Count[]): Excess | undefined {
  const over = all.find(([needed, limit]) => needed > limit);
  return over && { needs: `${over[0]} ${over[2]}`, limit: String(over[1]) };
}

/** The diagnostic for a kernel, or a variant of it, that no WebGPU device has to be able to run, at the layer that it belongs to. */
export function checkLimits(
  kernel: GpuKernel,
  layer: { readonly path: string; readonly span?: Span },
): Diagnostic | undefined {
  const found = excess(kernel);
  if (found === undefined) return undefined;
  const span = layer.span === undefined ? {} : { span: layer.span };
  return diagnose("limit/webgpu", { path: layer.path, kernel: kernel.label, ...found }, span);
}
