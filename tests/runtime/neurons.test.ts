/** Explanations of neurons: any value of any layer adds up, on every device, and the classifier's are those of classes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkForm } from "../../src/compiler/network/forms.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import type { TargetName } from "../../src/compiler/plan/plan.ts";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { explainNeurons } from "../../src/runtime/explain/neurons.ts";
import { createRandom } from "../../src/runtime/random.ts";
import { openSession, type SessionOptions } from "../../src/runtime/session.ts";
import { sizeOf } from "../../src/shape.ts";
import { networks as randomNetworks } from "../layers/random-networks.ts";
import { distance } from "../wasm-device/compare.ts";
import { gpuSource } from "../webgpu-device/support.ts";

const source = `block Unit(width: int) {
  input  x: [H, W, C]
  output y: [H, W, width]
  y = x -> conv1: conv(width, kernel: 3) -> bn1: norm -> relu
}
model Net(classes: int = 3) {
  input  image: [9, 7, 3]
  output logits: [classes]
  body   = image -> Unit(5) -> Unit(6) -> max_pool(3, stride: 2)
  pooled = body -> global_avg_pool
  logits = pooled -> fc: linear(classes)
}
`;
const { networks, diagnostics } = checkFile(createMemoryHost({ "net.bcos": source }), "net.bcos");
const network: Network = { ...networks[0]!, settings: { ...networks[0]!.settings, head: "after_pool" } };

const imagesOf = (shape: readonly number[], count: number): Float32Array => {
  const random = createRandom(3, "images");
  return Float32Array.from({ length: count * sizeOf(shape) }, () => random.uniform());
};
const images = imagesOf([9, 7, 3], 3);

function programOf(explainedLayer?: string, batch = 2) {
  return buildProgram(network, {
    form: "bcos",
    batch,
    graphs: ["predict", "explain"],
    keepTaps: true,
    targets: ["wasm"],
    ...(explainedLayer === undefined ? {} : { explainedLayer }),
  }).program;
}

const exact: SessionOptions = { device: "reference", precision: "float64", seed: 4 };

async function tapOf(path: string): Promise<ArrayLike<number>> {
  const session = await openSession(programOf(), exact);
  const outputs = await session.runSamples("predict", 3, { image: images }, [`tap/${path}`]);
  return outputs[`tap/${path}`]!;
}

describe("explanations of neurons", () => {
  it("have a network to look at", () => expect(diagnostics).toEqual([]));

  it.each(["body.0.conv1", "body.0", "body.1.bn1", "body", "pooled", "fc", "logits"])(
    "of `%s` are those of its values, and add up",
    async (path) => {
      const program = programOf(path);
      const { shape } = program.explainedLayer!;
      const [tap, size, units] = [await tapOf(path), sizeOf(shape), shape.at(-1)!];
      const session = await openSession(program, exact);
      const strongest = await explainNeurons(session, images, { bound: 1e-12 });
      strongest.forEach((e, i) => {
        const own = Array.from(tap).slice(i * size, (i + 1) * size);
        expect(e.explained).toBeCloseTo(Math.max(...own), 12);
        const { layer, unit, place } = e.neuron!;
        expect(layer).toBe(path);
        const at = place.reduce((sum, value, axis) => sum * shape[axis]! + value, 0) * units + unit;
        expect(own.indexOf(Math.max(...own))).toBe(at);
        expect(e.constant).toBe(0);
        expect(e.target).toBeUndefined();
        expect(e.colour!.length).toBe(9 * 7 * 4);
      });
      const place = shape.slice(0, -1).map((length) => length - 1);
      const given = await explainNeurons(session, images, { unit: 1, place, bound: 1e-12 });
      given.forEach((e, i) => {
        expect(e.neuron).toEqual({ layer: path, unit: 1, place });
        expect(e.explained).toBeCloseTo(tap[(i + 1) * size - units + 1]!, 12);
      });
      const unit = await explainNeurons(session, images, { unit: 2 });
      unit.forEach((e, i) => {
        const own = Array.from(tap).slice(i * size, (i + 1) * size);
        expect(e.neuron!.unit).toBe(2);
        expect(e.explained).toBeCloseTo(Math.max(...own.filter((_, at) => at % units === 2)), 12);
      });
      await session.dispose();
    },
  );

  it("of the classifier are those of classes, without the constant of the logits", async () => {
    const classes = await explain(await openSession(programOf(), exact), images, { target: 2 });
    const neurons = await explainNeurons(await openSession(programOf("logits"), exact), images, { unit: 2 });
    neurons.forEach((e, i) => {
      expect(e.explained).toBeCloseTo(classes[i]!.explained - classes[i]!.constant, 12);
      expect(distance(e.contributions, classes[i]!.contributions)).toBeLessThan(1e-12);
      expect(e.logits).toEqual(classes[i]!.logits);
    });
  });

  it("look for the largest unit of a place", async () => {
    const tap = await tapOf("body");
    const [first] = await explainNeurons(await openSession(programOf("body"), exact), images, { place: [3, 2] });
    const own = Array.from(tap).slice((3 * 4 + 2) * 6, (3 * 4 + 2) * 6 + 6);
    expect(first!.neuron).toEqual({ layer: "body", unit: own.indexOf(Math.max(...own)), place: [3, 2] });
  });

  it("of a negative activation show in colour what makes it negative", async () => {
    const session = await openSession(programOf("body.0.conv1"), exact);
    const all = await explainNeurons(session, images, { unit: 0, place: [4, 4] });
    const tap = await tapOf("body.0.conv1");
    const negative = Array.from(tap).findIndex((value) => value < 0);
    const [image, place] = [Math.floor(negative / (9 * 7 * 5)), Math.floor((negative % (9 * 7 * 5)) / 5)];
    const options = { unit: negative % 5, place: [Math.floor(place / 7), place % 7] };
    const e = (await explainNeurons(session, images, options))[image]!;
    expect(e.explained).toBeLessThan(0);
    expect([...e.contributions].reduce((a, b) => a + b, 0)).toBeCloseTo(e.explained, 12);
    expect(Math.max(...e.colour!.filter((_, i) => i % 4 === 3))).toBe(1);
    expect(all[0]!.colourScale).toMatchObject({ smooth: 3, percentile: 99.5 });
    expect(all[0]!.colourScale!.full).toBeGreaterThan(0);
  });

  it("refuse what is not there", async () => {
    expect(() => programOf("body.2")).toThrow("run/no-layer: the network has no layer, binding or block `body.2`");
    const session = await openSession(programOf("body"), exact);
    const refused = (options: object) => expect(explainNeurons(session, images, options)).rejects;
    await refused({ unit: 6 }).toThrow("`unit` takes a channel of `body`, 0 to 5, not 6");
    await refused({ place: [5, 0] }).toThrow("`place` takes a place of `body`, 0 to 4, 0 to 3, not 5, 0");
    await refused({ place: [0] }).toThrow("run/input");
    await refused({ place: [0.5, 0] }).toThrow("run/input");
    await expect(explain(session, images)).rejects.toThrow("one that explains `body`");
    const vector = await openSession(programOf("pooled"), exact);
    await expect(explainNeurons(vector, images, { place: [0] })).rejects.toThrow("nothing: `pooled` is a vector");
    const logits = await openSession(programOf(), exact);
    await expect(explainNeurons(logits, images)).rejects.toThrow("`explainedLayer`");
  });
});

interface Compared {
  readonly target: TargetName;
  readonly options: SessionOptions;
  readonly sizes: Parameters<typeof randomNetworks>;
  readonly runs: number;
}

/** Neurons of random layers of random networks, explained on a device as on the reference device. */
async function compareNeurons({ target, options, sizes, runs }: Compared): Promise<number> {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(randomNetworks(...sizes), fc.nat(1000), async (random, pick) => {
      if (checkForm(random, "bcos").length > 0) return;
      const explainedLayer = random.layers[pick % random.layers.length]!.path;
      const { program } = buildProgram(random, {
        ...{ form: "bcos", batch: 2, graphs: ["explain"], explainedLayer },
        targets: [target],
      });
      const { shape } = program.explainedLayer!;
      const neuron = { unit: pick % shape.at(-1)!, place: shape.slice(0, -1).map((size) => pick % size) };
      const fed = imagesOf(program.input.shape, 3);
      const truth = await explainNeurons(await openSession(program, exact), fed, { ...neuron, bound: 1e-9 });
      const session = await openSession(program, { ...options, seed: 4 });
      const given = await explainNeurons(session, fed, neuron);
      given.forEach((e, i) => {
        const scale = Math.max(1e-3, ...truth[i]!.contributions.map(Math.abs), Math.abs(truth[i]!.explained));
        expect(Math.abs(e.explained - truth[i]!.explained) / scale).toBeLessThan(1e-3);
        e.contributions.forEach((c, at) =>
          expect(Math.abs(c - truth[i]!.contributions[at]!) / scale).toBeLessThan(1e-2),
        );
      });
      await session.dispose();
      compared++;
    }),
    { numRuns: runs },
  );
  return compared;
}

describe("neurons of random networks", () => {
  it("agree on the WASM device", { timeout: 120_000 }, async () => {
    const options: SessionOptions = { device: "wasm", threads: 2 };
    expect(await compareNeurons({ target: "wasm", options, sizes: [7, 9, 5], runs: 40 })).toBeGreaterThan(10);
  });

  it("agree on a WebGPU device", { timeout: 600_000 }, async ({ skip }) => {
    const found = await gpuSource("vulkan");
    if (found === undefined) return skip();
    const options: SessionOptions = { device: createWebgpuDevice({ source: found }) };
    expect(await compareNeurons({ target: "webgpu", options, sizes: [5, 6, 2], runs: 3 })).toBeGreaterThan(0);
  });
});
