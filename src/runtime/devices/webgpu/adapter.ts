/// <reference types="@webgpu/types" />
/** Adapters: what there is, whether it is a processor in disguise, and what it can do. */
import type { GpuFeature } from "../../../compiler/targets/webgpu/kernel.ts";
import type { WebgpuCode } from "../../../compiler/targets/webgpu/plan-code.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { runsOn, type AdapterTraits } from "./choose-variant.ts";
import { requireLimits } from "./device-limits.ts";
import { findGpu, isNode } from "./gpu.ts";

export interface GpuTraits extends AdapterTraits {
  /** For people: what the driver calls itself. */
  readonly name: string;
  /** Whether launches can be timed. */
  readonly timestamps: boolean;
}

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly traits: GpuTraits;
}

export type AdapterLookup = FoundAdapter | { readonly missing: string; readonly hint: string };

/** Asked for where the adapter has them: variants of kernels may need them. */
const FEATURES: readonly GpuFeature[] = ["subgroups", "shader-f16"];
export const TIMESTAMPS = "timestamp-query";

/** Drivers that run shaders on the processor. */
const SOFTWARE = /llvmpipe|lavapipe|softpipe|swiftshader|warp|basic render/i;

/** The adapter that the system prefers, or why there is none. Never throws. */
export async function lookUpAdapter(): Promise<AdapterLookup> {
  const found = await findGpu();
  if (!("gpu" in found)) return found;
  const adapter = await found.gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (adapter === null) {
    return {
      missing: "WebGPU finds no adapter",
      hint: isNode()
        ? "install a driver for the graphics card; on Linux one for Vulkan (Mesa 25's `mesa-vulkan-drivers` has one for processors, too)"
        : "see whether the browser uses the graphics card; Chromium on Linux wants the flag `--enable-unsafe-webgpu`",
    };
  }
  return { adapter, traits: traitsOf(adapter) };
}

/** Fails with `run/no-webgpu` where there is none. */
export async function requireAdapter(): Promise<FoundAdapter> {
  const found = await lookUpAdapter();
  if ("adapter" in found) return found;
  return fail("run/no-webgpu", { reason: found.missing }, { hints: [found.hint] });
}

/** Fails with `run/no-half-precision` where buffers of the code have a type that the adapter lacks. */
export function requireStorage({ storage }: Pick<WebgpuCode, "storage">, { name, features }: GpuTraits): void {
  if (storage === "f16" && !features.includes("shader-f16")) fail("run/no-half-precision", { adapter: name });
}

/** Fails as `requireStorage` does, and with `run/gpu-limits` where kernels need more than the device allows. */
export function requireTraits(code: WebgpuCode, { limits, ...traits }: GpuTraits): void {
  requireStorage(code, traits);
  if (limits !== undefined) requireLimits(code, limits, (variant) => runsOn(variant, traits));
}

export function traitsOf({ info, features }: Pick<GPUAdapter, "info" | "features">): GpuTraits {
  const names = [info.vendor, info.architecture, info.device, info.description].filter((text) => text !== "");
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  const usable = FEATURES.filter((feature) => features.has(feature));
  return {
    name: info.description === "" ? names.join(" ") || "an adapter without a name" : info.description,
    software: info.isFallbackAdapter === true || SOFTWARE.test(names.join(" ")),
    features: usable,
    ...(usable.includes("subgroups") && least > 0 && most > 0 ? { subgroupSizes: [least, most] } : {}),
    timestamps: features.has(TIMESTAMPS),
  };
}
