/** Matrix products with norms, epilogues and MaxOut: the B-cos linear layer. */
import { describe, expect, it } from "vitest";
import { ex } from "../../src/compiler/plan/expression.ts";
import { matmulRecipe } from "../../src/compiler/targets/wasm/kernels/matmul.ts";
import { loadRecipe } from "./runner.ts";
import { checkRecipe, randomValues } from "./support.ts";

/** Rows of x [rows, depth] times rows of w [columns, depth]. */
function product(x: ArrayLike<number>, w: ArrayLike<number>, rows: number, depth: number, columns: number): number[] {
  return Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < depth; k++) sum += x[row * depth + k]! * w[column * depth + k]!;
    return sum;
  });
}

const SIZES = [
  [1, 1, 1, 1],
  [1, 300, 100, 1],
  [7, 33, 10, 1],
  [7, 33, 10, 2],
  [3, 5, 9, 3],
  [200, 20, 21, 1],
] as const;

describe("B-cos linear", () => {
  it.each(SIZES)("%i rows of %i to %i outputs of %i units", (rows, depth, outputs, units) => {
    const x = randomValues(rows * depth, 1);
    const w = randomValues(outputs * units * depth, 2);
    const all = product(x, w, rows, depth, outputs * units);
    const sums = Array.from({ length: rows * outputs }, (_, at) =>
      Math.max(...all.slice(at * units, (at + 1) * units)),
    );
    const norm = product(x, x, rows, depth, rows)
      .filter((_, at) => at % (rows + 1) === 0)
      .map((square) => Math.sqrt(square) + 1e-12);
    const scaled = sums.map((o, at) => (o * Math.abs(o)) / norm[Math.floor(at / outputs)]!);
    const recipe = matmulRecipe(
      { a: [rows, depth], b: [outputs * units, depth], transposeA: false, transposeB: true, maxOut: units },
      {
        norm: { epsilon: 1e-12, outside: true },
        epilogue: { inputs: [], outputs: [ex.input(0), ex.bcosScale(ex.input(0), ex.input(1), 2)] },
      },
    );
    checkRecipe(recipe, { a: x, b: w }, { out: sums, out2: scaled, norm });
  });

  it("gives 0 for rows of zeros", () => {
    const recipe = matmulRecipe(
      { a: [6, 4], b: [3, 4], transposeA: false, transposeB: true },
      {
        norm: { epsilon: 1e-12, outside: true },
        epilogue: { inputs: [], outputs: [ex.bcosScale(ex.input(0), ex.input(1), 2)] },
      },
    );
    checkRecipe(
      recipe,
      { a: new Float32Array(24), b: randomValues(12, 1) },
      { out: new Float32Array(18), norm: new Float32Array(6).fill(1e-12) },
    );
  });
});

describe("batched products", () => {
  it.each([true, false])("with an epilogue over the rows of all; a transposed: %s", (transposeA) => {
    const [batch, m, k, n] = [5, 7, 11, 13];
    const a = randomValues(batch * m * k, 1);
    const b = randomValues(batch * n * k, 2);
    const [row, channel] = [randomValues(batch * m, 3), randomValues(n, 4)];
    const rowsOf = (p: number): Float32Array => {
      const part = a.subarray(p * m * k, (p + 1) * m * k);
      return transposeA ? part.map((_, at) => part[(at % k) * m + Math.floor(at / k)]!) : part;
    };
    const out = Array.from({ length: batch }, (_, p) =>
      product(rowsOf(p), b.subarray(p * n * k, (p + 1) * n * k), m, k, n),
    )
      .flat()
      .map((value, at) => value * row[Math.floor(at / n)]! + channel[at % n]!);
    const recipe = matmulRecipe(
      { a: [batch, ...(transposeA ? [k, m] : [m, k])], b: [batch, n, k], transposeA, transposeB: true },
      {
        epilogue: {
          inputs: [{ kind: "row" }, { kind: "channel" }],
          outputs: [ex.add(ex.mul(ex.input(0), ex.input(1)), ex.input(2))],
        },
      },
    );
    checkRecipe(recipe, { a, b, e1: row, e2: channel }, { out });
  });
});

describe("the error of long sums", () => {
  it.each([1024, 4608, 1031])("grows with far less than the root of %i terms", (depth) => {
    const [rows, columns] = [40, 40];
    const [a, b] = [randomValues(rows * depth, 1), randomValues(columns * depth, 2)];
    const wanted = product(a, b, rows, depth, columns);
    const recipe = matmulRecipe({ a: [rows, depth], b: [columns, depth], transposeA: false, transposeB: true });
    const loaded = loadRecipe(recipe, { a, b }, { out: rows * columns });
    loaded.run();
    const power = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, v) => sum + v * v, 0);
    const errors = loaded.view("out").map((value, at) => value - wanted[at]!);
    const rounding = 2 ** -24 / Math.sqrt(3);
    // One sum over all terms has about √(K/2) roundings; a prime number of terms is not cut.
    const roundings = Math.sqrt(power(errors) / power(wanted)) / rounding;
    expect(roundings).toBeLessThan(depth === 1031 ? 30 : Math.sqrt((48 + depth / 48) / 2) + 2);
  });
});
