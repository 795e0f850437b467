import fc from "fast-check";
import { expect, test } from "vitest";
import type { TrainSettings } from "../../src/compiler/graph/program.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { adam, expectAgreement, programOf } from "./agree.ts";
import { networks } from "./random-networks.ts";

const trainings: readonly TrainSettings[] = [
  adam,
  {
    loss: { kind: "cross_entropy", smoothing: 0.1 },
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0.01 },
    clip: { kind: "agc", factor: 0.1, epsilon: 1e-3 },
  },
];

test("the plans of random networks compute what the graphs say", () => {
  let run = 0;
  fc.assert(
    fc.property(
      networks,
      fc.constantFrom(1, 2, 7),
      fc.constantFrom(...trainings),
      fc.nat(100),
      (network, batch, train, seed) => {
        if (checkForm(network, "bcos").length > 0) return;
        run++;
        const { program, state } = programOf(network, ["predict", "explain", "gradient", "train"], {
          batch,
          train,
          seed,
        });
        const options = { tolerance: 2e-4, cancels: true };
        for (const name of ["predict", "explain", "gradient", "train"] as const) {
          expectAgreement(program, name, state, options);
        }
      },
    ),
    { numRuns: Number(process.env["BCOSC_PLAN_RUNS"] ?? 40) },
  );
  expect(run).toBeGreaterThan(5);
});
