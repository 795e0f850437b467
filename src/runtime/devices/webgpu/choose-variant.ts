/** Which variant of a kernel an adapter runs: what was measured on it, else a table by the kind of adapter. */
import type { GpuFeature, GpuKernel, GpuVariant } from "../../../compiler/targets/webgpu/kernel.ts";
import { fitsLimits, type KernelLimits } from "./device-limits.ts";

/** What of an adapter decides. */
export interface AdapterTraits {
  /** Whether the shaders run on the processor (Mesa's lavapipe and llvmpipe, SwiftShader, WARP). */
  readonly software: boolean;
  /** Those of the device. */
  readonly features: readonly GpuFeature[];
  /** Smallest and largest subgroup, where there are subgroups. */
  readonly subgroupSizes?: readonly [number, number];
  /** Of the device; absent they are those that every device has. */
  readonly limits?: KernelLimits;
}

/** Measured choices: the name of a variant for the `tuningKey` of a kernel. */
export type VariantTuning = Readonly<Record<string, string>>;

/**
 * By the first word of a variant's name, the best first: processors like neither barriers nor workgroup memory, and reading
 * by lane costs them less than reading the same number for all lanes. Others come last, in the kernel's own order.
 */
const SOFTWARE: readonly string[] = ["subgroups", "registers"];

export function runsOn(variant: GpuVariant, traits: AdapterTraits): boolean {
  const { requires = [], subgroupSize } = variant;
  if (traits.limits !== undefined && !fitsLimits(variant, traits.limits)) return false;
  if (!requires.every((feature) => traits.features.includes(feature))) return false;
  return subgroupSize === undefined || (traits.subgroupSizes?.every((size) => size === subgroupSize) ?? false);
}

/** Equal for kernels that compute the same on buffers of the same sizes, whatever layer they belong to. */
export function tuningKey(kernel: GpuKernel): string {
  const code = kernel.variants[0]!.wgsl.replace(/^\/\/.*\n/gm, "");
  const sizes = kernel.bindings.map(({ bytes }) => bytes).join();
  return `${kernel.label} #${checksum(`${sizes};${code}`)}`;
}

/** FNV-1a, 32 bits, in hexadecimal. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** The variant that was measured to be the fastest, or the best by the table, of those that the adapter can run. */
export function chooseVariant(kernel: GpuKernel, traits: AdapterTraits, tuning?: VariantTuning): GpuVariant {
  const possible = kernel.variants.filter((variant) => runsOn(variant, traits));
  if (tuning !== undefined) {
    const measured = tuning[tuningKey(kernel)];
    const found = possible.find(({ name }) => name === measured);
    if (found !== undefined) return found;
  }
  if (possible.length === 0) throw new Error(`${kernel.label}: no variant runs on this adapter`);
  if (!traits.software) return possible[0]!;
  const rank = ({ name }: GpuVariant): number => {
    const at = SOFTWARE.indexOf(name.split(" ")[0]!);
    return at < 0 ? SOFTWARE.length : at;
  };
  return possible.reduce((best, variant) => (rank(variant) < rank(best) ? variant : best));
}
