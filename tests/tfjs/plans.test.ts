/** What plans for TensorFlow.js look like: fewer calls, what is prepared, what can be done again, and how they are printed. */
import { describe, expect, it } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder, type GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import { simplify } from "../../src/compiler/graph/simplify.ts";
import { sizeOf } from "../../src/compiler/graph/graph.ts";
import { createTfjsPlan } from "../../src/compiler/targets/tfjs/create-plan.ts";
import type { TfjsPlan } from "../../src/compiler/targets/tfjs/plan.ts";
import { printTfjsPlan } from "../../src/compiler/targets/tfjs/print-plan.ts";

const conv = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;

/** A B-cos convolution of an image and its explanation, or true gradient. */
function backward(mode: "explain" | "true", extra: (b: GraphBuilder) => void = () => undefined): TfjsPlan {
  const b = createBuilder("explain");
  const x = g.input(b, "image", [2, 8, 8, 6]);
  const cotangent = g.input(b, "cotangent", [2, 8, 8, 16]);
  b.within({ path: "conv1" }, () => {
    const w = g.unitRows(b, g.state(b, "conv1.weight", [16, 3, 3, 6]));
    const y = g.bcosScale(b, g.conv2d(b, x, w, conv), g.patchNorm(b, x, [3, 3], conv, 1e-6), 2);
    b.output("logits", y);
    b.output("weights", differentiate(b, [{ value: y, cotangent }], [x], mode).gradients[0]!);
  });
  extra(b);
  return createTfjsPlan(simplify(b.finish()), "wasm", { name: "explain", batch: 2 });
}

const opsOf = (plan: TfjsPlan): readonly string[] => plan.calls.map(({ op }) => op);

describe("plans", () => {
  it("divide by the norms once for both directions", () => {
    const run = backward("explain").calls.filter(({ prepare }) => prepare !== true);
    expect(run.filter(({ op }) => op === "div" || op === "abs")).toHaveLength(2);
  });

  it("multiply no image by a number", () => {
    const plan = backward("true");
    const numbers = new Set(plan.constants.filter(({ shape }) => shape.length === 0).map(({ value }) => value));
    const scaled = plan.calls.filter(({ op, inputs }) => op === "mul" && inputs.some((input) => numbers.has(input)));
    expect(scaled.length).toBeGreaterThan(0);
    for (const { shape } of scaled) expect(sizeOf(shape)).toBeLessThan(2 * 8 * 8 * 16);
  });

  it("prepare the filters, turned ones too, and begin again behind what does not depend on the cotangent", () => {
    const plan = backward("explain");
    const prepared = plan.calls.filter(({ prepare }) => prepare === true);
    expect(prepared.filter(({ shape }) => shape.join() === "3,3,6,16" || shape.join() === "3,3,16,6")).toHaveLength(2);
    expect(plan.repeat?.feeds).toEqual(["cotangent"]);
    const again = plan.calls.slice(plan.repeat!.first);
    expect(again.map(({ op }) => op)).toEqual(["mul", "conv2d"]);
  });

  it("prepare nothing and repeat nothing where state is written", () => {
    const plan = backward("explain", (b) => {
      const w = g.state(b, "conv1.weight", [16, 3, 3, 6]);
      b.update("conv1.weight", g.times(b, w, 0.5));
    });
    expect(plan.calls.some(({ prepare }) => prepare)).toBe(false);
    expect(plan.repeat).toBeUndefined();
  });

  it("fuse a bias and a ReLU with the product before them", () => {
    const b = createBuilder("predict");
    const x = g.input(b, "image", [2, 5]);
    const sums = g.matmul(b, x, g.state(b, "fc.weight", [3, 5]), { b: true });
    b.output("logits", g.relu(b, g.add(b, sums, g.state(b, "fc.bias", [3]))));
    const plan = createTfjsPlan(simplify(b.finish()), "cpu", { name: "predict", batch: 2 });
    expect(opsOf(plan)).toEqual(["matMul"]);
    expect(plan.calls[0]!.attributes).toMatchObject({ bias: true, activation: "relu" });
  });

  it("print a line a call, with what it is for", () => {
    const text = printTfjsPlan(backward("explain"));
    expect(text).toMatch(
      /^explain for tfjs:wasm, batch 2: \d+ calls in every run, \d+ when the weights change, .*B at most/,
    );
    expect(text).toMatch(/kernels: .*RealDiv 2/);
    expect(text).toMatch(/%\d+ = conv2d\(%\d+, %\d+\) padding=\[1, 1, 1, 1\] \[2, 8, 8, 16\] {2}conv1\n/);
    expect(text).toContain("\nagain for another cotangent:\n");
    expect(text).toMatch(/\noutput weights = %\d+ \[2, 8, 8, 6\]\n$/);
  });
});
