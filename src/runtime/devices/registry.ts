/** The devices by name, and which of them `auto` stands for. Each is loaded only when it is asked for. */
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Device } from "../device.ts";
import { wasmFeatures } from "./wasm/features.ts";

/** A device's name, `auto` for the best one that is there, or a device of one's own. */
export type DeviceChoice = "auto" | "reference" | "wasm" | "webgpu" | (string & {}) | Device;

const DEVICES: ReadonlyMap<string, () => Promise<Device>> = new Map([
  ["reference", async () => (await import("./reference/device.ts")).referenceDevice],
  ["wasm", async () => (await import("./wasm/device.ts")).wasmDevice],
  ["webgpu", async () => (await import("./webgpu/device.ts")).webgpuDevice],
]);

export const deviceNames: readonly string[] = [...DEVICES.keys()];

export interface ChosenDevice {
  readonly name: string;
  readonly reason: string;
  /** What the user should know: a graphics card that is there and can't be used. */
  readonly warning?: string;
}

/** What a choice can be made from: code that there is, or could be. */
type Code = Pick<Program, "wasm" | "webgpu">;

/**
 * The device that `auto` stands for, and why: a graphics card where there is one, else WebAssembly. Adapters that run on
 * the processor are slower than WebAssembly: they are taken only by name. A program decides too: by what it has code for.
 */
export async function bestDevice(program?: Code): Promise<ChosenDevice> {
  const asked = program === undefined || program.webgpu !== undefined;
  const gpu = asked ? await (await import("./webgpu/choice.ts")).judgeAdapter() : undefined;
  if (gpu?.usable === true) return { name: "webgpu", reason: gpu.reason };
  const other = withoutGpu(program, gpu === undefined ? "" : `, and ${gpu.reason}`);
  return gpu?.warn === true ? { ...other, warning: gpu.reason } : other;
}

function withoutGpu(program: Code | undefined, because: string): ChosenDevice {
  if (!wasmFeatures().simd) return { name: "reference", reason: `the engine has no WebAssembly SIMD${because}` };
  if (program !== undefined && program.wasm === undefined) {
    return { name: "reference", reason: `the program was built without WASM code${because}` };
  }
  return { name: "wasm", reason: `the engine has WebAssembly SIMD${because}` };
}

/** Throws `run/device` for a name that is not known. `auto` depends on what the program carries. */
export async function findDevice(choice: DeviceChoice, program?: Program): Promise<Device> {
  if (typeof choice !== "string") return choice;
  const name = choice === "auto" ? (await bestDevice(program)).name : choice;
  const load = DEVICES.get(name);
  return load === undefined ? fail("run/device", { name, available: ["auto", ...deviceNames].join(", ") }) : load();
}
