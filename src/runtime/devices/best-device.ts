/** Which device `auto` stands for. */
import { wasmFeatures } from "./wasm/features.ts";

export interface ChosenDevice {
  readonly name: string;
  readonly reason: string;
  /** What the user should know: a graphics card that is there and can't be used. */
  readonly warning?: string;
}

/**
 * The device that `auto` stands for, and why: a graphics card where there is one, else WebAssembly. Adapters that run on
 * the processor are slower than WebAssembly: they are taken only by name. `code` names the devices that there is code for;
 * absent, there could be code for all.
 */
export async function bestDevice(code?: ReadonlySet<string>): Promise<ChosenDevice> {
  const asked = code?.has("webgpu") ?? true;
  const gpu = asked ? await (await import("./webgpu/choice.ts")).judgeAdapter() : undefined;
  if (gpu?.usable === true) return { name: "webgpu", reason: gpu.reason };
  const other = withoutGpu(code, gpu === undefined ? "" : `, and ${gpu.reason}`);
  return gpu?.warn === true ? { ...other, warning: gpu.reason } : other;
}

function withoutGpu(code: ReadonlySet<string> | undefined, because: string): ChosenDevice {
  if (!wasmFeatures().simd) return { name: "reference", reason: `the engine has no WebAssembly SIMD${because}` };
  if (code?.has("wasm") === false) {
    return { name: "reference", reason: `the program was built without WASM code${because}` };
  }
  return { name: "wasm", reason: `the engine has WebAssembly SIMD${because}` };
}
