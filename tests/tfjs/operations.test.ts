/** Every operation of the graph as calls of TensorFlow.js, against the reference device in float64. */
import { describe, expect, it } from "vitest";
import { input } from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { removeDead } from "../../src/compiler/graph/passes/dead.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import { apply, cases, feedsOf } from "../graph/specimens.ts";
import { randomValues } from "../wasm/support.ts";
import { expectSame } from "./agree.ts";

const counted = [1, 2, 3, 4, 5, 6];

describe("convolutions in many groups", () => {
  it("are done in fewer, with zeros between some", async () => {
    const b = createBuilder("groups");
    const [x, w] = [input(b, "x", [2, 5, 4, 32]), input(b, "w", [16, 3, 3, 4])];
    const conv = { stride: [2, 1], padding: [1, 1, 0, 1], dilation: [1, 1], groups: 8 } as const;
    const y = b.emit("conv2d", [x, w], conv);
    b.output("y", y);
    b.output("dx", b.emit("conv2d_input_gradient", [y, w], { ...conv, inputShape: [2, 5, 4, 32] }));
    b.output("dw", b.emit("conv2d_weight_gradient", [x, y], { ...conv, weightShape: [16, 3, 3, 4] }));
    const graph = b.finish();
    const numbers = (length: number, seed: number) => Float64Array.from(randomValues(length, seed));
    await expectSame(graph, { feeds: { x: numbers(2 * 5 * 4 * 32, 1), w: numbers(16 * 9 * 4, 2) } }, 2e-5);
    const forward = { ...graph, outputs: { y } };
    const { calls } = createTfjsPlan(removeDead(forward, false), "wasm", { name: "predict", batch: 2 });
    expect(calls.filter(({ op }) => op === "conv2d")).toHaveLength(2);
  });
});

describe("operations", () => {
  it.each(cases.map((c) => [c.title, c] as const))("%s", async (_, c) => {
    const { builder, value } = apply(c);
    builder.output("out", value);
    const feeds = { ...feedsOf(c.specimen), ...(c.op === "input" ? { image: Float64Array.from(counted) } : {}) };
    await expectSame(builder.finish(), { feeds, state: { "conv1.weight": counted } }, 1e-5);
  });
});
