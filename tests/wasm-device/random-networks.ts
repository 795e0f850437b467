/** Random networks on a device: what they compute there is as near to float64 as the reference device is in float32. */
import fc from "fast-check";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import type { TargetName } from "../../src/compiler/plan/plan.ts";
import type { SessionOptions } from "../../src/runtime/session.ts";
import { networks } from "../layers/random-networks.ts";
import { expectAsNear, runAll } from "./run-all.ts";

export interface RandomRuns {
  readonly target: TargetName;
  /** Of the device that is compared. */
  readonly options: SessionOptions;
  /** How large networks become, as `networks` takes it. */
  readonly sizes: Parameters<typeof networks>;
  readonly batches: readonly number[];
  readonly runs: number;
}

/** How many networks were compared: those that have no B-cos form are not. */
export async function compareRandomNetworks({ target, options, sizes, batches, runs }: RandomRuns): Promise<number> {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(networks(...sizes), fc.constantFrom(...batches), fc.nat(1000), async (network, batch, seed) => {
      if (checkForm(network, "bcos").length > 0) return;
      const { program } = buildProgram(network, {
        form: "bcos",
        batch,
        graphs: ["predict", "explain", "gradient", "train"],
        train: {
          loss: { kind: "uniform_off_label_bce" },
          optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0.01 },
          clip: { kind: "agc", factor: 0.01, epsilon: 1e-3 },
        },
        targets: [target],
      });
      const truth = await runAll(program, seed, { device: "reference", precision: "float64" });
      const near = await runAll(program, seed, { device: "reference" });
      expectAsNear(await runAll(program, seed, options), near, truth);
      compared++;
    }),
    { numRuns: runs },
  );
  return compared;
}
