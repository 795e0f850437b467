/** The devices by name. Each is loaded only when it is asked for. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Device } from "../device.ts";

/** A device's name, `auto` for the best one that is there, or a device of one's own. */
export type DeviceChoice = "auto" | "reference" | (string & {}) | Device;

const DEVICES: ReadonlyMap<string, () => Promise<Device>> = new Map([
  ["reference", async () => (await import("./reference/device.ts")).referenceDevice],
]);

/** What `auto` tries, best first. */
const PREFERENCE: readonly string[] = ["reference"];

export const deviceNames: readonly string[] = [...DEVICES.keys()];

/** Throws `run/device` for a name that is not known. */
export async function findDevice(choice: DeviceChoice): Promise<Device> {
  if (typeof choice !== "string") return choice;
  const name = choice === "auto" ? PREFERENCE[0]! : choice;
  const load = DEVICES.get(name);
  return load === undefined ? fail("run/device", { name, available: ["auto", ...deviceNames].join(", ") }) : load();
}
