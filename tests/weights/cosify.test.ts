/** B-cosification: the steps that shall preserve the function do, in float64, and what can't be converted is refused. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { cosificationSteps, type CosificationStep } from "../../src/compiler/cosify/cosification.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { convertWeights, type BuiltStep } from "../../src/runtime/cosify/convert.ts";
import { measureSteps } from "../../src/runtime/cosify/measure.ts";
import { syntheticImages } from "../../src/runtime/data/synthetic.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { openSession, type SessionOptions } from "../../src/runtime/session.ts";
import { fileShape, toFileLayout } from "../../src/runtime/weights/layout.ts";
import type { Weights } from "../../src/runtime/weights/weights.ts";
import { networkOf } from "../check/helper.ts";
import { noise, stateFor } from "../layers/numbers.ts";
import { networks as randomNetworks } from "../layers/random-networks.ts";
import { modelFiles, networkOf as modelNetwork } from "../models/networks.ts";

const exact: SessionOptions = { device: "reference", precision: "float64" };

function built(step: CosificationStep): BuiltStep {
  const { program } = buildProgram(step.network, { form: step.form, batch: 2, graphs: ["predict"] });
  return { program, recipes: step.recipes };
}

/** Weights of the conventional form in float64, as weight files have them. Running means are far from 0. */
function weightsOf({ program }: BuiltStep): Weights {
  const state = stateFor(program.state);
  return new Map(
    program.state.map((spec) => [spec.path, { shape: fileShape(spec), data: toFileLayout(spec, state[spec.path]!) }]),
  );
}

async function measured(network: Network, count = 3) {
  const steps = cosificationSteps(network);
  const programs = steps.map(built);
  const weights = weightsOf(programs[0]!);
  const images = syntheticImages(network.input.shape, count, 5);
  const measurement = await measureSteps(programs, weights, images, exact);
  const effects = measurement.steps.map(({ effect }, i) => [steps[i + 1]!.name, effect]);
  return { steps, programs, weights, images, measurement, effects: Object.fromEntries(effects) as object };
}

const model = (rows: string, input = "[8, 8, 3]", settings = "preset: cosified"): string => `
bcos { ${settings} }
block Unit(width: int) {
  input  x: [H, W, C]
  output y: [H, W, width]
  main = x -> conv1: conv(width, kernel: 3) -> bn1: norm -> relu -> conv2: conv(width, kernel: 3, bias: true) -> bn2: norm(eps: 1e-3)
  skip = x -> downsample: conv(width, kernel: 1)
  y    = main + skip -> relu
}
model Net {
  input  image: ${input}
  output logits: [5]
${rows}
}`;

const vectors = "preset: cosified, encode: add_inverse_normalized([0.1, 0.5, 0.4, 0.2], [1, 0.5, 0.25, 2])";

/** Networks with the steps that they have, and what each does. */
const cases: readonly (readonly [name: string, text: string, effects: Readonly<Record<string, string>>])[] = [
  [
    "a residual network with maxima and groups",
    model(`  stem = image -> conv1: conv(6, kernel: 3, stride: 2) -> bn1: norm -> relu -> max_pool(2)
  a = stem -> Unit(4) -> grouped: conv(8, kernel: 3, groups: 2, bias: true) -> bn: norm -> leaky_relu(0.1)
  logits = a -> global_avg_pool -> fc: linear(5)`),
    {
      ...{ encode: "preserves", head: "preserves", norm: "preserves", max_pool: "changes", b: "changes" },
      ...{ bias: "changes", logit_layer: "shifts" },
    },
  ],
  [
    "a transformer on patches",
    model(`  embedded = image -> patches(2) -> embed: linear(8) -> position_embed -> tokens
  x = embedded -> n1: norm(layer) -> qkv: linear(24, b: 1, maxout: 1, weights: free, bias: false) -> attention(2) -> out: linear(8, bias: false)
  y = x + embedded
  z = y -> n2: norm(layer) -> mlp1: linear(12) -> gelu -> mlp2: linear(8)
  w = z + y
  logits = w -> global_avg_pool -> n3: norm(layer) -> fc: linear(5)`),
    { encode: "preserves", b: "changes", bias: "changes", logit_layer: "shifts" },
  ],
  [
    "a perceptron behind flatten",
    model(`  logits = image -> flatten -> fc1: linear(7) -> relu -> fc2: linear(5)`, "[3, 2, 3]"),
    { encode: "preserves", b: "changes", bias: "changes", logit_layer: "shifts" },
  ],
  [
    "patches behind flatten",
    model(`  logits = image -> patches(2) -> flatten -> fc1: linear(5, bias: false)`, "[4, 6, 3]"),
    { encode: "preserves", b: "changes", logit_layer: "shifts" },
  ],
  [
    "vectors",
    model(`  logits = image -> fc1: linear(7) -> bn: norm -> fc2: linear(5)`, "[4]", vectors),
    { encode: "preserves", norm: "preserves", b: "changes", bias: "changes", logit_layer: "shifts" },
  ],
  [
    "several first layers, behind layers that only move and average",
    model(`  small = image -> blur_pool(3, stride: 2) -> pad(1) -> crop(5)
  a = small -> left: conv(3, kernel: 3) -> bn: norm
  b = small + small -> avg_pool(3, stride: 1, padding: 1) -> right: conv(4, kernel: 3, padding: same, bias: true)
  ab = concat(a, b) -> deep: depthwise_conv(3, bias: true) -> n: norm(position) -> gelu -> last: conv(5, kernel: 1, bias: true)
  logits = ab -> global_avg_pool`),
    {
      ...{ encode: "preserves", norm: "preserves", b: "changes" },
      ...{ bias: "changes", logit_layer: "shifts" },
    },
  ],
  [
    "settings that keep much",
    model(
      `  logits = image -> conv1: conv(4, kernel: 3, bias: true) -> bn1: norm -> max_pool(2) -> global_avg_pool -> fc: linear(5)`,
      "[8, 8, 3]",
      "preset: cosified, b: 1, norm: batch, norm_bias: true, bias: true, max_pool: keep, head: after_pool, logit_bias: 0",
    ),
    { encode: "preserves" },
  ],
  [
    "an exponent of a layer's own, and no encoding",
    model(
      `  logits = image -> conv1: conv(4, kernel: 3, b: 1.5) -> relu -> conv2: conv(5, kernel: 1, b: 1) -> global_avg_pool`,
      "[8, 8, 3]",
      "preset: cosified, encode: none, logit_bias: 0, logit_temperature: 2",
    ),
    { b: "changes", logit_layer: "changes" },
  ],
  [
    "the settings of 2024",
    model(
      `  logits = image -> conv1: conv(4, kernel: 3) -> bn1: norm -> relu -> conv2: conv(5, kernel: 1) -> silu -> global_avg_pool`,
      "[8, 8, 3]",
      "preset: v2, encode: add_inverse_normalized([0, 0, 0], [1, 1, 1]), scale: constant(2)",
    ),
    {
      ...{ encode: "preserves", norm: "preserves", relu: "changes", gelu: "changes", weights: "changes" },
      ...{ scale: "changes", b: "changes", bias: "changes", logit_layer: "shifts" },
    },
  ],
];

describe.each(cases)("%s", (_name, text, expected) => {
  it("has its steps, and those that shall preserve the function do", async () => {
    const { effects, measurement } = await measured(networkOf(text));
    expect(effects).toEqual(expected);
    expect(measurement.largestLogit).toBeGreaterThan(0.05);
    for (const step of measurement.steps) {
      if (step.effect === "preserves") expect(step.fromConventional / measurement.largestLogit).toBeLessThan(1e-13);
      else expect(step.change / measurement.largestLogit).toBeGreaterThan(1e-6);
    }
  });

  it("ends in the B-cos network of the file, whose explanations add up", async () => {
    const network = networkOf(text);
    const { programs, weights, images } = await measured(network);
    const { program } = buildProgram(network, { form: "bcos", batch: 2, graphs: ["explain"] });
    const cosified = convertWeights(programs.at(-1)!, weights);
    const session = await openSession(program, { ...exact, weights: cosified });
    for (const explanation of await explain(session, images)) {
      expect(explanation.relativeResidual).toBeLessThan(1e-12);
      expect(explanation.contributions.some((c) => c !== 0)).toBe(true);
    }
    await session.dispose();
  });
});

/** Random networks as B-cosification takes them: one unit an output, and an input that is normalised or not encoded. */
const convertible: fc.Arbitrary<Network> = fc.tuple(randomNetworks(6, 5, 7), fc.boolean()).map(([network, encoded]) => {
  const channels = network.input.shape.at(-1)!;
  const list = (value: number): number[] => Array.from({ length: channels }, (_, c) => value + c / 10);
  const encode = encoded
    ? { variant: "add_inverse_normalized", args: [list(0.2), list(0.5)] }
    : { variant: "none", args: [] };
  const layers = network.layers.map((layer) => {
    const { maxout, ...own } = layer.arguments;
    return { ...layer, arguments: maxout === undefined ? own : { ...own, maxout: 1 } };
  });
  const norm = network.settings.norm.variant === "batch" ? network.settings.norm : presets.cosified.norm;
  return { ...network, layers, settings: { ...network.settings, norm, maxout: 1, encode } };
});

/** Steps that compute the same whatever the network. The head is only one that changes places with the average. */
const preserving = ["encode", "norm"];

test("of any network the encoding and the norms preserve the function", async () => {
  let converted = 0;
  await fc.assert(
    fc.asyncProperty(convertible, async (network) => {
      let steps;
      try {
        steps = cosificationSteps(network);
      } catch (error) {
        if (!(error instanceof BcosError)) throw error;
        return;
      }
      const programs = steps.map(built);
      const images = noise(2 * network.input.shape.reduce((a, b) => a * b, 1), 3).map(Math.abs);
      const { largestLogit, steps: found } = await measureSteps(programs, weightsOf(programs[0]!), images, exact);
      found.forEach((step, i) => {
        const { name } = steps[i + 1]!;
        if (preserving.includes(name)) expect(step.change, name).toBeLessThanOrEqual(1e-10 * (1 + largestLogit));
      });
      converted++;
    }),
    { numRuns: 80, seed: 11 },
  );
  expect(converted).toBeGreaterThan(30);
});

describe("every model", () => {
  // The means of the preset are those of three channels.
  it.each(modelFiles.filter((file) => file !== "mnist.bcos"))("%s", (file) => {
    const network = modelNetwork(file, "cosified");
    const steps = cosificationSteps(network);
    expect(steps.slice(0, 2).map(({ name }) => name)).toEqual(["conventional", "encode"]);
    const { program } = buildProgram(network, { form: "bcos", batch: 1, graphs: [] });
    expect([...steps.at(-1)!.recipes.keys()].toSorted()).toEqual(program.state.map(({ path }) => path).toSorted());
    const pairs = [...steps.at(-1)!.recipes.values()].filter((recipe) => recipe.kind === "signed-pairs");
    expect(pairs).toMatchObject([{ run: 3 }]);
  });
});

describe("the numbers", () => {
  it("are pairs of halves in the first layer, and means in the biases", () => {
    const rows = `  logits = image -> conv1: conv(1, kernel: [1, 2]) -> bn1: norm(eps: 0.5) -> fc: conv(5, kernel: 1) -> global_avg_pool`;
    const settings = "preset: cosified, encode: add_inverse_normalized([0, 0], [1, 1]), norm_bias: true";
    const programs = cosificationSteps(networkOf(model(rows, "[1, 2, 2]", settings))).map(built);
    const one = (value: number) => ({ shape: [1], data: Float64Array.of(value) });
    const weights: Weights = new Map([
      ["conv1.weight", { shape: [1, 2, 1, 2], data: Float64Array.of(1, 2, 3, 4) }],
      ["bn1.weight", one(6)],
      ["bn1.bias", one(1)],
      ["bn1.running_mean", one(5)],
      ["bn1.running_var", one(8.5)],
      ["fc.weight", { shape: [5, 1, 1, 1], data: Float64Array.of(1, 2, 3, 4, 5) }],
    ]);
    const cosified = convertWeights(programs.at(-1)!, weights);
    const pair = [...[0.5, 1, 1.5, 2], ...[-0.5, -1, -1.5, -2]];
    expect(cosified.get("conv1.weight")).toEqual({ shape: [1, 4, 1, 2], data: Float64Array.from(pair) });
    expect(cosified.get("bn1.bias")).toEqual(one(1 - (5 * 6) / 3));
    expect(cosified.get("bn1.running_var")).toEqual(one(8.5));
    expect(cosified.has("bn1.running_mean")).toBe(false);
  });

  it("of patches are pairs a pixel", () => {
    const text = model(
      `  logits = image -> patches([1, 2]) -> embed: linear(5, bias: false) -> global_avg_pool`,
      "[1, 2, 3]",
    );
    const last = built(cosificationSteps(networkOf(text)).at(-1)!);
    const data = Float64Array.from({ length: 30 }, (_, i) => 2 * i);
    const found = convertWeights(last, new Map([["embed.weight", { shape: [5, 6], data }]])).get("embed.weight")!;
    expect(found.shape).toEqual([5, 12]);
    expect(Array.from(found.data.slice(12, 24))).toEqual([6, 7, 8, -6, -7, -8, 9, 10, 11, -9, -10, -11]);
  });

  it("stay float32 where they are", () => {
    const step = built(cosificationSteps(networkOf(cases[0]![1])).at(-1)!);
    const weights = weightsOf(built(cosificationSteps(networkOf(cases[0]![1]))[0]!));
    const single = new Map(
      [...weights].map(([path, { shape, data }]) => [path, { shape, data: Float32Array.from(data) }]),
    );
    for (const { data } of convertWeights(step, single).values()) expect(data).toBeInstanceOf(Float32Array);
  });
});

describe("weights", () => {
  const network = networkOf(cases[2]![1]);
  const programs = cosificationSteps(network).map(built);
  const weights = weightsOf(programs[0]!);
  const images = syntheticImages(network.input.shape, 1);
  const codesOf = async (given: Weights): Promise<readonly string[]> =>
    measureSteps(programs, given, images, { ...exact, place: "net.safetensors" }).then(
      () => [],
      (error: BcosError) => error.diagnostics.map((d) => `${d.code} ${d.place ?? ""}`),
    );

  it("of another network are refused", async () => {
    const less = new Map([...weights].slice(1));
    expect(await codesOf(less)).toEqual(["weights/missing net.safetensors"]);
    expect(() => convertWeights(programs.at(-1)!, less)).toThrow(BcosError);
    const more = new Map([...weights, ["more", { shape: [1], data: Float64Array.of(1) }]]);
    expect(await codesOf(more)).toEqual(["weights/unexpected net.safetensors"]);
    const other = new Map([...weights, ["fc1.weight", { shape: [7, 3], data: new Float64Array(21) }]]);
    expect(await codesOf(other)).toEqual(["weights/shape net.safetensors"]);
    expect(() => convertWeights(programs.at(-1)!, other)).toThrow(BcosError);
  });

  it("that are not finite are refused, and logits that become so are told", async () => {
    const scaled = (factor: number): Weights => {
      const { shape, data } = weights.get("fc2.weight")!;
      return new Map([...weights, ["fc2.weight", { shape, data: data.map((v) => v * factor) }]]);
    };
    expect(await codesOf(scaled(NaN))).toEqual(["run/not-finite "]);
    const { steps } = await measureSteps(programs, scaled(1e160), images, exact);
    const exponent = steps[1]!;
    expect(exponent).toMatchObject({ effect: "changes", change: Infinity, fromConventional: Infinity, sameClass: 0 });
  });
});

describe("what can't be converted", () => {
  const rest = " -> fc: conv(5, kernel: 1) -> global_avg_pool";
  it.each<[string, string, string, string?]>([
    ["a depthwise first layer", `image -> dw: depthwise_conv(3)${rest}`, "`dw` has groups of channels"],
    ["groups in the first layer", `image -> conv1: conv(6, kernel: 3, groups: 3)${rest}`, "`conv1` has groups"],
    ["a norm before it", `image -> bn0: norm${rest}`, "`bn0`, a layer `norm`, sees the encoded input"],
    ["an activation before it", `image -> relu${rest}`, "a layer `relu`, sees the encoded input"],
    ["maxima before it", `image -> max_pool(2)${rest}`, "a layer `max_pool`"],
    ["channels of zeros before it", `image -> pad(0, channels: 1)${rest}`, "a layer `pad`"],
    ["two units an output", `image -> c: conv(4, kernel: 3, maxout: 2)${rest}`, "`c` has several units an output"],
    ["no norms", `image -> c: conv(4, kernel: 3) -> bn: norm${rest}`, "drop the norm `bn`", "norm: none"],
    ["other norms", `image -> c: conv(4, kernel: 3) -> bn: norm${rest}`, "other statistics", "norm: layer"],
    ["an encoding without means", `image -> c: conv(4, kernel: 3)${rest}`, "[x, 1 - x]", "encode: add_inverse"],
  ])("%s", (_name, rows, message, setting) => {
    const settings = `preset: cosified${setting === undefined ? "" : `, ${setting}`}`;
    const network = networkOf(model(`  logits = ${rows}`, "[8, 8, 3]", settings));
    let found: unknown;
    try {
      cosificationSteps(network);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(BcosError);
    const { diagnostics } = found as BcosError;
    expect(diagnostics).toHaveLength(1);
    const [first] = diagnostics;
    expect(first).toMatchObject({
      code: "weights/cosify",
      severity: "error",
      message: expect.stringContaining(message),
    });
    expect(first!.span).toBeDefined();
    expect(first!.hints.length).toBeGreaterThan(0);
  });

  it("an input that is joined with another value", () => {
    const rows = `  c = image -> c: conv(3, kernel: 1)\n  ab = concat(image, c) -> fc: conv(5, kernel: 1)\n  logits = ab -> global_avg_pool`;
    expect(() => cosificationSteps(networkOf(model(rows)))).toThrow("a layer `concat`");
  });
});

describe("synthetic images", () => {
  it("lie between 0 and 1, differ from each other, and are the same each time", () => {
    const images = syntheticImages([6, 5, 3], 2, 4);
    expect(images).toHaveLength(180);
    expect(Math.min(...images)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...images)).toBeLessThanOrEqual(1);
    expect(Math.max(...images) - Math.min(...images)).toBeGreaterThan(0.5);
    expect(images.slice(0, 90)).not.toEqual(images.slice(90));
    expect(syntheticImages([6, 5, 3], 2, 4)).toEqual(images);
    expect(syntheticImages([4], 2)).toHaveLength(8);
  });
});
