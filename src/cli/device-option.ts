/** The option that chooses the device. */
import { deviceNames } from "../runtime/devices/registry.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";

const names = ["auto", ...deviceNames];

export const deviceOption: OptionSpec = {
  flags: "--device <name>",
  summary: `Where to compute: ${names.join(", ")} (auto)`,
};

export function readDevice(args: Arguments): string {
  return args.choice("--device", names) ?? "auto";
}
