/** Graph models of whole networks, as `tf.loadGraphModel` runs them on two backends, against our own devices. */
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { createGraphModel, type GraphModel } from "../../src/compiler/targets/tfjs/graph-model/graph-model.ts";
import type { TfjsPlan } from "../../src/compiler/targets/tfjs/plan.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { createRandom } from "../../src/runtime/random.ts";
import { fromFileLayout } from "../../src/runtime/weights/layout.ts";
import { graphModelFiles } from "../../src/runtime/weights/tfjs/graph-model-files.ts";
import type { Weights } from "../../src/runtime/weights/weights.ts";
import { sizeOf } from "../../src/shape.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { networkOf } from "../check/helper.ts";
import { networkOf as fileNetwork } from "../models/networks.ts";
import { backends, execute, loadFiles, tf, use } from "./load-graph-model.ts";

const digits = `
model Digits() {
  input  image: [12, 12, 1]
  output logits: [5]
  stem   = image -> conv1: conv(8, kernel: 3) -> bn1: norm -> relu -> max_pool(3, stride: 2)
  top    = stem -> conv2: conv(12, kernel: 3, stride: 2) -> bn2: norm -> relu
  logits = top -> global_avg_pool -> fc: linear(5)
}`;

const residual = `
block Basic(width: int, stride: int = 1) {
  input  x: [H, W, C]
  output y: [H / stride, W / stride, width]
  main = x -> conv1: conv(width, kernel: 3, stride: stride) -> bn1: norm -> relu -> conv2: conv(width, kernel: 3) -> bn2: norm
  skip = if stride == 1 and C == width { x } else { x -> down.0: conv(width, kernel: 1, stride: stride) -> down.1: norm }
  y    = main + skip -> relu
}
model Residual() {
  input  image: [16, 16, 3]
  output logits: [6]
  stem   = image -> conv1: conv(8, kernel: 7, stride: 2) -> bn1: norm -> relu -> maxpool: max_pool(3, stride: 2)
  layer1 = stem -> Basic(8) -> Basic(12, stride: 2)
  wide   = layer1 -> grouped: conv(16, kernel: 3, groups: 4) -> each: depthwise_conv(kernel: 3)
  logits = wide -> global_avg_pool -> fc: linear(6)
}`;

/** Maxout and maxima over windows, which explanations go back through. */
const maxima = digits.replace("\nmodel", "\nbcos { preset: v1 }\nmodel");

const transformer = `
block Encoder(heads: int, mlp: int) {
  input  x: [T, D]
  output y: [T, D]
  mixed = x -> norm1: norm(layer) -> to_qkv: linear(3 * D, b: 1, maxout: 1, weights: free, bias: false)
            -> attention(heads) -> to_out: linear(D, bias: false)
  a     = mixed + x
  fed   = a -> norm2: norm(layer) -> linear1: linear(mlp) -> gelu -> linear2: linear(D)
  y     = fed + a
}
model Transformer() {
  input  image: [8, 8, 3]
  output logits: [5]
  embedded = image -> patches(2) -> embed: linear(12)
  tokens   = embedded -> position_embed -> tokens
  encoded  = tokens -> repeat 2 { encoder_{index}: Encoder(3, mlp: 16) }
  logits   = encoded -> global_avg_pool -> head: linear(5)
}`;

/** Branches side by side, and a pool beside convolutions. */
const branches = `
model Branches() {
  input  image: [9, 9, 3]
  output logits: [4]
  a      = image -> conv1: conv(6, kernel: 1) -> bn1: norm -> relu
  b      = image -> conv2: conv(8, kernel: 5, b: 1.5) -> bn2: norm -> relu
  c      = image -> avg_pool(3, stride: 1) -> conv3: conv(4, kernel: 1)
  joined = concat(a, b, c) -> conv4: conv(10, kernel: 3, stride: 2)
  logits = joined -> global_avg_pool -> fc: linear(4)
}`;

const names = { digits, residual, maxima, transformer, branches } as const;

/** Weights with statistics that are not those of a start. */
async function weightsOf(session: Session): Promise<Weights> {
  const random = createRandom(5, "statistics");
  const weights = await session.exportWeights();
  for (const [path, { data }] of weights) {
    if (/running_var$/.test(path)) data.forEach((_, i) => (data[i] = 0.5 + random.uniform()));
    if (/running_mean$|bias$/.test(path)) data.forEach((_, i) => (data[i] = random.uniform() - 0.5));
  }
  return weights;
}

function planOf(network: Network, form: Form, name: "predict" | "explain", batch: number): TfjsPlan {
  const { graphs } = buildProgram(network, { form, batch, graphs: [name] }).program;
  return createTfjsPlan(graphs[name]!, "portable", { name, batch });
}

interface Made {
  readonly model: GraphModel;
  readonly session: Session;
}

/** The model of a text, and a session with the same weights. Without `batch`, for any number of samples. */
async function make(text: string, form: Form, graph: "predict" | "explain", batch?: number): Promise<Made> {
  const network = networkOf(text);
  const { program } = buildProgram(network, { form, batch: 2, graphs: [graph] });
  const session = await openSession(program, { device: "reference", seed: 4 });
  const weights = await weightsOf(session);
  await session.importWeights(weights);
  const state = new Map(
    program.state.map((spec) => [spec.path, fromFileLayout(spec, weights.get(spec.path)!.data) as Float32Array]),
  );
  const outputs = graph === "explain" ? ["logits", "contributions", "weights", "constant"] : ["logits"];
  const model =
    batch === undefined
      ? createGraphModel(planOf(network, form, graph, 2), { state, outputs }, planOf(network, form, graph, 3))!
      : createGraphModel(planOf(network, form, graph, batch), { state, outputs });
  return { model, session };
}

function imagesOf({ program }: Session, count: number): Float32Array {
  const random = createRandom(6, "images");
  return Float32Array.from({ length: count * sizeOf(program.input.shape) }, () => random.uniform());
}

const notes = { generatedBy: "test", notes: {} };

/** Relative to the largest amount. */
function apart(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(found.length).toBe(wanted.length);
  let [largest, amount] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(found[i]! - wanted[i]!));
    amount = Math.max(amount, Math.abs(wanted[i]!));
  }
  return largest / amount;
}

beforeAll(() => use("cpu"));

describe("graph models of networks", () => {
  it.each(Object.entries(names))("%s explains the predicted class, and what is asked for", async (_, text) => {
    const { model, session } = await make(text, "bcos", "explain");
    const files = graphModelFiles(model, notes);
    const images = imagesOf(session, 3);
    const { shape } = session.program.input;
    const classes = session.program.classes;
    for (const backend of backends) {
      await use(backend);
      const before = tf.memory().numTensors;
      const loaded = await loadFiles(files);
      expect(loaded.inputs.map(({ name, shape }) => [name, shape])).toEqual([["image", [-1, ...shape]]]);
      for (const [start, count] of [
        [0, 1],
        [1, 2],
      ] as const) {
        const data = images.subarray(start * sizeOf(shape), (start + count) * sizeOf(shape));
        const feeds = { image: { shape: [count, ...shape], data } };
        const outputs = Object.keys(model.signature.outputs);
        const found = execute(loaded, feeds, outputs);
        for (let i = 0; i < count; i++) {
          const logits = [...found["logits"]!.subarray(i * classes, (i + 1) * classes)];
          const target = [...found["target"]!.subarray(i * classes, (i + 1) * classes)];
          expect(target).toEqual(logits.map((logit) => (logit === Math.max(...logits) ? 1 : 0)));
        }
        // Half of a class, less another.
        const asked = Float32Array.from({ length: count * classes }, (_, i) => [0.5, 0, -1][i % classes] ?? 0);
        const other = execute(loaded, { ...feeds, target: { shape: [count, classes], data: asked } }, outputs);
        expect([...other["target"]!]).toEqual([...asked]);
        for (const result of [found, other]) {
          const wanted = await session.runSamples("explain", count, { image: data, cotangent: result["target"]! });
          for (const name of ["logits", "contributions", "weights", "constant"]) {
            expect(apart(result[name]!, wanted[name]!), `${name} on ${backend}`).toBeLessThan(2e-5);
          }
          for (let i = 0; i < count; i++) {
            const sum = (name: string): number => {
              const width = result[name]!.length / count;
              return result[name]!.subarray(i * width, (i + 1) * width).reduce((a, b) => a + b, 0);
            };
            const explained = logitsTimes(result["logits"]!, result["target"]!, i, classes);
            const amount = Math.max(1, Math.abs(explained));
            expect(Math.abs(sum("contributions") + sum("constant") - explained) / amount).toBeLessThan(1e-5);
          }
        }
      }
      loaded.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
    await session.dispose();
  });

  it.each([
    ["digits", "bcos"],
    ["digits", "standard"],
    ["residual", "standard"],
    ["transformer", "standard"],
    ["branches", "standard"],
  ] as const)("%s predicts as %s", async (name, form) => {
    const { model, session } = await make(names[name], form, "predict");
    expect([model.batch, model.targetNode]).toEqual([undefined, undefined]);
    const images = imagesOf(session, 3);
    const wanted = await session.predict(images);
    for (const backend of backends) {
      await use(backend);
      const loaded = await loadFiles(graphModelFiles(model, notes));
      // One output: `predict` gives it as it is.
      const logits = tf.tidy(() => {
        const image = tf.tensor(images, [3, ...session.program.input.shape]);
        return (loaded.predict(image) as tf.Tensor).dataSync<"float32">();
      });
      expect(apart(logits, wanted), backend).toBeLessThan(1e-5);
      loaded.dispose();
    }
    await session.dispose();
  });

  it.each(["mnist", "cifar/resnet20", "tiny-darknet", "simple-vit-ti-patch16-224"])(
    "models/%s.bcos takes any number of images",
    (file) => {
      const network = fileNetwork(`${file}.bcos`, "v2");
      const program = buildProgram(network, { form: "bcos", batch: 1, graphs: [] }).program;
      const state = new Map(program.state.map(({ path, shape }) => [path, new Float32Array(sizeOf(shape)).fill(0.5)]));
      const [plan, other] = [2, 3].map((batch) => planOf(network, "bcos", "explain", batch)) as [TfjsPlan, TfjsPlan];
      const model = createGraphModel(plan, { state, outputs: ["contributions"] }, other);
      expect(model?.batch).toBe(undefined);
      expect(model?.signature.outputs["contributions"]!.tensorShape.dim[0]!.size).toBe("-1");
    },
  );

  it("has a batch where one is asked for, and says so in its signature", async () => {
    const { model, session } = await make(digits, "bcos", "explain", 2);
    expect(model.batch).toBe(2);
    expect(model.signature.outputs["contributions"]!.tensorShape.dim.map(({ size }) => size)).toEqual([
      "2",
      "12",
      "12",
    ]);
    await use("wasm");
    const loaded = await loadFiles(graphModelFiles(model, notes));
    const image = { shape: [1, 12, 12, 1], data: imagesOf(session, 1) };
    expect(() => execute(loaded, { image }, ["logits"])).toThrow(/must be \[2,12,12,1\]/);
    loaded.dispose();
    await session.dispose();
  });

  it("computes what depends on the weights alone when it is made, and names nodes by layers", async () => {
    const { model, session } = await make(residual, "bcos", "predict");
    const { node } = model.topology;
    const weights = new Set(model.weights.map(({ name }) => name));
    const convolution =
      node.find(({ name }) => name === "layer1/basic1/conv1/Conv2D") ?? node.find(({ op }) => op === "Conv2D")!;
    // Its filters are a weight, already of unit rows and in TensorFlow's order.
    expect(weights.has(convolution.input![1]!)).toBe(true);
    for (const { op, input = [] } of node) {
      if (op !== "Reshape") expect(input.length === 0 || input.some((name) => !weights.has(name)), op).toBe(true);
    }
    expect(new Set(node.map(({ name }) => name)).size).toBe(node.length);
    await session.dispose();
  });

  it("has products with weights as they are stored, for the explanation too", async () => {
    const { model, session } = await make(transformer, "bcos", "explain");
    const weights = new Set(model.weights.map(({ name }) => name));
    const products = model.topology.node.filter(({ op, input }) => op === "MatMul" && weights.has(input![1]!));
    expect(products.length).toBeGreaterThan(10);
    expect(products.filter(({ attr }) => (attr["transpose_b"] as { b: boolean }).b)).toEqual([]);
    await session.dispose();
  });
});

function logitsTimes(logits: Float32Array, target: Float32Array, image: number, classes: number): number {
  let sum = 0;
  for (let k = image * classes; k < (image + 1) * classes; k++) sum += logits[k]! * target[k]!;
  return sum;
}
