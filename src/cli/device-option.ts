/** The options that choose the device. */
import type { ProgramOptions } from "../compiler/compile.ts";
import { targetsFor } from "../compiler/targets/code-target.ts";
import { storageTypes, type StorageType } from "../compiler/plan/storage.ts";
import { fail } from "../diagnostics/catalogue.ts";
import { bestDevice } from "../runtime/devices/best-device.ts";
import { deviceNames } from "../runtime/devices/registry.ts";
import type { Tuning } from "../runtime/tuning.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { loadTuning } from "./tuning-option.ts";

const names = ["auto", ...deviceNames];
const tfjsBackends = names.flatMap((name) => (name.startsWith("tfjs:") ? [name.slice("tfjs:".length)] : []));
const others = names.filter((name) => !name.startsWith("tfjs:"));

export const deviceOptions: readonly OptionSpec[] = [
  {
    flags: "--device <name>",
    summary: `Where to compute: ${others.join(", ")}, or with TensorFlow.js: tfjs: and ${tfjsBackends.join(", ")} (auto)`,
  },
  { flags: "--threads <n>", summary: "How many threads may compute (as many as there are processors, at most 8)" },
  { flags: "--tuning <file>", summary: "What `bcosc tune` measured, for the device `webgpu`" },
];

/** Of the commands that do not train. */
export const storageOption: OptionSpec = {
  flags: "--storage <type>",
  summary: "What the device `webgpu` keeps activations and weights in: f32, or f16 for half of the memory (f32)",
};

export function readStorage(args: Arguments): StorageType {
  return args.choice("--storage", storageTypes) ?? "f32";
}

export interface DeviceSettings {
  /** For the session. */
  readonly session: { readonly device: string; readonly threads?: number; readonly tuning?: Tuning };
  /** For the program: what it needs code for. */
  readonly program: Required<Pick<ProgramOptions, "targets" | "storage">>;
}

/** Chooses the device, so that a program is built for it alone. Says on `err` what `auto` could not take. */
export async function readDevice(args: Arguments, { err }: Pick<Terminal, "err">): Promise<DeviceSettings> {
  const choice = args.choice("--device", names) ?? "auto";
  const storage = readStorage(args);
  const threads = args.integer("--threads", { min: 1, max: 256 });
  const file = args.text("--tuning");
  const tuning = file === undefined ? {} : { tuning: await loadTuning(file) };
  const { name, warning } = choice === "auto" ? await bestDevice() : { name: choice };
  if (warning !== undefined) err.write(`warning: ${warning}; taking the device \`${name}\`\n`);
  if (storage === "f16" && name !== "webgpu") {
    fail("usage/needs-option", { option: "--storage f16", other: "--device webgpu" });
  }
  return {
    session: { device: name, ...(threads === undefined ? {} : { threads }), ...tuning },
    program: { targets: targetsFor(name), storage },
  };
}
