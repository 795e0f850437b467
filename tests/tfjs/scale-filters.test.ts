/** Factors of channels that go into weights: the same numbers, with less to do in every run. */
import { describe, expect, it } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { GraphBuilder } from "../../src/compiler/graph/builder.ts";
import type { ValueId } from "../../src/compiler/graph/graph.ts";
import { simplify } from "../../src/compiler/graph/simplify.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { sizeOf, type Shape } from "../../src/shape.ts";
import { largestError, randomValues } from "../wasm/support.ts";
import { runPlan } from "./run-plan.ts";

const conv = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;

type Build = (b: GraphBuilder, leaf: { x: ValueId; w: ValueId; f: ValueId }) => ValueId;

/** The calls that a run makes, without those whose results are kept. */
async function callsOf(shapes: readonly [x: Shape, w: Shape, f: Shape], build: Build, fed = false): Promise<string[]> {
  const b = createBuilder("predict");
  const [x, w] = [g.input(b, "x", shapes[0]), g.state(b, "w", shapes[1])];
  const f = fed ? g.input(b, "f", shapes[2]) : g.state(b, "f", shapes[2]);
  b.output("out", build(b, { x, w, f }));
  const graph = b.finish();
  const [xs, ws, fs] = shapes.map((shape, i) => randomValues(sizeOf(shape), i)) as [Float32Array, Float32Array, Float32Array]; // prettier-ignore
  const given = fed ? { feeds: { x: xs, f: fs }, state: { w: ws } } : { feeds: { x: xs }, state: { w: ws, f: fs } };
  const wanted = evaluateGraph(graph, given).outputs["out"]!;
  const plan = createTfjsPlan(simplify(graph), "portable", { name: "predict", batch: 1 });
  const { outputs } = await runPlan(plan, "cpu", given);
  expect(largestError(outputs["out"]!, wanted)).toBeLessThan(1e-5);
  return plan.calls.filter(({ prepare }) => prepare !== true).map(({ op }) => op);
}

const image: Shape = [2, 5, 4, 6];

describe("factors of channels", () => {
  it.each<[string, Shape, Build, readonly string[]]>([
    ["of a convolution", [8, 3, 3, 6], (b, { x, w, f }) => g.mul(b, g.conv2d(b, x, w, conv), f), ["pad", "conv2d"]],
    ["that divide", [8, 3, 3, 6], (b, { x, w, f }) => g.div(b, g.conv2d(b, x, w, conv), f), ["pad", "conv2d"]],
    [
      "of a convolution channel by channel",
      [12, 3, 3, 1],
      (b, { x, w, f }) => g.mul(b, f, g.conv2d(b, x, w, { ...conv, groups: 6 })),
      ["pad", "depthwiseConv2d"],
    ],
  ])("%s go into the weights", async (_, weights, build, calls) => {
    expect(await callsOf([image, weights, [weights[0]!]], build)).toEqual(calls);
  });

  it("of a matrix product go into the weights", async () => {
    const build: Build = (b, { x, w, f }) => g.mul(b, g.matmul(b, x, w), f);
    expect(await callsOf([[3, 6], [6, 4], [4]], build)).toEqual(["matMul"]);
  });

  it.each<[string, Build, boolean, string]>([
    ["are fed", (b, { x, w, f }) => g.mul(b, g.conv2d(b, x, w, conv), f), true, "mul"],
    [
      "are not for all who take the sums",
      (b, { x, w, f }) => {
        const sums = g.conv2d(b, x, w, conv);
        return g.add(b, g.mul(b, sums, f), sums);
      },
      false,
      "mul",
    ],
    ["are divided", (b, { x, w, f }) => g.div(b, f, g.plus(b, g.abs(b, g.conv2d(b, x, w, conv)), 1)), false, "div"],
  ])("stay where they are when they %s", async (_, build, fed, call) => {
    expect(await callsOf([image, [8, 3, 3, 6], [8]], build, fed)).toContain(call);
  });
});
