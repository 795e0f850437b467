/** Whole models on the WASM device: as on the reference device, and the same bits on any number of threads. */
import { expect, it } from "vitest";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { openSession } from "../../src/runtime/session.ts";
import { compileForTests, expectClose, feedsOf, openBoth, stateOf } from "./compare.ts";

const cases = [
  { file: "mnist.bcos", batch: 7, form: "bcos", steps: 5 },
  { file: "mnist.bcos", batch: 1, form: "bcos", steps: 2 },
  { file: "mnist.bcos", batch: 7, form: "standard", steps: 5 },
  { file: "cifar/resnet20.bcos", batch: 2, form: "bcos", steps: 3 },
] as const;

it.each(cases)("$file, $form, batch $batch: as on the reference device", async ({ file, batch, form, steps }) => {
  const program = compileForTests(file, batch, form);
  const [wasm, reference] = await openBoth(program, 3);
  const compareRun = async (graph: GraphName, seed: number, step?: number): Promise<void> => {
    const feeds = feedsOf(program, graph, seed, step);
    const where = `${graph} ${seed}`;
    expectClose(await wasm.run(graph, feeds), await reference.run(graph, feeds), 1e-4, where);
  };
  const evaluation = (Object.keys(program.graphs) as GraphName[]).filter((graph) => graph !== "train");
  for (const graph of evaluation) await compareRun(graph, 1);
  for (let step = 1; step <= steps; step++) await compareRun("train", step, step);
  expectClose(await stateOf(wasm), await stateOf(reference), 1e-3, "state");
  for (const graph of evaluation) await compareRun(graph, 2);
  await wasm.dispose();
  await reference.dispose();
});

it.each(["mnist.bcos", "cifar/resnet20.bcos"])("%s: the same bits on 1, 2 and 3 threads", async (file) => {
  const program = compileForTests(file, 5);
  const results: unknown[] = [];
  for (const threads of [1, 2, 3]) {
    const session = await openSession(program, { device: "wasm", threads, seed: 2 });
    expect(session.threads).toBe(threads);
    const outputs = [];
    for (let step = 1; step <= 3; step++)
      outputs.push(await session.run("train", feedsOf(program, "train", step, step)));
    for (const graph of ["predict", "explain"] as const)
      outputs.push(await session.run(graph, feedsOf(program, graph, 4)));
    results.push({ outputs, state: await stateOf(session) });
    await session.dispose();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});
