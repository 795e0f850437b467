/** Runs that go on from the run before: the same bits as whole runs, and only the launches that are needed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import { planTotals } from "../../src/compiler/plan/print-plan.ts";
import type { DeviceSession, Tensor } from "../../src/runtime/device.ts";
import { referenceDevice } from "../../src/runtime/devices/reference/device.ts";
import { wasmDevice } from "../../src/runtime/devices/wasm/device.ts";
import { openSession } from "../../src/runtime/session.ts";
import { initialValues } from "../../src/runtime/initialise.ts";
import { networks } from "../layers/random-networks.ts";
import { compileForTests, feedsOf } from "./compare.ts";

const mnist = compileForTests("mnist.bcos", 3);

async function open(program: Program, device = wasmDevice, threads = 2): Promise<DeviceSession> {
  const session = await device.open(program, { threads });
  for (const spec of program.state) await session.write(spec.path, initialValues(spec, 1));
  return session;
}

type Feeds = Record<"image" | "cotangent", Tensor>;

function explainFeeds(program: Program, seed: number): Feeds {
  const { [program.input.name]: image, cotangent } = feedsOf(program, "explain", seed);
  return { image: Float32Array.from(image!), cotangent: Float32Array.from(cotangent!) };
}

/** Whole runs for three cotangents, and one forward run that the three go on from. */
async function expectSameBits(program: Program, session: DeviceSession, graph: GraphName): Promise<void> {
  const { name } = program.input;
  const { image } = explainFeeds(program, 1);
  const cotangents = [1, 2, 3].map((seed) => explainFeeds(program, seed + 10).cotangent);
  const wanted = [];
  for (const cotangent of cotangents) wanted.push(await session.run(graph, { [name]: image, cotangent }));
  await session.run("predict", { [name]: explainFeeds(program, 5).image });
  const { logits, ...others } = await session.run(graph, { [name]: image }, ["logits"]);
  expect(others).toEqual({});
  expect(logits).toEqual(wanted[0]!["logits"]);
  for (const i of [0, 1, 2, 0]) {
    expect(await session.run(graph, { cotangent: cotangents[i]! }, undefined, { resume: true })).toEqual(wanted[i]);
  }
}

describe("a run that goes on from the one before", () => {
  it.each([
    ["mnist.bcos", 3],
    ["cifar/resnet20.bcos", 2],
  ])("gives the bits of a whole run: %s", async (file, batch) => {
    const program = compileForTests(file, batch);
    for (const session of [
      await open(program),
      await open(program, wasmDevice, 1),
      await open(program, referenceDevice),
    ]) {
      for (const graph of ["explain", "gradient"] as const) await expectSameBits(program, session, graph);
      await session.dispose();
    }
  });

  it("gives them for random networks", { timeout: 120_000 }, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(networks(9, 21, 6), fc.constantFrom(1, 4), async (network, batch) => {
        if (checkForm(network, "bcos").length > 0) return;
        const graphs = ["predict", "explain"] as const;
        const { program } = buildProgram(network, { form: "bcos", batch, graphs, targets: ["wasm"] });
        const session = await open(program);
        await expectSameBits(program, session, "explain");
        await session.dispose();
        compared++;
      }),
      { numRuns: 30 },
    );
    expect(compared).toBeGreaterThan(8);
  });

  it("runs the forward part once and the rest for each cotangent", async () => {
    const session = await open(mnist);
    const { image, cotangent } = explainFeeds(mnist, 1);
    await session.run("explain", { image, cotangent });
    session.profiler!.start({ runs: 9 });
    await session.run("explain", { image }, ["logits"]);
    for (let i = 0; i < 2; i++) await session.run("explain", { cotangent }, ["weights"], { resume: true });
    await session.run("explain", { image, cotangent }, ["contributions"]);
    const { runs, launches } = await session.profiler!.stop();
    const ran = runs.map((_, run) => [...new Set(launches.filter((one) => one.run === run).map((one) => one.launch))]);
    const plan = mnist.wasm!.plans.explain!;
    const { first } = plan.repeat!;
    const [prepare, all] = [planTotals(plan).prepare, plan.launches.length];
    const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
    expect(ran).toEqual([range(prepare, first), range(first, all), range(first, all), range(prepare, all)]);
    expect(runs.map(({ resumed }) => resumed)).toEqual([false, true, true, false]);
    await session.dispose();
  });

  it.each([wasmDevice, referenceDevice])("needs one of its graph, with nothing between: $name", async (device) => {
    const session = await open(mnist, device);
    const { image, cotangent } = explainFeeds(mnist, 1);
    const resume = () => session.run("explain", { cotangent }, undefined, { resume: true });
    const refused = "run/resume: there is no run of the graph `explain` to go on from";
    const betweens = [
      () => session.run("predict", { image }),
      () => session.run("gradient", { image, cotangent }),
      () => session.run("train", feedsOf(mnist, "train", 1) as Record<string, Tensor>),
      () => session.write("fc.weight", new Float32Array(sizeOfState(mnist, "fc.weight"))),
    ];
    await expect(resume()).rejects.toThrow(refused);
    for (const between of betweens) {
      await session.run("explain", { image, cotangent });
      await expect(resume()).resolves.toHaveProperty("weights");
      await between();
      await expect(resume()).rejects.toThrow(refused);
    }
    await session.run("train", feedsOf(mnist, "train", 1) as Record<string, Tensor>);
    const again = session.run("train", feedsOf(mnist, "train", 1) as Record<string, Tensor>, [], { resume: true });
    await expect(again).rejects.toThrow("run/resume");
    await session.dispose();
  });

  it.each([wasmDevice, referenceDevice])(
    "asks for what it was never given, and takes anything new: $name",
    async (device) => {
      const session = await open(mnist, device);
      const [one, two] = [explainFeeds(mnist, 1), explainFeeds(mnist, 2)];
      const wanted = await session.run("explain", { image: two.image, cotangent: one.cotangent });
      await session.run("explain", { image: one.image }, ["logits"]);
      const resume = (feeds: Partial<Feeds>) => session.run("explain", feeds as Feeds, undefined, { resume: true });
      await expect(resume({})).rejects.toThrow("was run without the feed `cotangent`");
      await expect(resume({ cotangent: one.image })).rejects.toThrow("run/feed");
      await resume({ cotangent: one.cotangent });
      expect(await resume({ image: two.image })).toEqual(wanted);
      await session.dispose();
    },
  );
});

it("a session lets nothing in between", async () => {
  const session = await openSession(mnist, { device: "wasm", threads: 2, seed: 1 });
  const { image, cotangent } = explainFeeds(mnist, 1);
  const explaining = session.runRepeated(
    "explain",
    3,
    { image },
    { times: 2, first: ["logits"], next: () => ({ cotangent }) },
  );
  const predicting = session.predict(image);
  const [outputs, logits] = await Promise.all([explaining, predicting]);
  expect(outputs[0]).toEqual(outputs[1]);
  expect(outputs[0]).toEqual(await session.run("explain", { image, cotangent }));
  expect(logits).toHaveLength(3 * mnist.classes);
  await session.dispose();
});

function sizeOfState({ state }: Program, path: string): number {
  return state.find((spec) => spec.path === path)!.shape.reduce((a, b) => a * b, 1);
}
