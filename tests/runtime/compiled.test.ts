import { describe, expect, it } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import { createDataset, type Dataset } from "../../src/runtime/data/dataset.ts";
import { evaluate } from "../../src/runtime/evaluate/evaluate.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { createRandom } from "../../src/runtime/random.ts";
import { openSession } from "../../src/runtime/session.ts";
import { train } from "../../src/runtime/train/trainer.ts";

const source = `model Bars(classes: int = 3) {
  input  image: [8, 8, 1]
  output logits: [classes]

  body   = image -> conv1: conv(6, kernel: 3) -> bn1: norm -> relu -> conv2: conv(8, kernel: 3, stride: 2) -> bn2: norm -> relu
  logits = body -> global_avg_pool -> fc: linear(classes)
}
`;

function program(form: Form) {
  const { networks, diagnostics } = checkFile(createMemoryHost({ "bars.bcos": source }), "bars.bcos");
  expect(diagnostics).toEqual([]);
  return buildProgram(networks[0]!, {
    form,
    batch: 16,
    graphs: ["predict", "train", "explain"],
    train: {
      loss: { kind: form === "bcos" ? "bce" : "cross_entropy" },
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false },
    },
  }).program;
}

/** A bright row, a bright column, or both, somewhere on noise. */
function bars(count: number, seed: number): Dataset {
  const random = createRandom(seed, "bars");
  const images = new Uint8Array(count * 64);
  const labels = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = random.integer(3);
    const [row, column] = [random.integer(8), random.integer(8)];
    for (let p = 0; p < 64; p++) {
      const onBar = (labels[i] !== 1 && Math.floor(p / 8) === row) || (labels[i] !== 0 && p % 8 === column);
      images[i * 64 + p] = onBar ? 220 + random.integer(36) : random.integer(40);
    }
  }
  return createDataset({ shape: [8, 8, 1], images, labels, classes: ["row", "column", "both"] });
}

const schedule = { kind: "cosine", rate: 0.03, per: "step", warmup: { length: 5 } } as const;

describe("a compiled network", () => {
  it("learns, is evaluated, and explains itself: the bar speaks for its class", async () => {
    const session = await openSession(program("bcos"), { seed: 1 });
    const result = await train(session, bars(320, 1), { epochs: 10, schedule });
    expect(result.epochs[9]!.loss).toBeLessThan(result.epochs[0]!.loss / 2);
    const test = bars(50, 2);
    expect((await evaluate(session, test)).accuracy).toBeGreaterThan(0.95);
    const images = Float32Array.from(test.images, (value) => value / 255);
    const explanations = await explain(session, images, { target: test.labels });
    const [share, pixels] = [
      { bar: 0, rest: 0 },
      { bar: 0, rest: 0 },
    ];
    explanations.forEach((explanation, i) => {
      expect(explanation.relativeResidual).toBeLessThan(1e-5);
      expect(Object.keys(explanation.constants)).toEqual(["logit_bias"]);
      explanation.contributions.forEach((c, p) => {
        const where = test.images[i * 64 + p]! > 200 ? "bar" : "rest";
        share[where] += c;
        pixels[where]++;
      });
    });
    expect(share.bar / pixels.bar).toBeGreaterThan(share.rest / pixels.rest);
  });

  it("has weights as PyTorch would name and shape them, in both forms", async () => {
    const shapes = async (form: Form) => {
      const weights = await (await openSession(program(form))).exportWeights();
      return Object.fromEntries([...weights].map(([path, tensor]) => [path, tensor.shape]));
    };
    expect(await shapes("bcos")).toEqual({
      "conv1.weight": [6, 2, 3, 3],
      "bn1.weight": [6],
      "bn1.running_var": [6],
      "conv2.weight": [8, 6, 3, 3],
      "bn2.weight": [8],
      "bn2.running_var": [8],
      "fc.weight": expect.anything(),
    });
    expect(await shapes("standard")).toMatchObject({ "conv1.weight": [6, 1, 3, 3], "bn1.bias": [6], "fc.bias": [3] });
  });

  it("learns in the conventional form too, and says that it can not explain itself", async () => {
    const session = await openSession(program("standard"), { seed: 1 });
    const result = await train(session, bars(320, 1), { epochs: 5, schedule });
    expect(result.epochs[4]!.loss).toBeLessThan(result.epochs[0]!.loss / 2);
    await expect(explain(session, new Float32Array(64))).rejects.toThrow("run/no-graph");
  });
});
