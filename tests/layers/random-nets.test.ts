import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { noise, stateFor, sum } from "./numbers.ts";
import { networks } from "./random-networks.ts";

test("random networks either have a finding or explain themselves and train", () => {
  let lowered = 0;
  fc.assert(
    fc.property(networks(4, 4, 7), fc.nat(1000), (network, seed) => {
      if (checkForm(network, "bcos").length > 0) return;
      lowered++;
      const { program } = buildProgram(network, {
        form: "bcos",
        batch: 2,
        graphs: ["predict", "explain", "gradient", "train"],
        train: {
          loss: { kind: "uniform_off_label_bce" },
          optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false },
          clip: { kind: "agc", factor: 0.01, epsilon: 1e-3 },
        },
      });
      const state = stateFor(program.state, seed);
      const image = noise(
        network.input.shape.reduce((a, b) => a * b, 2),
        seed,
      ).map((v) => 0.5 + 0.5 * v);
      const cotangent = noise(6, seed + 1);
      const { outputs } = evaluateGraph(program.graphs.explain!, { feeds: { image, cotangent }, state });
      const size = [outputs["contributions"]!, outputs["constant"]!, outputs["explained"]!]
        .map((values) => sum(values.map(Math.abs)))
        .reduce((a, b) => a + b);
      const total = sum(outputs["contributions"]!) + sum(outputs["constant"]!);
      expect(Math.abs(total - sum(outputs["explained"]!))).toBeLessThanOrEqual(1e-10 * size);

      const feeds = { image, targets: new Float64Array(6), learningRate: [0.01], step: [1] };
      const after = evaluateGraph(program.graphs.train!, { feeds, state });
      expect(Number.isFinite(after.outputs["loss"]![0])).toBe(true);
      for (const [path, values] of Object.entries(after.updates))
        expect(values.every(Number.isFinite), path).toBe(true);
    }),
    { numRuns: 60 },
  );
  expect(lowered).toBeGreaterThan(15);
});
