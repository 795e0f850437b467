/** The option that chooses the device. */
import type { OptionSpec } from "./command.ts";

export const deviceOption: OptionSpec = {
  flags: "--device <name>",
  summary: "Where to compute: `auto` (the default) or `reference`",
};
