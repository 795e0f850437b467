/** The model files of `models/`, found by listing the folder, and their networks by preset. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { Form, TrainSettings } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { applySettings } from "../../src/compiler/network/setting-table.ts";

const folder = join(import.meta.dirname, "../../models");

/** `resnet18.bcos`, `cifar/resnet20.bcos`; not the blocks, which are no models. */
export const modelFiles: readonly string[] = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".bcos") && !file.startsWith("blocks/"))
  .sort();

export const kinds = ["v1", "v2", "cosified", "standard"] as const;
export type Kind = (typeof kinds)[number];

export const formOf = (kind: Kind): Form => (kind === "standard" ? "standard" : "bcos");

export const training: TrainSettings = {
  loss: { kind: "uniform_off_label_bce" },
  optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 },
};

/** The network of a file, which must have nothing to complain about. The kind's preset takes the place of the file's. */
export function networkOf(file: string, kind: Kind): Network {
  const { networks, diagnostics } = checkFile(createNodeHost(), join(folder, file), { parameters: {} });
  const [network] = networks;
  if (network === undefined || networks.length > 1 || diagnostics.length > 0)
    throw new Error(`${file}: ${diagnostics.map((d) => `${d.code}: ${d.message}`).join("; ") || networks.length}`);
  if (kind === "standard" || network.settings.preset === kind) return network;
  return { ...network, settings: applySettings(network.settings, { preset: kind }) };
}
