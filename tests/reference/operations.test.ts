/** Every operation of the reference device against its plain formula, in both precisions. */
import { describe, expect, test } from "vitest";
import type { OpKind } from "../../src/compiler/graph/graph.ts";
import { evaluateGraph } from "../../src/runtime/devices/reference/evaluate.ts";
import { ALIAS_KINDS, BOUND_KINDS } from "../../src/runtime/devices/reference/kernel.ts";
import { kernels } from "../../src/runtime/devices/reference/kernels.ts";
import { cases, type Case } from "./cases.ts";
import { difference, feedsOf, graphOf, nd } from "./nd.ts";

const kinds = [...Object.keys(kernels), ...BOUND_KINDS, ...ALIAS_KINDS] as OpKind[];

function evaluate(kind: OpKind, c: Case, precision: "float32" | "float64") {
  const graph = graphOf(
    kind,
    c.attributes,
    c.inputs.map((x) => x.shape),
    c.expected.shape,
  );
  const counted = [0, 1, 2, 3, 4, 5];
  const feeds = { ...feedsOf(c.inputs), ...(kind === "input" ? { given: counted } : {}) };
  return evaluateGraph(graph, { feeds, state: { weight: counted }, precision }).outputs.y!;
}

describe.each(kinds)("%s", (kind) => {
  const list = cases[kind] as readonly Case[];

  test("has a case", () => expect(list.length).toBeGreaterThan(0));

  test.each(list.map((c) => [c.label, c] as const))("%s", (_, c) => {
    const double = evaluate(kind, c, "float64");
    expect(double).toBeInstanceOf(Float64Array);
    expect(difference(double, c.expected.data)).toBeLessThan(2e-12);
    const single = evaluate(kind, c, "float32");
    expect(single).toBeInstanceOf(Float32Array);
    // Comparisons and choices may turn on the last bit; these run on the same rounded numbers.
    expect(difference(single, evaluate(kind, rounded(c), "float64"))).toBeLessThan(3e-6);
  });
});

/** The case with its inputs rounded to float32. */
function rounded(c: Case): Case {
  return { ...c, inputs: c.inputs.map((x) => nd(x.shape, Float32Array.from(x.data))) };
}
