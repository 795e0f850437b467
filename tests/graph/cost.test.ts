/** The cost of known layers, and that costs add up. */
import { expect, test } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { costOf } from "../../src/compiler/graph/cost.ts";
import { apply, cases } from "./specimens.ts";

const stem = { stride: [2, 2], padding: [3, 3, 3, 3], dilation: [1, 1], groups: 1 } as const;

test("ResNet's stem has 118,013,952 multiply-adds, all of them at its layer", () => {
  const b = createBuilder("stem");
  const x = g.input(b, "image", [1, 224, 224, 3]);
  const y = b.within({ path: "conv1" }, () => g.conv2d(b, x, g.state(b, "conv1.weight", [64, 7, 7, 3]), stem));
  b.output("y", g.relu(b, y));
  const { total, layers, nodes } = costOf(b.finish());
  expect(layers.get("conv1")).toEqual({
    flops: 2 * 118_013_952,
    macs: 118_013_952,
    bytes: 4 * (224 * 224 * 3 + 64 * 7 * 7 * 3 + 112 * 112 * 64),
  });
  expect(layers.get("")).toEqual({ flops: 112 * 112 * 64, macs: 0, bytes: 4 * 2 * 112 * 112 * 64 });
  expect(total.flops).toBe(nodes.reduce((sum, cost) => sum + cost.flops, 0));
  expect([...layers.keys()]).toEqual(["", "conv1"]);
});

test("a convolution's two gradients do the work of the convolution, groups divide it", () => {
  const b = createBuilder("gradients");
  const conv = { ...stem, groups: 2 } as const;
  const x = g.input(b, "x", [2, 8, 8, 4]);
  const w = g.input(b, "w", [6, 7, 7, 2]);
  const y = g.conv2d(b, x, w, conv);
  b.emit("conv2d_input_gradient", [y, w], { ...conv, inputShape: [2, 8, 8, 4] });
  b.emit("conv2d_weight_gradient", [x, y], { ...conv, weightShape: [6, 7, 7, 2] });
  const macs = costOf(b.finish()).nodes.map((cost) => cost.macs);
  expect(macs).toEqual([0, 0, ...Array<number>(3).fill(2 * 4 * 4 * 6 * 7 * 7 * 2)]);
});

test("a transposed matrix product counts the inner length", () => {
  const b = createBuilder("matmul");
  const x = g.input(b, "x", [5, 3, 2]);
  g.matmul(b, x, g.input(b, "y", [4, 3]), { a: true, b: true });
  expect(costOf(b.finish()).total.flops).toBe(2 * 5 * 2 * 4 * 3);
});

test.each(cases)("$title costs a whole number of operations", (one) => {
  const { builder } = apply(one);
  for (const { flops, macs, bytes } of costOf(builder.finish()).nodes) {
    expect([flops, macs, bytes].every((v) => Number.isSafeInteger(v) && v >= 0)).toBe(true);
  }
});
