/** What the models of tokens compute, in small: the blocks of simple ViTs and ViT-Cs with few and narrow layers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { GraphName, Program } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { networkOf as networkOfText } from "../check/helper.ts";
import { noise, stateFor, sum, worst } from "../layers/numbers.ts";
import { expectAgreement } from "../plan/agree.ts";
import { formOf, training, type Kind } from "./networks.ts";

const blocks = readFileSync(join(import.meta.dirname, "../../models/blocks/vit.bcos"), "utf8");
const batch = 2;
const classes = 3;
type State = Record<string, Float64Array>;

const files = {
  /** 2 x 2 patches of 4 x 4 pixels. */
  "simple ViT": `
    model SmallViT(classes: int = ${classes}) {
      input  image: [8, 8, 3]
      output logits: [classes]

      to_patch_embedding = image -> PatchEmbedding(16, patch: 4) : [2, 2, 16]
      tokens             = to_patch_embedding -> position_embedding: position_embed -> tokens
      encoded            = tokens -> repeat 2 { transformer.encoder_{index}: Encoder(2, mlp: 24) } : [4, 16]
      logits             = encoded -> linear_head: LinearHead(classes)
    }`,
  /** A stem that makes 32 x 48 pixels 2 x 3 tokens. */
  "ViT-C": `
    model SmallViTC(classes: int = ${classes}) {
      input  image: [32, 48, 3]
      output logits: [classes]

      to_patch_embedding = image -> ConvEmbedding(16, width: 4) : [2, 3, 16]
      tokens             = to_patch_embedding -> position_embedding: position_embed -> tokens
      encoded            = tokens -> repeat 1 { transformer.encoder_{index}: Encoder(2, mlp: 24) } : [6, 16]
      logits             = encoded -> linear_head: LinearHead(classes)
    }`,
} as const;

const imports = `import { ConvEmbedding, Encoder, LinearHead, PatchEmbedding } from "./blocks/vit.bcos"\n`;

function networkOf(text: string, kind: Kind, settings = ""): Network {
  const preset = kind === "standard" ? "v2" : kind;
  const main = `${imports}bcos { preset: ${preset}${settings} }\n${text}`;
  return networkOfText({ "main.bcos": main, "blocks/vit.bcos": blocks });
}

function programOf(network: Network, kind: Kind, graphs: readonly GraphName[]): Program {
  const options = { form: formOf(kind), batch, train: training, outputGradients: true };
  return buildProgram(network, { ...options, graphs }).program;
}

const sizeOfImage = (program: Program): number => program.input.shape.reduce((a, b) => a * b, 1);

/** Pixels between 0 and 1. */
const imageOf = (program: Program, seed = 5): Float64Array =>
  noise(batch * sizeOfImage(program), seed).map((v) => 0.5 + 0.5 * v);

const cotangent = noise(batch * classes, 9);

function run(program: Program, name: GraphName, image: Float64Array, state: State) {
  const feeds = { image, cotangent, targets: [1, 0, 0, 0, 0, 1], learningRate: [0.05], step: [1] };
  const wanted = program.graphs[name]!.nodes.flatMap((node) => (node.op === "input" ? [node.attributes.name] : []));
  const given = Object.fromEntries(Object.entries(feeds).filter(([feed]) => wanted.includes(feed)));
  return evaluateGraph(program.graphs[name]!, { feeds: given, state });
}

const explained = (logits: ArrayLike<number>): number => sum(cotangent.map((v, i) => v * logits[i]!));

/** The slope of a function of numbers along one of them. */
function slope(of: (x: Float64Array) => number, x: Float64Array, along: number, step = 1e-5): number {
  const moved = (by: number): Float64Array => x.map((v, i) => (i === along ? v + by : v));
  return (of(moved(step)) - of(moved(-step))) / (2 * step);
}

const evenly = (length: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(((i + 0.37) * length) / count));

describe.each(Object.entries(files))("a small %s", (_, text) => {
  test.each(["v2", "cosified"] as const)("%s: contributions and constant parts add up to what is explained", (kind) => {
    const program = programOf(networkOf(text, kind), kind, ["explain"]);
    const { outputs } = run(program, "explain", imageOf(program), stateFor(program.state));
    const places = outputs["contributions"]!.length / batch;
    for (let i = 0; i < batch; i++) {
      const own = outputs["contributions"]!.slice(i * places, (i + 1) * places);
      const residual = outputs["explained"]![i]! - outputs["constant"]![i]! - sum(own);
      expect(Math.abs(residual)).toBeLessThan(1e-11 * sum([...own, outputs["constant"]![i]!].map(Math.abs)));
    }
  });

  test("the position embedding is a constant part, and without it nothing of the body is constant", () => {
    const parts = (source: string): Readonly<Record<string, number>> => {
      const program = programOf(networkOf(source, "v2"), "v2", ["explain"]);
      const { outputs } = run(program, "explain", imageOf(program), stateFor(program.state));
      const named = Object.entries(outputs).filter(([key]) => key.startsWith("constant/"));
      return Object.fromEntries(named.map(([key, values]) => [key.slice("constant/".length), Math.abs(values[0]!)]));
    };
    const whole = parts(text);
    expect(whole["position_embedding"]).toBeGreaterThan(1e-6);
    expect(Object.keys(parts(text.replace("position_embedding: position_embed -> ", "")))).toEqual(
      Object.keys(whole).filter((part) => part !== "position_embedding"),
    );
  });

  test("the gradient of the input is the slope, and the explanation's weights are not: they leave attention as it is", () => {
    const network = networkOf(text, "v2", ", encode: none");
    const program = programOf(network, "v2", ["predict", "gradient", "explain"]);
    const state = stateFor(program.state);
    const image = imageOf(program);
    const gradient = run(program, "gradient", image, state).outputs["gradient"]!;
    const value = (x: Float64Array): number => explained(run(program, "predict", x, state).outputs["logits"]!);
    const scale = Math.max(...gradient.map(Math.abs));
    for (const i of evenly(image.length, 8)) {
      expect(Math.abs(slope(value, image, i) - gradient[i]!) / scale).toBeLessThan(1e-4);
    }
    expect(worst(run(program, "explain", image, state).outputs["weights"]!, gradient)).toBeGreaterThan(1e-2 * scale);
  });

  test.each(["v2", "standard"] as const)("%s: gradients of weights are slopes of the loss", (kind) => {
    const program = programOf(networkOf(text, kind), kind, ["train"]);
    const state = stateFor(program.state);
    const image = imageOf(program);
    const { outputs } = run(program, "train", image, state);
    const weights = program.state.filter(({ role }) => role === "weight").map(({ path }) => path);
    expect(weights.some((path) => path.endsWith("to_qkv.weight"))).toBe(true);
    for (const path of weights) {
      const gradient = Float64Array.from(outputs[`gradient/${path}`]!);
      const loss = (values: Float64Array): number =>
        run(program, "train", image, { ...state, [path]: values }).outputs["loss"]![0]!;
      // The largest number: small ones are lost in the rounding of the loss.
      const at = gradient.reduce((best, v, i) => (Math.abs(v) > Math.abs(gradient[best]!) ? i : best), 0);
      const found = slope(loss, state[path]!, at);
      expect(Math.abs(found - gradient[at]!), path).toBeLessThan(1e-4 * Math.abs(gradient[at]!) + 1e-9);
    }
  });

  test("the B-cos network has the weights of the conventional one without biases, and other logits", () => {
    const [bcos, standard] = (["v2", "standard"] as const).map((kind) =>
      programOf(networkOf(text, kind), kind, ["predict"]),
    ) as [Program, Program];
    const paths = bcos.state.map(({ path }) => path);
    const more = standard.state.map(({ path }) => path).filter((path) => !paths.includes(path));
    expect(standard.state.length).toBe(paths.length + more.length);
    expect(more.every((path) => path.endsWith(".bias"))).toBe(true);
    const state = stateFor(standard.state);
    // Of the layer that sees the image in six channels: the conventional one's weights twice.
    const wider = bcos.state.filter(({ path, shape }) => state[path]!.length < shape.reduce((x, y) => x * y, 1));
    expect(wider.length).toBe(1);
    const twice = Float64Array.from([...state[wider[0]!.path]!, ...state[wider[0]!.path]!]);
    const own = { ...state, [wider[0]!.path]: twice };
    const logits = run(standard, "predict", imageOf(standard), state).outputs["logits"]!;
    expect(worst(run(bcos, "predict", imageOf(bcos), own).outputs["logits"]!, logits)).toBeGreaterThan(1e-3);
  });

  test.each(["v2", "cosified", "standard"] as const)("%s: plans for wasm compute what the graphs say", (kind) => {
    const names = (["predict", "explain", "gradient", "train"] as const).filter(
      (graph) => kind !== "standard" || graph !== "explain",
    );
    const program = programOf(networkOf(text, kind), kind, names);
    const state = stateFor(program.state);
    for (const graph of names) expectAgreement(program, graph, state, { tolerance: 2e-4 });
  });

  test("a few steps lower the loss", () => {
    const program = programOf(networkOf(text, "v2"), "v2", ["train"]);
    let state = stateFor(program.state);
    const losses = Array.from({ length: 12 }, () => {
      const { outputs, updates } = run(program, "train", imageOf(program), state);
      state = { ...state, ...(updates as State) };
      return outputs["loss"]![0]!;
    });
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  });
});

describe("patches in another order", () => {
  /** Two patches of each image changed over, the left upper one and the right lower one, 4 x 4 pixels of `channels` each. */
  const changedOver = (pixels: ArrayLike<number>, channels: number): Float64Array => {
    const out = Float64Array.from(pixels);
    const at = (n: number, y: number, x: number): number => ((n * 8 + y) * 8 + x) * channels;
    for (let n = 0; n < batch; n++)
      for (let y = 0; y < 4; y++)
        for (let i = 0; i < 4 * channels; i++) {
          out[at(n, y, 0) + i] = pixels[at(n, y + 4, 4) + i]!;
          out[at(n, y + 4, 4) + i] = pixels[at(n, y, 0) + i]!;
        }
    return out;
  };
  const explain = (text: string, image: (program: Program) => Float64Array) => {
    const program = programOf(networkOf(text, "v2"), "v2", ["explain"]);
    return run(program, "explain", image(program), stateFor(program.state)).outputs;
  };
  const text = files["simple ViT"];

  test("without position embedding change nothing but the places of contributions", () => {
    const placeless = text.replace("position_embedding: position_embed -> ", "");
    const [before, after] = [explain(placeless, imageOf), explain(placeless, (p) => changedOver(imageOf(p), 3))];
    expect(worst(after["logits"]!, before["logits"]!)).toBeLessThan(1e-12);
    expect(worst(after["contributions"]!, changedOver(before["contributions"]!, 1))).toBeLessThan(1e-12);
  });

  test("with position embedding change the logits", () => {
    const [before, after] = [explain(text, imageOf), explain(text, (p) => changedOver(imageOf(p), 3))];
    expect(worst(after["logits"]!, before["logits"]!)).toBeGreaterThan(1e-4);
  });
});

test("attention explains through the values, with the attention matrix as it was", () => {
  const [tokens, width, heads] = [3, 8, 2];
  const depth = width / heads;
  const network = networkOfText(`
    bcos { encode: none, logit_bias: 0 }
    model Attending {
      input  image: [${tokens}, ${width}]
      output logits: [${width}]

      logits = image -> to_qkv: linear(${3 * width}, b: 1, maxout: 1, weights: free, bias: false) -> attention(${heads}) -> global_avg_pool
    }`);
  const { program } = buildProgram(network, { form: "bcos", batch: 1, graphs: ["explain"] });
  const x = noise(tokens * width, 4);
  const [spec, ...others] = program.state;
  expect(others).toEqual([]);
  const w = noise(3 * width * width, 6);
  const v = noise(width, 8);
  const feeds = { image: x, cotangent: v };
  const { outputs } = evaluateGraph(program.graphs.explain!, { feeds, state: { [spec!.path]: w } });

  /** Row `row` of the projection at a token. */
  const project = (row: number, token: number): number =>
    sum(Float64Array.from({ length: width }, (_, i) => w[row * width + i]! * x[token * width + i]!));
  /** softmax(q kᵀ / √d) of a head, from token `to`. */
  const attention = (head: number, to: number): number[] => {
    const scores = Array.from({ length: tokens }, (_, from) => {
      const products = Array.from({ length: depth }, (_, j) => {
        const channel = head * depth + j;
        return project(channel, to) * project(width + channel, from);
      });
      return Math.exp(sum(products) / Math.sqrt(depth));
    });
    return scores.map((score) => score / sum(scores));
  };
  const matrices = Array.from({ length: heads }, (_, head) =>
    Array.from({ length: tokens }, (_, to) => attention(head, to)),
  );
  const share = (channel: number, from: number): number =>
    sum(matrices[Math.floor(channel / depth)]!.map((row) => row[from]!)) / tokens;
  const logits = Float64Array.from({ length: width }, (_, channel) =>
    sum(Array.from({ length: tokens }, (_, from) => share(channel, from) * project(2 * width + channel, from))),
  );
  expect(worst(outputs["logits"]!, logits)).toBeLessThan(1e-12);
  const weights = Float64Array.from({ length: tokens * width }, (_, at) => {
    const [from, i] = [Math.floor(at / width), at % width];
    return sum(v.map((u, channel) => u * share(channel, from) * w[(2 * width + channel) * width + i]!));
  });
  expect(worst(outputs["weights"]!, weights)).toBeLessThan(1e-12);
});
