/** The one model of a file, where one is wanted. */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Network } from "../network/network.ts";

/** Throws `usage/no-model` and `usage/which-model`. `networks` are those of `checkFile`, which found no error in `file`. */
export function oneModel(networks: readonly Network[], file: string): Network {
  const [network, ...others] = networks;
  if (network === undefined) return fail("usage/no-model", { file });
  if (others.length > 0) {
    fail("usage/which-model", { file, models: networks.map((n) => `\`${n.name}\``).join(", ") });
  }
  return network;
}
