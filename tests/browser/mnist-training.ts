/** models/mnist.bcos and some steps of training on the same images: what pages are given. */
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { TargetName } from "../../src/compiler/plan/plan.ts";
import { feedsOf } from "../wasm-device/compare.ts";

export interface MnistTraining {
  readonly program: Program;
  /** The feeds of every step, as JSON can hold them. */
  readonly steps: readonly Readonly<Record<string, readonly number[]>>[];
}

export function mnistTraining(options: {
  readonly batch: number;
  readonly graphs: readonly GraphName[];
  readonly targets: readonly TargetName[];
  readonly steps: number;
}): MnistTraining {
  const { batch, graphs, targets } = options;
  const { networks } = checkFile(createNodeHost(), "models/mnist.bcos");
  const { program } = buildProgram(networks[0]!, {
    form: "bcos",
    batch,
    graphs,
    train: {
      loss: { kind: "bce" },
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false },
    },
    targets,
  });
  const steps = Array.from({ length: options.steps }, (_, i) => {
    const feeds = Object.entries(feedsOf(program, "train", 1, i + 1));
    return Object.fromEntries(feeds.map(([name, values]) => [name, Array.from(values)]));
  });
  return { program, steps };
}
