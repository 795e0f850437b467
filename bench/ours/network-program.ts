/** Our networks as programs for the bench. */
import { join } from "node:path";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { GraphName, OptimizerSettings, Program } from "../../src/compiler/graph/program.ts";
import type { CodeTarget } from "../../src/compiler/targets/code-target.ts";
import type { ResidualNetwork } from "../networks.ts";
import { root } from "../root.ts";

export function networkProgram(
  network: ResidualNetwork,
  batch: number,
  graphs: readonly GraphName[],
  target?: CodeTarget,
): Program {
  const { networks, diagnostics } = checkFile(createNodeHost(), join(root, network.file));
  const [model] = networks;
  if (model === undefined) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  return buildProgram(model, {
    form: "bcos",
    batch,
    graphs,
    train: { loss: { kind: "bce" }, optimizer: optimizerOf(network) },
    targets: target === undefined ? [] : [target],
  }).program;
}

function optimizerOf({ optimizer }: ResidualNetwork): OptimizerSettings {
  if (optimizer.kind === "sgd") return { kind: "sgd", momentum: 0, weightDecay: 0 };
  return { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false };
}
