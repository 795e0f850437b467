/** Random networks on the WASM device: as near to float64 as the reference device is in float32. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { networks } from "../layers/random-networks.ts";
import { expectAsNear, runAll } from "./run-all.ts";

test("random networks agree with the reference device", { timeout: 120_000 }, async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(networks(9, 21, 6), fc.constantFrom(1, 7), fc.nat(1000), async (network, batch, seed) => {
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
        targets: ["wasm"],
      });
      const truth = await runAll(program, seed, { device: "reference", precision: "float64" });
      const near = await runAll(program, seed, { device: "reference" });
      const wasm = await runAll(program, seed, { device: "wasm", threads: 2 });
      expectAsNear(wasm, near, truth);
      compared++;
    }),
    { numRuns: 60 },
  );
  expect(compared).toBeGreaterThan(15);
});
