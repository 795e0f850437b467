/** Weights larger than a binding: in parts on the device, whole for everybody else. */
import { afterEach, describe, expect, it } from "vitest";
import { buildProgram, type ProgramOptions } from "../../src/compiler/compile.ts";
import type { Form, Program } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { createWebgpuCode } from "../../src/compiler/targets/webgpu/plan-code.ts";
import { splitWeights } from "../../src/compiler/targets/webgpu/split-weights.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { openSession, type Session, type SessionOptions } from "../../src/runtime/session.ts";
import { net } from "../layers/nets.ts";
import { distance, feedsOf } from "../wasm-device/compare.ts";
import { gpuSource } from "./support.ts";

const source = await gpuSource("vulkan");

/** Two convolutions with large weights, one of them without an edge that parts of equal size would have. */
function network(settings: Partial<BcosSettings> = {}): Network {
  const b = net([8, 8, 3]);
  let x = b.layer("conv", "conv1", "input", { width: 16, kernel: 3, padding: 1 });
  x = b.layer("conv", "conv2", b.layer("relu", "relu1", x), {
    width: 22,
    kernel: 3,
    stride: 2,
    padding: 1,
    bias: true,
  });
  x = b.layer("global_avg_pool", "pool", b.layer("relu", "relu2", x));
  return b.finish(b.layer("linear", "fc", x, { width: 5 }), settings);
}

const mostBytes = 4096;

function programOf(form: Form, settings: Partial<BcosSettings>, options: Partial<ProgramOptions> = {}): Program {
  const { program } = buildProgram(network(settings), { form, batch: 2, graphs: ["predict", "explain"], ...options });
  return { ...program, webgpu: createWebgpuCode(program.graphs, program.batch, { mostWeightBytes: mostBytes }) };
}

const opened: Session[] = [];
afterEach(async () => {
  for (const session of opened.splice(0)) await session.dispose();
});

async function sessionOf(program: Program, options: SessionOptions): Promise<Session> {
  const session = await openSession(program, { seed: 3, ...options });
  opened.push(session);
  return session;
}

describe("parts", () => {
  const { program } = buildProgram(network(), { form: "bcos", batch: 1, graphs: ["predict", "explain"] });

  it("are whole rows, none too large, and all of the tensor", () => {
    const { parts } = splitWeights(program.graphs, mostBytes);
    expect(Object.keys(parts)).toEqual(["conv2.weight"]);
    const rows = 22 * 16 * 9;
    expect(parts["conv2.weight"]!.reduce((sum, { length }) => sum + length, 0)).toBe(rows);
    for (const { length } of parts["conv2.weight"]!) {
      expect(4 * length).toBeLessThanOrEqual(mostBytes);
      expect(length % (16 * 9)).toBe(0);
    }
    expect(parts["conv2.weight"]![0]!.path).toBe("conv2.weight[0:6]");
    expect(parts["conv2.weight"]!.at(-1)!.path).toBe("conv2.weight[18:22]");
  });

  it("are read by no graph as a whole", () => {
    const { graphs } = splitWeights(program.graphs, mostBytes);
    for (const graph of Object.values(graphs)) {
      const read = graph.nodes.flatMap((node) => (node.op === "state" ? [node.attributes.path] : []));
      expect(read.filter((path) => path.startsWith("conv2"))).toHaveLength(4);
      expect(read).not.toContain("conv2.weight");
      for (const { op, shape } of graph.nodes) if (op === "concat") expect(shape).not.toEqual([22, 3, 3, 16]);
    }
  });

  it("are not made where nothing is too large, nor of what a training updates", () => {
    expect(splitWeights(program.graphs, 2 ** 20)).toEqual({ graphs: program.graphs, parts: {} });
    const train = { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 } } as const;
    const trained = buildProgram(network(), { form: "bcos", batch: 1, graphs: ["predict", "train"], train }).program;
    expect(splitWeights(trained.graphs, mostBytes).parts).toEqual({});
  });
});

const cases: readonly (readonly [string, Form, Partial<BcosSettings>])[] = [
  ["unit rows", "bcos", {}],
  ["two units an output", "bcos", { maxout: 2 }],
  ["rows as they are", "bcos", { weights: "free", b: 1.5 }],
  ["the conventional form", "standard", {}],
];

describe.skipIf(source === undefined)("on an adapter", () => {
  it.each(cases)("compute what the reference device does: %s", async (_, form, settings) => {
    const program = programOf(form, settings);
    expect(program.webgpu!.parts).toHaveProperty("conv2.weight");
    const session = await sessionOf(program, { device: createWebgpuDevice({ source: source! }) });
    const reference = await sessionOf(program, { device: "reference", precision: "float64" });
    // What was written is read again, though it lies in several buffers.
    const weights = await session.exportWeights();
    await reference.importWeights(weights);
    await session.importWeights(weights);
    expect(await session.exportWeights()).toEqual(weights);
    for (const name of form === "bcos" ? (["predict", "explain"] as const) : (["predict"] as const)) {
      const feeds = feedsOf(program, name, 7);
      const [found, exact] = [await session.run(name, feeds), await reference.run(name, feeds)];
      for (const output of Object.keys(exact)) {
        expect(distance(found[output]!, exact[output]!), `${name} ${output}`).toBeLessThan(2e-5);
      }
    }
  });
});
