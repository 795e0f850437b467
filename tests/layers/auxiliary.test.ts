/** Auxiliary classifiers: outputs behind the first that have the logits' shape take part in the training and in nothing else. */
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { buildProgram } from "../../src/compiler/compile.ts";
import type { Form, Program, TrainSettings } from "../../src/compiler/graph/program.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { noise, stateFor, worst } from "./numbers.ts";

const batch = 2;

/** `main` and `side` say which outputs there are, the first one first. */
function programOf(form: Form, outputs: readonly ("main" | "side")[], train: Partial<TrainSettings> = {}): Program {
  // Without a logit layer, which auxiliary classifiers don't have.
  const source = `bcos { preset: v2, logit_bias: 0, maxout: 2 }
model Net {
  input image: [6, 6, 3]
  ${outputs.map((name) => `output ${name}: [3]`).join("\n  ")}

  map = image -> conv1: conv(8, kernel: 3) -> relu
  ${outputs.includes("main") ? "main = map -> conv2: conv(8, kernel: 3, stride: 2) -> relu -> global_avg_pool -> fc: linear(3)" : ""}
  ${outputs.includes("side") ? "side = map -> avg_pool(3) -> aux.conv: conv(4, kernel: 1) -> relu -> global_avg_pool -> aux.fc: linear(3)" : ""}
}
`;
  const { networks, diagnostics } = checkFile(createMemoryHost({ "net.bcos": source }), "net.bcos");
  expect(diagnostics).toEqual([]);
  return buildProgram(networks[0]!, {
    form,
    batch,
    graphs: ["predict", "explain", "train"],
    outputGradients: true,
    train: {
      loss: form === "bcos" ? { kind: "bce" } : { kind: "cross_entropy" },
      optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 },
      ...train,
    },
  }).program;
}

describe.each(["bcos", "standard"] as const)("%s", (form) => {
  const both = programOf(form, ["main", "side"]);
  const state = stateFor(both.state);
  const feeds = {
    image: noise(batch * 6 * 6 * 3, 3).map((v) => 0.5 + 0.5 * v),
    targets: Float64Array.from([1, 0, 0, 0, 0, 1]),
    learningRate: Float64Array.from([0.1]),
    step: Float64Array.from([1]),
  };
  const trained = (program: Program) => evaluateGraph(program.graphs.train!, { feeds, state }).outputs;
  const single = { main: trained(programOf(form, ["main"])), side: trained(programOf(form, ["side"])) };

  test.each([
    [1, undefined],
    [0.4, 0.4],
    [0, 0],
  ])("the loss is the logits' and %f times the other's, and so are the gradients", (weight, given) => {
    const result = trained(programOf(form, ["main", "side"], given === undefined ? {} : { auxiliaryWeight: given }));
    const [main, side] = [single.main["loss"]![0]!, single.side["loss"]![0]!];
    expect(Math.abs(main - side)).toBeGreaterThan(1e-3);
    expect(result["loss"]![0]).toBeCloseTo(main + weight * side, 12);
    for (const path of ["conv1.weight", "conv2.weight", "fc.weight", "aux.conv.weight", "aux.fc.weight"]) {
      const gradient = result[`gradient/${path}`]!;
      const parts = [single.main, single.side].map((outputs) => outputs[`gradient/${path}`]);
      const expected = gradient.map((_, i) => (parts[0]?.[i] ?? 0) + weight * (parts[1]?.[i] ?? 0));
      expect(Math.max(...expected.map(Math.abs)) > 1e-4 || (weight === 0 && path.startsWith("aux"))).toBe(true);
      expect(worst(gradient, expected), path).toBeLessThan(1e-12);
    }
  });

  test("predictions and explanations don't compute them", () => {
    const { predict, explain } = both.graphs;
    for (const graph of form === "bcos" ? [predict!, explain!] : [predict!]) {
      const read = graph.nodes.flatMap((node) => (node.op === "state" ? [node.attributes.path] : []));
      expect(read).toContain("fc.weight");
      expect(read.filter((path) => path.startsWith("aux"))).toEqual([]);
    }
  });

  test("their weights are the program's too", () => {
    const paths = both.state.filter(({ role }) => role === "weight").map(({ path }) => path);
    expect(paths).toContain("aux.fc.weight");
  });
});

test("their classifier too stands before the pool", () => {
  const shapeOf = (form: Form) =>
    programOf(form, ["main", "side"]).state.find(({ path }) => path === "aux.fc.weight")!.shape;
  expect(shapeOf("standard")).toEqual([3, 4]);
  expect(shapeOf("bcos")).toEqual([6, 1, 1, 4]);
});
