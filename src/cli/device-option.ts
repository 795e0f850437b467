/** The options that choose the device. */
import { targetsFor, type TargetName } from "../compiler/plan/plan.ts";
import { bestDevice, deviceNames } from "../runtime/devices/registry.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";

const names = ["auto", ...deviceNames];

export const deviceOptions: readonly OptionSpec[] = [
  { flags: "--device <name>", summary: `Where to compute: ${names.join(", ")} (auto)` },
  { flags: "--threads <n>", summary: "How many threads may compute (as many as there are processors, at most 8)" },
];

export interface DeviceSettings {
  /** For the session. */
  readonly session: { readonly device: string; readonly threads?: number };
  /** What the program needs code for. */
  readonly targets: readonly TargetName[];
}

export function readDevice(args: Arguments): DeviceSettings {
  const device = args.choice("--device", names) ?? "auto";
  const threads = args.integer("--threads", { min: 1, max: 256 });
  return {
    session: { device, ...(threads === undefined ? {} : { threads }) },
    targets: targetsFor(device === "auto" ? bestDevice().name : device),
  };
}
