/** The verifier finds every kind of broken graph, says where, and never throws. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import type { Graph, Node } from "../../src/compiler/graph/graph.ts";
import { assertSound, verify } from "../../src/compiler/graph/verify.ts";

/** %0 image, %1 weight, %2 product, %3 sum, %4 its negative. */
function sound(): Graph {
  const b = createBuilder("sound");
  const x = g.input(b, "image", [2, 3]);
  const w = g.state(b, "fc.weight", [3, 3]);
  const y = g.neg(b, g.sum(b, g.matmul(b, x, w), [1]));
  b.output("y", y);
  b.update("fc.weight", w);
  b.tap("fc", y);
  return b.finish();
}

/** The sound graph with some fields of one node changed. */
function withNode(at: number, change: Readonly<Record<string, unknown>>): Graph {
  const graph = sound();
  return { ...graph, nodes: graph.nodes.map((node, i) => (i === at ? ({ ...node, ...change } as Node) : node)) };
}

test("a sound graph has no problems", () => {
  expect(verify(sound())).toEqual([]);
  expect(() => assertSound(sound(), "nothing")).not.toThrow();
});

const broken: readonly (readonly [string, Graph, number | undefined, string])[] = [
  ["an unknown op", withNode(4, { op: "negate" }), 4, 'there is no op "negate"'],
  ["an inherited name as op", withNode(4, { op: "toString" }), 4, 'there is no op "toString"'],
  ["an input that does not exist", withNode(4, { inputs: [9] }), 4, "its input %9 does not exist"],
  ["an input that is no index", withNode(4, { inputs: [0.5] }), 4, "its input %0.5 does not exist"],
  ["an input that comes later", withNode(2, { inputs: [0, 3] }), 2, "its input %3 is not computed before it"],
  ["a node that uses itself", withNode(4, { inputs: [4] }), 4, "its input %4 is not computed before it"],
  ["a wrong number of inputs", withNode(2, { inputs: [0] }), 2, "matmul: 1 inputs, needs 2"],
  ["a wrong shape", withNode(4, { shape: [2] }), 4, "neg: the result has shape [2,1], stated is [2]"],
  ["a shape that is none", withNode(4, { shape: [2, -1] }), 4, "its shape [2,-1] is not a list of lengths"],
  ["inputs that do not fit", withNode(2, { inputs: [1, 0] }), 2, "matmul: the inner lengths 3 and 2"],
  ["an attribute out of range", withNode(3, { attributes: { axes: [2] } }), 3, "reduce_sum: axes [2] do not exist"],
  ["a missing attribute", withNode(3, { attributes: {} }), 3, "reduce_sum: axes must be a list"],
  ["a second node for an input", withNode(1, { op: "input", attributes: { name: "image" } }), 1, "is already %0"],
  ["an output of nothing", { ...sound(), outputs: { y: 5 } }, undefined, "output y: there is no value %5"],
  ["a tap of nothing", { ...sound(), taps: { fc: -1 } }, undefined, "tap fc: there is no value %-1"],
  ["an update of nothing", { ...sound(), updates: { w: 7 } }, undefined, "update w: there is no value %7"],
  [
    "an update of another shape",
    { ...sound(), updates: { "fc.weight": 2 } },
    undefined,
    "update fc.weight: %2 has shape [2,3], the state [3,3]",
  ],
];

test.each(broken)("finds %s", (_, graph, node, message) => {
  const [first] = verify(graph);
  expect(first?.node).toBe(node);
  expect(first?.message).toContain(message);
});

test("lists all problems, with the numbers of the nodes and after which pass", () => {
  const graph = { ...withNode(3, { attributes: { axes: [2] } }), outputs: { y: 9 } };
  expect(() => assertSound(graph, "the pass share")).toThrow(
    "graph sound is broken after the pass share:\n" +
      "  %3: reduce_sum: axes [2] do not exist in a tensor with 2 axes\n" +
      "  output y: there is no value %9",
  );
});

test("never throws, whatever stands in the fields of a node", () => {
  const junk = fc.oneof(
    fc.constantFrom(undefined, null, NaN, -1, "x"),
    fc.double(),
    fc.array(fc.integer({ min: -2, max: 5 })),
    fc.object({ maxDepth: 1 }),
  );
  const field = fc.constantFrom("op", "attributes", "inputs", "shape");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), field, junk, (at, name, value) => {
      expect(Array.isArray(verify(withNode(at, { [name]: value })))).toBe(true);
    }),
  );
});
