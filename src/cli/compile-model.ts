/** From a file to the one network that a command works on. */
import { checkFile } from "../compiler/check/check.ts";
import { createNodeHost } from "../compiler/check/node-host.node.ts";
import { oneModel } from "../compiler/check/one-model.ts";
import type { Network } from "../compiler/network/network.ts";
import { BcosError, hasErrors } from "../diagnostics/diagnostic.ts";
import { readSource, requireReadable } from "./files.ts";
import type { ModelOptions } from "./model-options.ts";
import { report } from "./report.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Checks the file and returns its model, or the one that `--model` names. Throws what is wrong with it; warnings go to
 * standard error.
 */
export function compileModel(file: string, options: ModelOptions, terminal: Terminal): Network {
  requireReadable(file);
  const { model, parameters, preset, settings } = options;
  const { diagnostics, networks } = checkFile(createNodeHost(), file, { model, parameters, preset, settings });
  if (hasErrors(diagnostics)) throw new BcosError(diagnostics);
  report(
    diagnostics.filter((d) => d.severity === "warning"),
    readSource,
    terminal.err,
  );
  return oneModel(networks, file);
}
