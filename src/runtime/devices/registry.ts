/** The devices by name. Each is loaded only when it is asked for. */
import type { Program } from "../../compiler/graph/program.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Device } from "../device.ts";
import { wasmFeatures } from "./wasm/features.ts";

/** A device's name, `auto` for the best one that is there, or a device of one's own. */
export type DeviceChoice = "auto" | "reference" | "wasm" | (string & {}) | Device;

const DEVICES: ReadonlyMap<string, () => Promise<Device>> = new Map([
  ["reference", async () => (await import("./reference/device.ts")).referenceDevice],
  ["wasm", async () => (await import("./wasm/device.ts")).wasmDevice],
]);

export const deviceNames: readonly string[] = [...DEVICES.keys()];

/** The device that `auto` stands for, and why. A program that was built without WASM code runs on `reference`. */
export function bestDevice(program?: Program): { readonly name: string; readonly reason: string } {
  if (!wasmFeatures().simd) return { name: "reference", reason: "the engine has no WebAssembly SIMD" };
  if (program !== undefined && program.wasm === undefined) {
    return { name: "reference", reason: "the program was built without WASM code" };
  }
  return { name: "wasm", reason: "the engine has WebAssembly SIMD" };
}

/** Throws `run/device` for a name that is not known. `auto` depends on what the program carries. */
export async function findDevice(choice: DeviceChoice, program?: Program): Promise<Device> {
  if (typeof choice !== "string") return choice;
  const name = choice === "auto" ? bestDevice(program).name : choice;
  const load = DEVICES.get(name);
  return load === undefined ? fail("run/device", { name, available: ["auto", ...deviceNames].join(", ") }) : load();
}
