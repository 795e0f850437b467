import { describe, expect, test } from "vitest";
import { buildProgram, type ProgramOptions } from "../../src/compiler/compile.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { presets } from "../../src/compiler/network/presets.ts";
import type { BcosSettings } from "../../src/compiler/network/settings.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { net, resNet } from "./nets.ts";
import { noise, stateFor, sum, worst } from "./numbers.ts";

const batch = 2;
const small = { size: 8, widths: [4, 6], blocks: [1, 1], classes: 3 };
const all: readonly GraphName[] = ["predict", "explain", "gradient"];

function image(program: Program, seed = 5): Float64Array {
  const size = program.input.shape.reduce((a, b) => a * b, program.batch);
  return noise(size, seed).map((v) => 0.5 + 0.5 * v);
}

function run(
  program: Program,
  name: GraphName,
  feeds: Record<string, Float64Array>,
  state: Record<string, Float64Array>,
) {
  return evaluateGraph(program.graphs[name]!, { feeds, state });
}

function build(network: Network, options: Partial<ProgramOptions> = {}): Program {
  return buildProgram(network, { form: "bcos", batch, graphs: all, ...options }).program;
}

const cases: readonly (readonly [string, Partial<BcosSettings>])[] = [
  ["v2", {}],
  ["v1", presets.v1],
  ["cosified", presets.cosified],
  ["B 1.5, two units", { b: 1.5, maxout: 2 }],
  ["centred norms with bias, activations kept", { norm: { variant: "batch", args: [] }, normBias: true, relu: "keep" }],
  ["biases kept, head before the pool", { bias: true, b: 1.5 }],
  ["biases kept, head behind the pool", { bias: true, head: "after_pool" }],
  ["per-sample norms", { norm: { variant: "position", args: [] }, maxPool: "keep" }],
  [
    "group norm, no encoding, head behind the pool",
    {
      norm: { variant: "group_uncentered", args: [2] },
      encode: { variant: "none", args: [] },
      head: "after_pool",
      logitTemperature: 0.1,
      logitBias: 0.7,
    },
  ],
];

describe.each(cases)("a small residual network, %s", (name, settings) => {
  const program = build(resNet({ ...small, large: name === "v1", size: name === "v1" ? 16 : 8, settings }));
  const state = stateFor(program.state);
  const feeds = { image: image(program), cotangent: noise(batch * 3, 9) };

  test("contributions and constant parts add up to what is explained", () => {
    const { outputs } = run(program, "explain", feeds, state);
    const places = outputs["contributions"]!.length / batch;
    for (let i = 0; i < batch; i++) {
      const own = outputs["contributions"]!.slice(i * places, (i + 1) * places);
      const size = Math.max(1e-12, sum(own.map(Math.abs)));
      const logits = outputs["logits"]!.slice(3 * i, 3 * i + 3);
      const explained = sum(logits.map((logit, k) => logit * feeds.cotangent[3 * i + k]!));
      expect(outputs["explained"]![i]).toBeCloseTo(explained, 12);
      const total = sum(own) + outputs["constant"]![i]!;
      expect(Math.abs(total - outputs["explained"]![i]!) / Math.max(size, Math.abs(explained))).toBeLessThan(1e-10);
    }
  });

  test("the constant parts by name add up to the constant", () => {
    const { outputs } = run(program, "explain", feeds, state);
    const parts = Object.keys(outputs).filter((key) => key.startsWith("constant/"));
    expect(parts.length).toBeGreaterThan(0);
    for (let i = 0; i < batch; i++)
      expect(sum(parts.map((key) => outputs[key]![i]!))).toBeCloseTo(outputs["constant"]![i]!, 12);
  });

  test("all graphs give the same logits", () => {
    const logits = all.map((graph) => {
      const own = graph === "predict" ? { image: feeds.image } : feeds;
      return run(program, graph, own, state).outputs["logits"]!;
    });
    expect(logits[0]!.some((v) => v !== logits[0]![0])).toBe(true);
    expect(worst(logits[1]!, logits[0]!)).toBeLessThan(1e-14);
    expect(worst(logits[2]!, logits[0]!)).toBeLessThan(1e-14);
  });
});

test("the conventional form normalises its input by the lists of the encoding, and by nothing else", () => {
  const [means, deviations] = presets.cosified.encode.args as [number[], number[]];
  const inNet = build(resNet({ ...small, settings: presets.cosified }), { form: "standard", graphs: ["predict"] });
  const raw = build(resNet({ ...small }), { form: "standard", graphs: ["predict"] });
  const state = stateFor(raw.state);
  const pixels = image(raw);
  const before = pixels.map((v, i) => (v - means[i % 3]!) / deviations[i % 3]!);
  const logits = run(inNet, "predict", { image: pixels }, state).outputs["logits"]!;
  expect(worst(logits, run(raw, "predict", { image: before }, state).outputs["logits"]!)).toBeLessThan(1e-12);
});

test("the true gradient of the input is the slope, and differs from the explanation's weights", () => {
  const program = build(resNet({ ...small, settings: { encode: { variant: "none", args: [] }, b: 1.5 } }));
  const state = stateFor(program.state);
  const feeds = { image: image(program), cotangent: noise(batch * 3, 9) };
  const { gradient } = run(program, "gradient", feeds, state).outputs;
  const value = (x: Float64Array): number =>
    sum(run(program, "predict", { image: x }, state).outputs["logits"]!.map((v, i) => v * feeds.cotangent[i]!));
  const scale = Math.max(...gradient!.map(Math.abs));
  for (const i of [0, 17, 100, 191, 200, 383]) {
    const h = 1e-6;
    const at = (d: number) => value(feeds.image.map((v, j) => (i === j ? v + d : v)));
    expect(Math.abs((at(h) - at(-h)) / (2 * h) - gradient![i]!) / scale).toBeLessThan(1e-5);
  }
  const { weights } = run(program, "explain", feeds, state).outputs;
  expect(worst(weights!, gradient!)).toBeGreaterThan(1e-3 * scale);
});

describe.each(["bcos", "standard"] as const)("training in the form %s", (form) => {
  const network = resNet({ ...small, settings: { b: 1.5, maxout: 2 } });
  const loss = form === "bcos" ? ({ kind: "bce" } as const) : ({ kind: "cross_entropy", smoothing: 0.1 } as const);
  const program = build(network, {
    form,
    graphs: ["predict", "train"],
    outputGradients: true,
    train: { loss, optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 } },
  });
  const state = stateFor(program.state);
  const targets = Float64Array.of(1, 0, 0, 0, 0, 1);
  const feeds = { image: image(program), targets, learningRate: Float64Array.of(0.1), step: Float64Array.of(1) };

  test("the gradient of every weight is the slope of the loss", () => {
    const { outputs } = run(program, "train", feeds, state);
    const weights = program.state.filter((spec) => spec.role === "weight");
    const gradients = weights.map((spec) => outputs[`gradient/${spec.path}`]!);
    const scale = Math.max(...gradients.flatMap((g) => Array.from(g, Math.abs)));
    expect(scale).toBeGreaterThan(1e-6);
    weights.forEach(({ path }, w) => {
      const i = (7 * w) % gradients[w]!.length;
      const h = 1e-6;
      const at = (d: number): number => {
        const moved = state[path]!.map((v, j) => (i === j ? v + d : v));
        return run(program, "train", feeds, { ...state, [path]: moved }).outputs["loss"]![0]!;
      };
      const slope = (at(h) - at(-h)) / (2 * h);
      expect(Math.abs(gradients[w]![i]! - slope), `${path}[${i}]`).toBeLessThan(1e-5 * scale);
    });
  });

  test("weights move down the gradient and running statistics follow the batch", () => {
    const { outputs, updates } = run(program, "train", feeds, state);
    for (const spec of program.state) {
      const next = updates[spec.path]!;
      expect(next, spec.path).toBeDefined();
      if (spec.role !== "weight") {
        expect(worst(next, state[spec.path]!)).toBeGreaterThan(1e-4);
        continue;
      }
      const expected = state[spec.path]!.map((v, i) => v - 0.1 * outputs[`gradient/${spec.path}`]![i]!);
      expect(worst(next, expected), spec.path).toBeLessThan(1e-14);
    }
  });
});

describe("programs", () => {
  test("state has torchvision's names; uncentred norms have no running mean and B-cos layers no bias", () => {
    const paths = (form: "bcos" | "standard") => build(resNet(small), { form, graphs: [] }).state.map((s) => s.path);
    expect(paths("bcos").slice(0, 4)).toEqual([
      "conv1.weight",
      "bn1.weight",
      "bn1.running_var",
      "layer1.0.conv1.weight",
    ]);
    expect(paths("bcos").at(-1)).toBe("fc.weight");
    expect(paths("standard").slice(0, 5)).toEqual([
      "conv1.weight",
      "bn1.weight",
      "bn1.bias",
      "bn1.running_mean",
      "bn1.running_var",
    ]);
    expect(paths("standard").slice(-2)).toEqual(["fc.weight", "fc.bias"]);
    expect(paths("bcos")).toContain("layer2.0.downsample.1.running_var");
  });

  test("the classifier is a 1x1 convolution in the B-cos form and a matrix in the conventional one", () => {
    const fc = (form: "bcos" | "standard") =>
      build(resNet(small), { form, graphs: [] }).state.find((s) => s.path === "fc.weight");
    expect(fc("bcos")).toMatchObject({ shape: [3, 1, 1, 6], layout: "ohwi" });
    expect(fc("standard")).toMatchObject({ shape: [3, 6], layout: "plain" });
  });

  test("the conventional form has no explanation", () => {
    expect(Object.keys(build(resNet(small), { form: "standard" }).graphs)).toEqual(["predict", "gradient"]);
  });

  test("taps come out under the paths of layers, blocks and bindings", () => {
    const program = build(resNet(small), { graphs: ["predict"], keepTaps: true });
    const { outputs } = run(program, "predict", { image: image(program) }, stateFor(program.state));
    expect(outputs["tap/layer1.0.bn2"]!.length).toBe(batch * 8 * 8 * 4);
    expect(outputs["tap/layer2"]).toEqual(outputs["tap/layer2.0"]);
    expect(outputs["tap/fc"]!.length).toBe(batch * 4 * 4 * 3);
    expect(Object.keys(build(resNet(small), { graphs: ["predict"] }).graphs.predict!.outputs)).toEqual(["logits"]);
  });

  test("vectors are explained element by element of the encoded input", () => {
    const b = net([6]);
    let x = b.layer("linear", "0", "input", { width: 5, maxout: 2 });
    x = b.layer("relu", "relu", x);
    x = b.layer("linear", "1", x, { width: 3 });
    const program = build(b.finish(x));
    expect(program.input.encodedShape).toEqual([12]);
    const feeds = { image: image(program), cotangent: noise(batch * 3, 9) };
    const { outputs } = run(program, "explain", feeds, stateFor(program.state));
    expect(outputs["contributions"]!.length).toBe(batch * 12);
    const difference = sum(outputs["contributions"]!) + sum(outputs["constant"]!) - sum(outputs["explained"]!);
    expect(Math.abs(difference)).toBeLessThan(1e-12);
  });

  describe("a sigmoid", () => {
    /** x -> conv, and beside it x -> conv -> sigmoid; joined by an operator. */
    function gatedNet(operator: "mul" | "add", swapped = false) {
      const b = net([4, 4, 3]);
      const main = b.layer("conv", "main", "input", { width: 4, kernel: 3 });
      let gate = b.layer("conv", "squeeze", b.layer("avg_pool", "pool", "input", { kernel: 4 }), {
        width: 4,
        kernel: 1,
      });
      gate = b.layer("sigmoid", "gate", gate);
      const both = operator === "add" ? [b.layer("upsample", "up", gate, { factor: 4 }), main] : [main, gate];
      const y = b.layer(operator, "join", swapped ? both.toReversed() : both);
      return b.finish(b.layer("linear", "fc", b.layer("global_avg_pool", "mean", y), { width: 3 }));
    }
    const explained = (network: Network) => {
      const { program, notes } = buildProgram(network, { form: "bcos", batch, graphs: all });
      const feeds = { image: image(program), cotangent: noise(batch * 3, 9) };
      const { outputs } = run(program, "explain", feeds, stateFor(program.state));
      const difference = sum(outputs["contributions"]!) + sum(outputs["constant"]!) - sum(outputs["explained"]!);
      return { outputs, difference, codes: notes.map((note) => note.code) };
    };

    test("is the dynamic gate of a product, on either side", () => {
      for (const swapped of [false, true]) {
        const { outputs, difference, codes } = explained(gatedNet("mul", swapped));
        expect(Math.abs(difference)).toBeLessThan(1e-12);
        expect(Object.keys(outputs).filter((key) => key.startsWith("constant/"))).toEqual(["constant/logit_bias"]);
        expect(codes).not.toContain("bcos/constant-part");
      }
    });

    test("is a constant part elsewhere", () => {
      const { outputs, difference, codes } = explained(gatedNet("add"));
      expect(Math.abs(difference)).toBeLessThan(1e-12);
      expect(Math.abs(outputs["constant/gate"]![0]!)).toBeGreaterThan(1e-6);
      expect(codes).toContain("bcos/constant-part");
    });
  });

  test("random layers drop different elements at each step and none in evaluation", () => {
    const b = net([4, 4, 2]);
    let x = b.layer("conv", "conv", "input", { width: 8, kernel: 3 });
    x = b.layer("dropout", "dropout", x, { rate: 0.5 });
    x = b.layer("global_avg_pool", "pool", x);
    x = b.layer("linear", "fc", x, { width: 3 });
    const program = build(b.finish(x), {
      graphs: ["predict", "train"],
      train: { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 } },
    });
    const state = stateFor(program.state);
    const at = (step: number) =>
      run(
        program,
        "train",
        {
          image: image(program),
          targets: new Float64Array(6),
          learningRate: Float64Array.of(0.1),
          step: Float64Array.of(step),
        },
        state,
      ).outputs["logits"]!;
    expect(at(1)).toEqual(at(1));
    expect(worst(at(1), at(2))).toBeGreaterThan(1e-6);
    expect(program.graphs.predict!.nodes.some((node) => node.op === "random_uniform")).toBe(false);
  });

  test("what can't be lowered is a diagnostic", () => {
    const b = net([4, 4, 2]);
    const skip = b.layer("add", "sum", [b.layer("conv", "conv", "input", { width: 2, kernel: 3 }), "input"]);
    const network = b.finish(b.layer("global_avg_pool", "pool", skip));
    const codes = (form: "bcos" | "standard"): readonly string[] => {
      try {
        build(network, { form, graphs: [] });
        return [];
      } catch (error) {
        return error instanceof BcosError ? error.diagnostics.map((d) => d.code) : ["thrown"];
      }
    };
    expect(codes("standard")).toEqual([]);
    expect(codes("bcos")).toEqual(["bcos/encoded-shape"]);
  });
});

test("options that make no sense are findings, not internal errors", () => {
  const network = resNet(small);
  for (const size of [0, -1, 1.5, NaN]) {
    expect(() => buildProgram(network, { form: "bcos", batch: size, graphs: [] })).toThrow("run/input: `batch` takes");
  }
  expect(() => buildProgram(network, { form: "bcos", batch: 1, graphs: ["train"] })).toThrow(
    "run/input: `train` takes",
  );
});
