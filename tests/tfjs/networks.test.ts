/** All graphs of networks drawn at random, in both forms, as calls of TensorFlow.js. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { verifyTfjsPlan } from "../../src/compiler/targets/tfjs/verify-plan.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { difference, feedsOf, largestInside, programOf } from "../plan/agree.ts";
import { networks } from "../plan/random-networks.ts";
import { runPlan } from "./run-plan.ts";

/** Numbers relative to the largest of a result; where larger ones cancel in between, to those. */
const tolerance = 2e-4;

async function expectAgreement(program: Program, name: GraphName, state: Record<string, Float64Array>): Promise<void> {
  const graph = program.graphs[name]!;
  const feeds = feedsOf(program, name);
  const wanted = evaluateGraph(graph, { feeds, state });
  for (const backend of ["wasm", "cpu"] as const) {
    const plan = createTfjsPlan(graph, backend, { name, batch: program.batch });
    expect(verifyTfjsPlan(plan)).toEqual([]);
    const actual = await runPlan(plan, backend, { feeds, state });
    for (const part of ["outputs", "updates"] as const) {
      for (const [key, truth] of Object.entries(wanted[part])) {
        if (difference(actual[part][key]!, truth) < tolerance) continue;
        const scale = largestInside(graph, { feeds, state });
        expect(difference(actual[part][key]!, truth, scale), `${key} of ${name} on ${backend}`).toBeLessThan(
          tolerance / 20,
        );
      }
    }
  }
}

test("random networks compute what their graphs say", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(networks, fc.constantFrom(1, 3), fc.nat(100), async (network, batch, seed) => {
      for (const form of ["bcos", "standard"] as const) {
        if (checkForm(network, form).length > 0) continue;
        run++;
        const names = ["predict", ...(form === "bcos" ? (["explain"] as const) : []), "gradient", "train"] as const;
        const { program, state } = programOf(network, names, { batch, seed, form });
        for (const name of names) await expectAgreement(program, name, state);
      }
    }),
    { numRuns: Number(process.env["BCOSC_PLAN_RUNS"] ?? 12) },
  );
  expect(run).toBeGreaterThan(5);
});
