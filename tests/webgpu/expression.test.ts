/** Scalar expressions as WGSL: the text, and on an adapter their numbers against the interpreter. */
import { afterAll, describe, expect, it } from "vitest";
import { ex, type Expression } from "../../src/compiler/plan/expression.ts";
import { interpret } from "../../src/compiler/plan/expression-interpreter.ts";
import { emitExpressions, helpersFor, literal } from "../../src/compiler/targets/webgpu/expression-wgsl.ts";
import { recipeOf } from "../../src/compiler/targets/webgpu/kernel.ts";
import { elementwiseKernel } from "../../src/compiler/targets/webgpu/kernels/elementwise.ts";
import { openDevice, runRecipe } from "./dawn.ts";

const device = await openDevice("webgpu", ["vulkan", "opengles"]);
afterAll(async () => {
  await device?.queue.onSubmittedWorkDone();
  device?.destroy();
});

describe("text", () => {
  it("computes equal parts once", () => {
    const norm = ex.sqrt(ex.input(1));
    const { lines, values } = emitExpressions([ex.div(ex.input(0), norm), ex.mul(norm, 2)], (i) => `x${i}[i]`);
    expect(lines).toEqual([
      "let v0 = x0[i];",
      "let v1 = x1[i];",
      "let v2 = sqrt(v1);",
      "let v3 = v0 / v2;",
      "let v4 = v2 * 2f;",
    ]);
    expect(values).toEqual(["v3", "v4"]);
  });

  it("writes literals of float32, and the bits of what has none", () => {
    expect([0.1, -2, 1e-30, 1e30, -0, 3e38].map(literal)).toEqual([
      "0.10000000149011612f",
      "-2f",
      "1.0000000031710769e-30f",
      "1.0000000150474662e+30f",
      "-0.0f",
      "3.0000000054977558e+38f",
    ]);
    expect(literal(Infinity)).toBe("from_bits(0x7f800000u)");
    expect(literal(-1e39)).toBe("from_bits(0xff800000u)");
  });

  it("takes helpers with those that they call, each once", () => {
    const code = helpersFor("softplus(a) + softplus(b) + precise_tanh(c)");
    expect(code.match(/fn \w+/g)).toEqual(["fn precise_tanh", "fn precise_log", "fn softplus"]);
    expect(helpersFor("a + b")).toBe("");
  });
});

const spread = (from: number, to: number, count = 200): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround(from + ((to - from) * i) / (count - 1)));
const tiny = [1e-8, -1e-8, 1e-4, -1e-4, 3e-3, -3e-3, 0];
const positive = [...spread(1e-6, 30), 1 - 2 ** -20, 1 + 2 ** -20, 0.999, 1.001, 1e-30, 1e30].map(Math.fround);
const x = ex.input(0);

const CASES: readonly (readonly [string, Expression, readonly number[]])[] = [
  ["neg", ex.neg(x), spread(-3, 3)],
  ["neg of a negative constant", ex.mul(x, ex.neg(-2)), spread(-3, 3)],
  ["abs", ex.abs(x), spread(-3, 3)],
  ["sign", ex.sign(x), [...spread(-3, 3), ...tiny]],
  ["square", ex.square(x), spread(-3, 3)],
  ["sqrt", ex.sqrt(x), positive],
  ["exp", ex.exp(x), spread(-20, 20)],
  ["log", ex.log(x), positive],
  ["sigmoid", ex.sigmoid(x), [...spread(-20, 20), 100, 1000]],
  ["tanh", ex.tanh(x), [...spread(-20, 20), ...spread(-1, 1), ...tiny, 500, -500]],
  ["erf", ex.erf(x), [...spread(-5, 5), ...tiny]],
  ["softplus", ex.softplus(x), [...spread(-15, 15), 500, ...tiny]],
  ["relu", ex.relu(x), spread(-3, 3)],
  ...[0, 0.25, 0.5, 1, 1.5, 2, 3, -0.5, -1.25].map(
    (p) => [`power ${p}`, ex.power(x, p), spread(1e-3, 30)] as [string, Expression, readonly number[]],
  ),
  ...[0.3, 1.7].map(
    (p) => [`power ${p}`, ex.power(x, p), [0, ...spread(1e-3, 30)]] as [string, Expression, readonly number[]],
  ),
  ["max", ex.max(x, 0.5), spread(-3, 3)],
  ["min", ex.min(x, 0.5), spread(-3, 3)],
  ["greater", ex.greater(x, 0.5), [...spread(-3, 3), 0.5]],
  ["select", ex.select(ex.greater(x, 0), ex.mul(x, 2), ex.sub(1, x)), [...spread(-3, 3), 0]],
  ["bcos 1.5", ex.bcosScale(x, 2, 1.5), spread(-2, 2)],
];

describe.skipIf(device === undefined)("numbers on an adapter", () => {
  it.each(CASES)("%s", async (_, expression, values) => {
    const spec = { rows: values.length, channels: 1, inputs: [{ kind: "same" }] as const, outputs: [expression] };
    const recipe = recipeOf(elementwiseKernel("expression", spec));
    const { out } = await runRecipe(device!, recipe, { x1: values }, { out: values.length });
    values.forEach((value, i) => {
      const wanted = interpret(expression, [value]);
      // Relative: small results must keep their digits too.
      expect(Math.abs(out![i]! - wanted), `at ${value}: ${out![i]}, not ${wanted}`).toBeLessThanOrEqual(
        4e-6 * Math.abs(wanted),
      );
    });
  });
});
