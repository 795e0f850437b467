/** Everything that a program computes on a device, and how near to the truth it must be. */
import { expect } from "vitest";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { openSession, type Session, type SessionOptions } from "../../src/runtime/session.ts";
import { distance, feedsOf, stateOf } from "./compare.ts";

type Results = Readonly<Record<string, ArrayLike<number>>>;

/** All graphs, some training steps, the state behind them, predictions again. */
export async function runAll(program: Program, seed: number, options: SessionOptions): Promise<Results> {
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

/** Each result is as near to the truth as the reference device in float32 is, beyond what another order makes of it. */
export function expectAsNear(actual: Results, near: Results, truth: Results): void {
  expect(Object.keys(actual)).toEqual(Object.keys(truth));
  for (const [name, values] of Object.entries(truth)) {
    const bound = TOLERANCE + FACTOR * distance(near[name]!, values);
    expect(distance(actual[name]!, values), name).toBeLessThan(bound);
  }
}
