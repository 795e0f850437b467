/** Random networks on the WASM device: as near to float64 as the reference device is in float32. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { openSession, type Session, type SessionOptions } from "../../src/runtime/session.ts";
import { networks } from "../layers/random-networks.ts";
import { distance, feedsOf, stateOf } from "./compare.ts";

/** Everything that a program computes: all graphs, some training steps, the state behind them, predictions again. */
async function runAll(
  program: Program,
  seed: number,
  options: SessionOptions,
): Promise<Record<string, ArrayLike<number>>> {
  const session: Session = await openSession(program, { ...options, seed });
  const results: Record<string, ArrayLike<number>> = {};
  const run = async (graph: GraphName, step: number): Promise<void> => {
    const outputs = await session.run(graph, feedsOf(program, graph, seed + step, step));
    for (const [name, values] of Object.entries(outputs)) results[`${graph} ${step} ${name}`] = values;
  };
  for (const graph of ["predict", "explain", "gradient"] as const) await run(graph, 0);
  for (const step of [1, 2]) await run("train", step);
  for (const [path, values] of Object.entries(await stateOf(session))) results[path] = values;
  await run("predict", 3);
  await session.dispose();
  return results;
}

/** Beyond what rounding of another order makes of it. */
const TOLERANCE = 1e-4;
const FACTOR = 30;

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
      expect(Object.keys(wasm)).toEqual(Object.keys(truth));
      for (const [name, values] of Object.entries(truth)) {
        const bound = TOLERANCE + FACTOR * distance(near[name]!, values);
        expect(distance(wasm[name]!, values), name).toBeLessThan(bound);
      }
      compared++;
    }),
    { numRuns: 60 },
  );
  expect(compared).toBeGreaterThan(15);
});
