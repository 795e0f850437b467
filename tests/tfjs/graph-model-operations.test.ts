/**
 * Every operation of the graph as nodes of a graph model, against the reference device in float64: fed, and, where its inputs
 * are weights, computed when the model is made.
 */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { simplify } from "../../src/compiler/graph/simplify.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { foldState } from "../../src/compiler/targets/tfjs/graph-model/fold-state.ts";
import { createGraphModel } from "../../src/compiler/targets/tfjs/graph-model/graph-model.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { graphModelFiles } from "../../src/runtime/weights/tfjs/graph-model-files.ts";
import { apply, cases, feedsOf } from "../graph/specimens.ts";
import { largestError } from "../wasm/support.ts";
import { backends, execute, loadFiles, tf, use } from "./load-graph-model.ts";

/** Not what is given; drawn numbers are no part of models that predict or explain. */
const specimens = cases.filter(({ op }) => !["input", "state", "random_uniform"].includes(op));

const notes = { generatedBy: "test", notes: {} };

beforeAll(() => use("cpu"));
afterEach(() => expect(tf.memory().numTensors).toBe(0));

describe("operations as nodes", () => {
  it.each(specimens.map((c) => [c.title, c] as const))("%s", async (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    const graph = builder.finish();
    const feeds = Object.fromEntries(Object.entries(feedsOf(c.specimen)).map(([n, v]) => [n, v.map(Math.fround)]));
    const wanted = evaluateGraph(graph, { feeds, state: {} }).outputs["out"]!;
    const plan = createTfjsPlan(simplify(graph), "portable", { name: "predict", batch: 1 });

    const files = graphModelFiles(createGraphModel(plan, { state: new Map(), outputs: ["out"] }), notes);
    const fed = Object.fromEntries(
      Object.entries(plan.inputs).map(([name, { shape }]) => [name, { shape, data: feeds[name]! }]),
    );
    for (const backend of backends) {
      await use(backend);
      const model = await loadFiles(files);
      expect(largestError(execute(model, fed, ["out"])["out"]!, wanted), backend).toBeLessThan(1e-5);
      model.dispose();
    }

    const { value: at } = plan.outputs["out"]!;
    const weights = new Map(Object.entries(feeds).map(([name, values]) => [name, Float32Array.from(values)]));
    const folded = foldState({ ...plan, inputs: {}, state: plan.inputs }, weights);
    const left = folded.calls.map(({ op }) => op);
    if (left.length > 0) return expect(left.some((op) => NOT_FOLDED.has(op))).toBe(true);
    const known = folded.known.get(at)?.data ?? new Float32Array(wanted.length).fill(folded.uniform.get(at)!);
    expect(largestError(known, wanted), "folded").toBeLessThan(1e-5);
  });
});

/** What is left to the model although its inputs are known: too much work, or not found in graphs that only predict. */
const NOT_FOLDED: ReadonlySet<string> = new Set([
  ...["matMul", "conv2d", "depthwiseConv2d", "maxPool", "avgPool", "upsample", "softmax", "erf"],
]);
