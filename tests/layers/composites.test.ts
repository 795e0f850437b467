import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { composites, type CompositeSpecimen } from "../../src/compiler/composites/table.ts";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { differentiate } from "../../src/compiler/graph/differentiate.ts";
import { sizeOf, type Graph } from "../../src/compiler/graph/graph.ts";
import { assertSound } from "../../src/compiler/graph/verify.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { stateOf } from "./evaluate.ts";
import { noise, sum } from "./numbers.ts";

/** Functions of the folder that build nothing by themselves. */
const notComposites = new Set(["scaleDivisor", "normKindOf", "listsOf", "automaticLogitBias", "isSigmoid"]);

const folder = new URL("../../src/compiler/composites/", import.meta.url);
const modules = await Promise.all(
  readdirSync(folder).map((file) => import(new URL(file, folder).href) as Promise<Record<string, unknown>>),
);

test("every composite function is in the table, with a use", () => {
  const listed = new Set<unknown>(Object.values(composites).flatMap((c) => c.functions));
  const missing = modules
    .flatMap((module) => Object.entries(module))
    .filter(([name, value]) => typeof value === "function" && !notComposites.has(name) && !listed.has(value))
    .map(([name]) => name);
  expect(modules.length).toBeGreaterThan(5);
  expect(missing).toEqual([]);
  for (const [name, { specimens }] of Object.entries(composites)) expect(specimens.length, name).toBeGreaterThan(0);
});

interface Case {
  readonly graph: Graph;
  readonly feeds: Record<string, Float64Array>;
  readonly state: Record<string, Float64Array>;
}

/**
 * One graph with `y`, ⟨v, y⟩, what the explanation makes of it, and the true gradients to the input and to each state
 * tensor.
 */
function caseOf(specimen: CompositeSpecimen): Case {
  const graph = createBuilder("specimen");
  const x = g.input(graph, "x", specimen.input);
  const built = specimen.build(graph, x);
  const { value: y, encoded } = typeof built === "number" ? { value: built, encoded: x } : built;
  const states = graph.finish().nodes.flatMap((node, id) => (node.op === "state" ? [{ id, node }] : []));
  const v = g.input(graph, "v", graph.shapeOf(y));

  const explained = differentiate(graph, [{ value: y, cotangent: v }], [encoded], "explain");
  let total = g.total(graph, g.mul(graph, explained.gradients[0]!, encoded));
  for (const { node, cotangent } of explained.shifts) {
    const amount = graph.node(node).inputs[1]!;
    total = g.add(graph, total, g.total(graph, g.mul(graph, cotangent, amount)));
  }
  const wrt = [x, ...states.map((s) => s.id)];
  const { gradients } = differentiate(graph, [{ value: y, cotangent: v }], wrt, "true");
  graph.output("y", y);
  graph.output("vy", g.total(graph, g.mul(graph, v, y)));
  graph.output("explained", total);
  ["x", ...states.map(({ node }) => (node.op === "state" ? node.attributes.path : ""))].forEach((name, i) =>
    graph.output(`gradient/${name}`, gradients[i] ?? g.filled(graph, 0, graph.shapeOf(wrt[i]!))),
  );
  const finished = graph.finish();
  assertSound(finished, "building");
  const feeds = { x: noise(sizeOf(specimen.input), 3), v: noise(sizeOf(graph.shapeOf(y)), 4) };
  return { graph: finished, feeds, state: stateOf(finished) };
}

describe.each(Object.entries(composites))("%s", (_, { specimens }) => {
  test.each(specimens.map((specimen, i) => [i, specimen] as const))("use %i explains its value", (_i, specimen) => {
    const { graph, feeds, state } = caseOf(specimen);
    const { outputs } = evaluateGraph(graph, { feeds, state });
    const value = outputs["vy"]![0]!;
    const size = sum(Array.from(outputs["y"]!, (y, i) => Math.abs(y * feeds["v"]![i]!)));
    expect(size).toBeGreaterThan(0);
    expect(Math.abs(outputs["explained"]![0]! - value)).toBeLessThan(1e-12 * Math.max(1, size));
  });

  test.each(specimens.map((specimen, i) => [i, specimen] as const))("use %i has true gradients", (_i, specimen) => {
    const { graph, feeds, state } = caseOf(specimen);
    const { outputs } = evaluateGraph(graph, { feeds, state });
    const at = (name: string, i: number, h: number): number => {
      const values = name === "x" ? feeds["x"]! : state[name]!;
      const moved = values.map((value, j) => (i === j ? value + h : value));
      const changed =
        name === "x" ? { feeds: { ...feeds, x: moved }, state } : { feeds, state: { ...state, [name]: moved } };
      return evaluateGraph(graph, changed).outputs["vy"]![0]!;
    };
    for (const name of ["x", ...Object.keys(state)]) {
      const gradient = outputs[`gradient/${name}`]!;
      // A few elements of each tensor: all of them would say little more.
      const step = Math.max(1, Math.floor(gradient.length / 8));
      for (let i = 0; i < gradient.length; i += step) {
        const h = 1e-5;
        const slope = (at(name, i, h) - at(name, i, -h)) / (2 * h);
        expect(Math.abs(gradient[i]! - slope), `${name}[${i}]`).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
      }
    }
  });
});
