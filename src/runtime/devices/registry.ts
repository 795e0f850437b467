/** The devices by name. Each is loaded only when it is asked for. */
import type { Program } from "../../compiler/graph/program.ts";
import type { TfjsBackend } from "../../compiler/targets/tfjs/backends.ts";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Device } from "../device.ts";
import { bestDevice } from "./best-device.ts";

/** A device's name, `auto` for the best one that is there, or a device of one's own. */
export type DeviceChoice = "auto" | "reference" | "wasm" | "webgpu" | (string & {}) | Device;

/** The runtime knows the compiler by its types alone: this list has all of them, or it does not compile. */
const TFJS_BACKENDS = Object.keys({
  ...{ "node-gpu": true, node: true, webgpu: true, webgl: true, wasm: true, cpu: true },
} satisfies Record<TfjsBackend, true>) as readonly TfjsBackend[];

const DEVICES: ReadonlyMap<string, () => Promise<Device>> = new Map([
  ["reference", async () => (await import("./reference/device.ts")).referenceDevice],
  ["wasm", async () => (await import("./wasm/device.ts")).wasmDevice],
  ["webgpu", async () => (await import("./webgpu/device.ts")).webgpuDevice],
  ...TFJS_BACKENDS.map(
    (backend) =>
      [`tfjs:${backend}`, async () => (await import("./tfjs/device.ts")).createTfjsDevice({ backend })] as const,
  ),
]);

export const deviceNames: readonly string[] = [...DEVICES.keys()];

/** Throws `run/device` for a name that is not known. `auto` depends on what the program carries. */
export async function findDevice(choice: DeviceChoice, program?: Program): Promise<Device> {
  if (typeof choice !== "string") return choice;
  const name = choice === "auto" ? (await bestDevice(program && codeOf(program))).name : choice;
  const load = DEVICES.get(name);
  return load === undefined ? fail("run/device", { name, available: ["auto", ...deviceNames].join(", ") }) : load();
}

function codeOf({ wasm, webgpu }: Program): ReadonlySet<string> {
  return new Set([...(wasm === undefined ? [] : ["wasm"]), ...(webgpu === undefined ? [] : ["webgpu"])]);
}
