/** Whole models on backends of TensorFlow.js: as on the reference device. */
import { afterAll, describe, expect, it } from "vitest";
import type { Form, GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { TfjsTarget } from "../../src/compiler/targets/tfjs/backends.ts";
import type { Device } from "../../src/runtime/device.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { compileForTests, distance, expectClose, feedsFor, feedsOf, stateOf } from "../wasm-device/compare.ts";
import { nodeBackend, tinyProgram, webgpuBackend } from "./backends.ts";

interface Case {
  readonly file: string;
  readonly batch: number;
  readonly form: Form;
  readonly steps: number;
}

const mnist: Case = { file: "mnist.bcos", batch: 2, form: "bcos", steps: 2 };
const all: readonly Case[] = [
  mnist,
  { ...mnist, form: "standard" },
  { file: "cifar/resnet20.bcos", batch: 1, form: "bcos", steps: 1 },
];

const webgpu = await webgpuBackend();
const node = await nodeBackend();
const backends: readonly { name: TfjsTarget; device: Device | TfjsTarget; cases: readonly Case[] }[] = [
  { name: "tfjs:cpu", device: "tfjs:cpu", cases: [mnist] },
  { name: "tfjs:wasm", device: "tfjs:wasm", cases: all },
  // Software adapters take long to compile kernels.
  ...(webgpu === undefined ? [] : [{ name: "tfjs:webgpu" as const, device: webgpu, cases: [] }]),
  ...(node === undefined ? [] : [{ name: "tfjs:node" as const, device: node.device, cases: all }]),
];

describe.each(backends)("$name", ({ name, device, cases }) => {
  const open: Session[] = [];
  afterAll(async () => {
    for (const session of open) await session.dispose();
  });
  async function openBoth(program: Program): Promise<readonly [tfjs: Session, reference: Session]> {
    const sessions = [
      await openSession(program, { device, seed: 3 }),
      await openSession(program, { device: "reference", seed: 3 }),
    ] as const;
    open.push(...sessions);
    return sessions;
  }

  async function compareAll(ours: Program, steps: number): Promise<void> {
    const [tfjs, reference] = await openBoth(ours);
    const { program } = tfjs;
    const compareRun = async (graph: GraphName, seed: number, step?: number): Promise<void> => {
      const feeds = feedsOf(program, graph, seed, step);
      expectClose(await tfjs.run(graph, feeds), await reference.run(graph, feeds), 1e-4, `${graph} ${seed}`);
    };
    const evaluation = (Object.keys(program.graphs) as GraphName[]).filter((graph) => graph !== "train");
    for (const graph of evaluation) await compareRun(graph, 1);
    for (let step = 1; step <= steps; step++) await compareRun("train", step, step);
    expectClose(await stateOf(tfjs), await stateOf(reference), 1e-3, "state");
    for (const graph of evaluation) await compareRun(graph, 2);
  }

  it.each(cases)("$file, $form: as on the reference device", async ({ file, batch, form, steps }) => {
    await compareAll(compileForTests(file, batch, form, name), steps);
  });

  it("a small network with dropout, norm and clipping: as on the reference device", async () => {
    await compareAll(tinyProgram(name), 3);
  });

  it("explains images of any number, for several classes", async () => {
    const [tfjs, reference] = await openBoth(tinyProgram(name));
    const { image } = feedsFor(tfjs.program, 5);
    const images = Float32Array.from([...image, ...image.slice(0, image.length / 2)]);
    const [ours, theirs] = [
      await explain(tfjs, images, { target: { top: 2 } }),
      await explain(reference, images, { target: { top: 2 } }),
    ];
    expect(ours).toHaveLength(6);
    for (const [i, { contributions, residual, ...explanation }] of ours.entries()) {
      const wanted = theirs[i]!;
      expect(explanation.target).toEqual(wanted.target);
      expect(distance(contributions, wanted.contributions)).toBeLessThan(1e-4);
      expect(residual).toBeLessThan(1e-4);
    }
  });
});
