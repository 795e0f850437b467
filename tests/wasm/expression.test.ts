/** The scalar-expression IR: printing, meaning, and the same numbers from the WASM code. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadRecipe } from "./runner.ts";
import {
  costOf,
  ex,
  inputCount,
  printExpression,
  substitute,
  type Expression,
} from "../../src/compiler/plan/expression.ts";
import { erf, interpret } from "../../src/compiler/plan/expression-interpreter.ts";
import { supportsRelaxedSimd } from "../../src/compiler/targets/wasm/assembler.ts";
import "./support.ts";
import { elementwiseKernel } from "../../src/compiler/targets/wasm/kernels/elementwise.ts";

function run(e: Expression, inputs: readonly Float32Array[], relaxed = false): Float32Array {
  const length = inputs[0]!.length;
  const kernel = elementwiseKernel("test", {
    rows: 1,
    channels: length,
    inputs: inputs.map(() => ({ kind: "same" }) as const),
    outputs: [e],
  });
  const named = Object.fromEntries(inputs.map((values, i) => [`x${i + 1}`, values]));
  const loaded = loadRecipe({ steps: [kernel], temporaries: {} }, named, { out: length }, { relaxed });
  loaded.run();
  return loaded.view("out").slice();
}

/** Distance in units in the last place of the wanted value, as float32. */
function ulps(actual: number, wanted: number): number {
  const rounded = Math.fround(wanted);
  if (Object.is(actual, rounded) || actual === rounded) return 0;
  if (Number.isNaN(actual) && Number.isNaN(rounded)) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(rounded)) return Infinity;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(rounded))));
  return Math.abs(actual - wanted) / 2 ** (exponent - 23);
}

const x = ex.input(0);

/** Points of a range, and what is special: zeros, infinities, NaN, subnormal numbers. */
function points(low: number, high: number): Float32Array {
  const special = [0, -0, Infinity, -Infinity, NaN, 1e-40, -1e-40, 1, -1, 1e-8, -1e-8];
  const spread = Array.from({ length: 20001 }, (_, i) => low + ((high - low) * i) / 20000);
  return Float32Array.from([...spread, ...special]);
}

describe("elementary functions in WASM", () => {
  const CASES: readonly (readonly [string, Expression, number, number, number])[] = [
    ["exp", ex.exp(x), -104, 89, 2],
    ["exp near 0", ex.exp(x), -1, 1, 2],
    ["log", ex.log(x), 0, 1e3, 2],
    ["log near 1", ex.log(x), 0.5, 2, 2],
    ["log, small", ex.log(x), 0, 1e-37, 2],
    ["sigmoid", ex.sigmoid(x), -80, 80, 3],
    ["tanh", ex.tanh(x), -10, 10, 2],
    ["tanh near 0", ex.tanh(x), -0.01, 0.01, 2],
    ["erf", ex.erf(x), -5, 5, 3],
    ["erf near 0", ex.erf(x), -0.01, 0.01, 2],
    ["softplus", ex.softplus(x), -60, 100, 3],
    ["sqrt", ex.sqrt(x), 0, 1e6, 1],
    ["sign", ex.sign(x), -2, 2, 0],
    ["relu", ex.relu(x), -2, 2, 0],
    ["x^1.5", ex.power(x, 1.5), 0, 100, 2],
    ["x^0.25", ex.power(x, 0.25), 0, 100, 2],
    ["x^-0.5", ex.power(x, -0.5), 0.01, 100, 2],
    ["x^3", ex.power(x, 3), 0, 100, 2],
    ["x^0", ex.power(x, 0), 0, 100, 0],
    ["x^0.7", ex.power(x, 0.7), 0.001, 100, 12],
  ];
  it.each(CASES)("%s", (name, e, low, high, limit) => {
    // Powers are for x ≥ 0; their error grows with |ln x|.
    const values = points(low, high).filter((value) => !name.startsWith("x^") || value === 0 || value >= low);
    for (const relaxed of supportsRelaxedSimd() ? [false, true] : [false]) {
      const actual = run(e, [values], relaxed);
      let worst = { error: 0, at: 0 };
      values.forEach((value, i) => {
        const error = ulps(actual[i]!, interpret(e, [value]));
        if (error > worst.error) worst = { error, at: value };
      });
      expect(worst.error, `at ${worst.at}`).toBeLessThanOrEqual(limit);
    }
  });
});

describe("expressions", () => {
  const leaf = fc.oneof(
    fc.integer({ min: 0, max: 2 }).map((index) => ex.input(index)),
    fc.constantFrom(0, 1, -1, 0.5, 3).map((value) => ex.constant(value)),
  );
  const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc
        .tuple(fc.constantFrom("neg", "abs", "sign", "square", "relu", "sqrt"), tie("tree"))
        .map(([op, a]) => ({ op, a }) as Expression),
      fc
        .tuple(fc.constantFrom("add", "sub", "mul", "div", "max", "min", "greater"), tie("tree"), tie("tree"))
        .map(([op, a, b]) => ({ op, a, b }) as Expression),
      fc.tuple(tie("tree"), tie("tree"), tie("tree")).map(([c, a, b]) => ex.select(c, a, b)),
    ),
  }));

  it("give the interpreter's float32 bits where no function is approximated", () => {
    const values = [0, -0, 1, -1, 0.1, -2.5, 1e30, -1e-30, Infinity, NaN];
    fc.assert(
      fc.property(
        tree,
        fc.array(fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(...values))), { minLength: 1, maxLength: 9 }),
        (e, rows) => {
          const columns = [0, 1, 2].map((i) => Float32Array.from(rows, (row) => row[i]!));
          const actual = run(e, columns);
          rows.forEach((row, i) => {
            const wanted = interpret(e, row.map(Math.fround), { float32: true });
            expect(actual[i] === wanted || (Number.isNaN(actual[i]) && Number.isNaN(wanted)), printExpression(e)).toBe(
              true,
            );
          });
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  it("print, count inputs, cost and substitute", () => {
    const e = ex.bcosScale(ex.input(0), ex.input(1), 2);
    expect(printExpression(e)).toBe("mul(in0, div(abs(in0), in1))");
    expect(inputCount(e)).toBe(2);
    expect(costOf(e)).toBe(3);
    expect(printExpression(substitute(e, (i) => ex.add(ex.input(i + 1), 1)))).toBe(
      "mul(add(in1, 1), div(abs(add(in1, 1)), add(in2, 1)))",
    );
    expect(printExpression(ex.power(x, 0.5))).toBe("power(in0, 0.5)");
  });

  it("scale by the B-cos factor for every exponent", () => {
    expect(interpret(ex.bcosScale(x, ex.input(1), 1), [-3, 2])).toBe(-3);
    expect(interpret(ex.bcosScale(x, ex.input(1), 2), [-3, 2])).toBe(-4.5);
    expect(interpret(ex.bcosScale(x, ex.input(1), 1.5), [-3, 2])).toBeCloseTo(-3 * Math.sqrt(1.5 + 1e-6), 12);
  });

  it("have an error function to 15 digits", () => {
    // Abramowitz and Stegun, table 7.1.
    expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 15);
    expect(erf(-1)).toBeCloseTo(-0.8427007929497149, 15);
    expect(erf(2)).toBeCloseTo(0.9953222650189527, 15);
    expect(erf(3.5)).toBeCloseTo(0.9999992569016276, 15);
    expect(erf(Infinity)).toBe(1);
    expect(erf(NaN)).toBeNaN();
  });
});
