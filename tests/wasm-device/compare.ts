/** Runs one program on the WASM device and on the reference device in float32 and compares what comes out. */
import { join } from "node:path";
import { expect } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Form, GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { CodeTarget } from "../../src/compiler/targets/code-target.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { sizeOf } from "../../src/shape.ts";
import { createRandom } from "../../src/runtime/random.ts";

const models = join(import.meta.dirname, "../../models");

/** A model of the package with all its graphs and plans. */
export function compileForTests(
  file: string,
  batch: number,
  form: Form = "bcos",
  target: CodeTarget = "wasm",
): Program {
  const { networks } = checkFile(createNodeHost(), join(models, file));
  return buildProgram(networks[0]!, {
    form,
    batch,
    graphs: ["predict", "explain", "gradient", "train"],
    train: {
      loss: { kind: form === "bcos" ? "bce" : "cross_entropy" },
      optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
      clip: { kind: "agc", factor: 0.1, epsilon: 1e-3 },
    },
    targets: [target],
  }).program;
}

/** Images with numbers from 0 to 1, one-hot targets and cotangents, of a seed. */
export function feedsFor(program: Program, seed: number): Record<"image" | "rows", Float32Array> {
  const random = createRandom(seed, "feeds");
  const { batch, classes, input } = program;
  const image = Float32Array.from({ length: batch * sizeOf(input.shape) }, () => random.uniform());
  const rows = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) rows[i * classes + random.integer(classes)] = 1;
  return { image, rows };
}

/** Feeds of one run of a graph. */
export function feedsOf(program: Program, graph: GraphName, seed: number, step = 1): Record<string, ArrayLike<number>> {
  const { image, rows } = feedsFor(program, seed);
  const input = { [program.input.name]: image };
  switch (graph) {
    case "predict":
      return input;
    case "explain":
    case "gradient":
      return { ...input, cotangent: rows };
    case "train":
      return { ...input, targets: rows, learningRate: [0.01], step: [step] };
    default:
      throw new Error(`no graph ${String(graph satisfies never)}`);
  }
}

/** ‖a − b‖ / ‖b‖ in the largest element; NaN counts as infinite. */
export function distance(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let scale = 0;
  let largest = actual.length === wanted.length ? 0 : Infinity;
  for (let i = 0; i < wanted.length; i++) {
    scale = Math.max(scale, Math.abs(wanted[i]!));
    const error = Math.abs(actual[i]! - wanted[i]!);
    if (!(error <= largest)) largest = Number.isNaN(error) ? Infinity : error;
  }
  return largest === 0 ? 0 : largest / (scale + 1e-6);
}

export function expectClose(
  actual: Readonly<Record<string, ArrayLike<number>>>,
  wanted: Readonly<Record<string, ArrayLike<number>>>,
  tolerance: number,
  where: string,
): void {
  expect(Object.keys(actual).sort(), where).toEqual(Object.keys(wanted).sort());
  for (const [name, values] of Object.entries(wanted)) {
    expect(distance(actual[name]!, values), `${where}: ${name}`).toBeLessThan(tolerance);
  }
}

/** Both devices with the same weights. */
export async function openBoth(program: Program, seed: number): Promise<readonly [wasm: Session, reference: Session]> {
  const reference = await openSession(program, { device: "reference", seed });
  const wasm = await openSession(program, { device: "wasm", seed, threads: 2 });
  return [wasm, reference];
}

/** All of the state, as lists of numbers by path. */
export async function stateOf(session: Session): Promise<Record<string, ArrayLike<number>>> {
  const weights = await session.exportWeights({ optimizer: true });
  return Object.fromEntries([...weights].map(([path, { data }]) => [path, data]));
}
