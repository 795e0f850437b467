/** The builder: inference, leaves known by name, origins, and objections to misuse. */
import { expect, test } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { definitionOf } from "../../src/compiler/graph/ops/table.ts";
import { sizeOf, type Shape } from "../../src/compiler/graph/graph.ts";
import { verify } from "../../src/compiler/graph/verify.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { apply, cases, feedsOf } from "./specimens.ts";

test.each(cases)("$title: a sound node whose inferred shape is what the device computes", (one) => {
  const { builder, value } = apply(one);
  builder.output("y", value);
  const graph = builder.finish();
  expect(verify(graph)).toEqual([]);
  expect(graph.nodes[value]!.op).toBe(one.op);
  expect(definitionOf(one.op).doc).toMatch(/^\S[^\n]*\S$/);
  const feeds = one.op === "input" ? { image: new Float64Array(6) } : feedsOf(one.specimen);
  const state = one.op === "state" ? { "conv1.weight": new Float64Array(6) } : {};
  expect(evaluateGraph(graph, { feeds, state }).outputs["y"]).toHaveLength(sizeOf(builder.shapeOf(value)));
});

test("an input or state tensor asked for again is the same value, with the same shape only", () => {
  const b = createBuilder("leaves");
  const image = g.input(b, "image", [2, 3]);
  const weight = g.state(b, "image", [3]);
  expect(weight).not.toBe(image);
  expect(g.input(b, "image", [2, 3])).toBe(image);
  expect(g.state(b, "image", [3])).toBe(weight);
  expect(() => g.input(b, "image", [3, 2])).toThrow("input image is used with two shapes, [2,3] and [3,2]");
});

test("origins nest, and end also when the body throws", () => {
  const b = createBuilder("origins");
  const origin = (value: number): string | undefined => b.node(value).origin?.path;
  const outside = g.scalar(b, 1);
  const [outer, inner, after] = b.within({ path: "layer1" }, () => [
    g.scalar(b, 2),
    b.within({ path: "layer1.conv" }, () => g.scalar(b, 3)),
    g.scalar(b, 4),
  ]);
  expect(() =>
    b.within({ path: "broken" }, () => {
      throw new Error("stop");
    }),
  ).toThrow("stop");
  expect([outside, outer, inner, after, g.scalar(b, 5)].map((v) => origin(v!))).toEqual([
    undefined,
    "layer1",
    "layer1.conv",
    "layer1",
    undefined,
  ]);
});

test("a name for two outputs, updates or taps is an error, and so is a value that does not exist", () => {
  const b = createBuilder("names");
  const x = g.input(b, "x", [2]);
  b.output("y", x);
  b.update("w", x);
  b.tap("t", x);
  expect(() => b.output("y", x)).toThrow("two values for the output y");
  expect(() => b.update("w", x)).toThrow("two values for the update of w");
  expect(() => b.tap("t", x)).toThrow("two values for the tap t");
  expect(() => b.output("z", 9)).toThrow("there is no value %9");
  expect(() => g.neg(b, 9)).toThrow("there is no value %9");
});

test("a finished graph does not change when its builder goes on", () => {
  const b = createBuilder("finished");
  b.output("y", g.input(b, "x", [2]));
  const graph = b.finish();
  b.output("z", g.neg(b, 0));
  expect(graph.nodes).toHaveLength(1);
  expect(graph.outputs).toEqual({ y: 0 });
});

test("unbroadcast sums what was repeated, and only that", () => {
  const b = createBuilder("unbroadcast");
  const x = g.constant(b, [1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
  const shapes: readonly Shape[] = [[2, 2, 2], [2, 1, 2], [2], [1, 1], []];
  shapes.forEach((shape, i) => b.output(`${i}`, g.unbroadcast(b, x, shape)));
  const { outputs } = evaluateGraph(b.finish());
  expect(shapes.map((_, i) => [...outputs[`${i}`]!])).toEqual([
    [1, 2, 3, 4, 5, 6, 7, 8],
    [4, 6, 12, 14],
    [16, 20],
    [36],
    [36],
  ]);
});
