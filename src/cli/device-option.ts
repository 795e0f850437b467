/** The options that choose the device. */
import { targetsFor, type TargetName } from "../compiler/plan/plan.ts";
import { bestDevice, deviceNames } from "../runtime/devices/registry.ts";
import type { Tuning } from "../runtime/tuning.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { loadTuning } from "./tuning-option.ts";

const names = ["auto", ...deviceNames];

export const deviceOptions: readonly OptionSpec[] = [
  { flags: "--device <name>", summary: `Where to compute: ${names.join(", ")} (auto)` },
  { flags: "--threads <n>", summary: "How many threads may compute (as many as there are processors, at most 8)" },
  { flags: "--tuning <file>", summary: "What `bcosc tune` measured, for the device `webgpu`" },
];

export interface DeviceSettings {
  /** For the session. */
  readonly session: { readonly device: string; readonly threads?: number; readonly tuning?: Tuning };
  /** What the program needs code for. */
  readonly targets: readonly TargetName[];
}

/** Chooses the device, so that a program is built for it alone. Says on `err` what `auto` could not take. */
export async function readDevice(args: Arguments, { err }: Pick<Terminal, "err">): Promise<DeviceSettings> {
  const choice = args.choice("--device", names) ?? "auto";
  const threads = args.integer("--threads", { min: 1, max: 256 });
  const file = args.text("--tuning");
  const tuning = file === undefined ? {} : { tuning: await loadTuning(file) };
  const { name, warning } = choice === "auto" ? await bestDevice() : { name: choice };
  if (warning !== undefined) err.write(`warning: ${warning}; taking the device \`${name}\`\n`);
  return {
    session: { device: name, ...(threads === undefined ? {} : { threads }), ...tuning },
    targets: targetsFor(name),
  };
}
