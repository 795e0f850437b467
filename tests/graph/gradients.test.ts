/** Every op's gradient against central finite differences in float64, for every specimen of the table. */
import { describe, expect, test } from "vitest";
import { constant, mul, total } from "../../src/compiler/graph/build.ts";
import type { GraphBuilder } from "../../src/compiler/graph/builder.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import { sizeOf, type Graph, type Shape, type ValueId } from "../../src/compiler/graph/graph.ts";
import { definitionOf } from "../../src/compiler/graph/ops/table.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { apply, cases, feedsOf, opKinds, wave, type Applied, type Case } from "./specimens.ts";

type Feeds = Record<string, Float64Array>;

const step = 1e-5;
const tolerance = 2e-8;

/** Σ value · fixed numbers: one number that depends on every element in its own way. */
function weighted(b: GraphBuilder, value: ValueId, phase: number): ValueId {
  const shape = b.shapeOf(value);
  return total(b, mul(b, value, constant(b, wave(sizeOf(shape), phase), shape)));
}

/** Zeros in the place of a gradient that is absent. */
function orZero(b: GraphBuilder, gradient: ValueId | undefined, shape: Shape): ValueId {
  return gradient ?? constant(b, [0], shape);
}

/** Graph with `loss` and, for every input, `gradient0`, `gradient1`, … */
function withGradients({ builder: b, inputs }: Applied, loss: ValueId): Graph {
  b.output("loss", loss);
  const seed = { value: loss, cotangent: constant(b, [1], b.shapeOf(loss)) };
  const { gradients } = differentiate(b, [seed], inputs, "true");
  gradients.forEach((gradient, i) => b.output(`gradient${i}`, orZero(b, gradient, b.shapeOf(inputs[i]!))));
  return b.finish();
}

function expectMatchesDifferences(graph: Graph, feeds: Feeds): void {
  const { outputs } = evaluateGraph(graph, { feeds });
  const lossOnly: Graph = { ...graph, outputs: { loss: graph.outputs["loss"]! } };
  const loss = (moved: Feeds): number => evaluateGraph(lossOnly, { feeds: moved }).outputs["loss"]![0]!;
  for (const [i, [name, numbers]] of Object.entries(feeds).entries()) {
    const gradient = outputs[`gradient${i}`]!;
    expect(gradient.length, name).toBe(numbers.length);
    numbers.forEach((number, at) => {
      const difference = loss({ ...feeds, [name]: numbers.with(at, number + step) });
      const numeric = (difference - loss({ ...feeds, [name]: numbers.with(at, number - step) })) / (2 * step);
      const error = Math.abs(gradient[at]! - numeric);
      expect(error / (1 + Math.abs(numeric)), `${name}[${at}]: ${gradient[at]} ≠ ${numeric}`).toBeLessThan(tolerance);
    });
  }
}

const differentiable = cases.filter(({ op }) => definitionOf(op).gradient !== undefined);

test.each(opKinds)("%s has specimens", (op) => {
  expect(definitionOf(op).specimens.length, `op ${op} needs specimens in its entry of the op table`).toBeGreaterThan(0);
});

test.each(opKinds)("%s has a gradient or says why not", (op) => {
  const { gradient, notDifferentiable } = definitionOf(op);
  expect((gradient === undefined) === (notDifferentiable !== undefined)).toBe(true);
});

test.each(differentiable)("gradient of $title", (one) => {
  const applied = apply(one);
  expectMatchesDifferences(
    withGradients(applied, weighted(applied.builder, applied.value, 0.2)),
    feedsOf(one.specimen),
  );
});

/** The gradient's gradient, where all ops of the gradient have one themselves. */
function secondOrder(one: Case): { graph: Graph; feeds: Feeds } | undefined {
  const applied = apply(one);
  const { builder: b, inputs, value } = applied;
  const shape = b.shapeOf(value);
  // The cotangent itself is an input too, so that the second derivative also goes through it.
  const cotangent = b.emit("input", [], { name: "cotangent" }, shape);
  const { gradients } = differentiate(b, [{ value, cotangent }], inputs, "true");
  const terms = gradients.flatMap((gradient, i) => (gradient === undefined ? [] : [weighted(b, gradient, 0.5 + i)]));
  if (terms.length === 0) return undefined;
  const loss = terms.reduce((sum, term) => b.emit("add", [sum, term], {}));
  const closed = Array.from({ length: b.size }, (_, id) => b.node(id)).every(
    ({ op, inputs: given }) => given.length === 0 || definitionOf(op).gradient !== undefined,
  );
  if (!closed) return undefined;
  return {
    graph: withGradients({ ...applied, inputs: [...inputs, cotangent] }, loss),
    feeds: { ...feedsOf(one.specimen), cotangent: Float64Array.from(wave(sizeOf(shape), 0.9)) },
  };
}

describe("second derivatives", () => {
  const open = new Set<string>();
  for (const one of differentiable) {
    const second = secondOrder(one);
    if (second === undefined) open.add(one.op);
    else test(one.title, () => expectMatchesDifferences(second.graph, second.feeds));
  }

  test("are there for all ops but those whose gradient is 0 or ends at `window_route`", () => {
    expect([...open].sort()).toEqual(["greater", "sign", "window_max"]);
  });
});
