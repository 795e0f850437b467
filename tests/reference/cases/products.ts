/** Matrix products, and the row-wise operations of B-cos layers. */
import type { Shape } from "../../../src/compiler/graph/graph.ts";
import { build, gen, indices, sum } from "../nd.ts";
import { none, positive, type Case, type Cases } from "./case.ts";

function matmulCase(left: Shape, right: Shape, transposeA: boolean, transposeB: boolean): Case<"matmul"> {
  const a = gen(left, 0.1);
  const b = gen(right, 0.7);
  const [m, k] = transposeA ? [left.at(-1)!, left.at(-2)!] : [left.at(-2)!, left.at(-1)!];
  const n = right.at(transposeB ? -2 : -1)!;
  const expected = build([...left.slice(0, -2), m, n], (...index) => {
    const lead = index.slice(0, -2);
    const [i, j] = index.slice(-2) as [number, number];
    const leadB = right.length === 2 ? [] : lead;
    return sum(
      Array.from({ length: k }, (_, p) => {
        const left = transposeA ? a.at(...lead, p, i) : a.at(...lead, i, p);
        return left * (transposeB ? b.at(...leadB, j, p) : b.at(...leadB, p, j));
      }),
    );
  });
  return {
    label: `[${left}]${transposeA ? "ᵀ" : ""} · [${right}]${transposeB ? "ᵀ" : ""}`,
    attributes: { transposeA, transposeB },
    inputs: [a, b],
    expected,
  };
}

const matmulCases = [false, true].flatMap((ta) =>
  [false, true].flatMap((tb) => {
    const left = (m: number, k: number) => (ta ? [k, m] : [m, k]);
    const right = (k: number, n: number) => (tb ? [n, k] : [k, n]);
    return [
      matmulCase(left(5, 7), right(7, 3), ta, tb),
      matmulCase(left(1, 1), right(1, 1), ta, tb),
      matmulCase(left(8, 9), right(9, 4), ta, tb),
      matmulCase([3, ...left(2, 5)], right(5, 6), ta, tb),
      matmulCase([2, 2, ...left(3, 4)], [2, 2, ...right(4, 5)], ta, tb),
      // More than one block of rows.
      matmulCase(left(45, 4100), right(4100, 2), ta, tb),
    ];
  }),
);

function cosScaled(b: number, groups: number, shape: Shape): Case<"bcos_scale"> {
  const o = gen(shape, 0.2);
  const n = positive(gen([...shape.slice(0, -1), groups], 0.6));
  const run = shape.at(-1)! / groups;
  const expected = build(shape, (...i) => {
    const cos = Math.abs(o.at(...i) / n.at(...i.slice(0, -1), Math.floor(i.at(-1)! / run)));
    return o.at(...i) * (b === 2 ? cos : (cos + 1e-6) ** (b - 1));
  });
  return { label: `b ${b}, ${groups} groups, [${shape}]`, attributes: { b }, inputs: [o, n], expected };
}

export const productCases = {
  matmul: matmulCases,
  unit_rows: (
    [
      [3, 5],
      [4, 3, 3, 2],
      [1, 1],
    ] as const
  ).map((shape) => {
    const x = gen(shape, 0.2);
    const norm = (row: number) => Math.hypot(...[...indices(shape)].filter((i) => i[0] === row).map((i) => x.at(...i)));
    return {
      label: `[${shape}]`,
      attributes: none,
      inputs: [x],
      expected: build(shape, (...i) => x.at(...i) / norm(i[0]!)),
    };
  }),
  row_norm: ([[3, 5], [2, 3, 1], [4]] as const).map((shape) => {
    const x = gen(shape, 0.2);
    const width = shape.at(-1)!;
    const lead = shape.slice(0, -1);
    const row = (i: number[]) => Array.from({ length: width }, (_, k) => x.at(...i.slice(0, -1), k));
    return {
      label: `[${shape}]`,
      attributes: { epsilon: 0.25 },
      inputs: [x],
      expected: build([...lead, 1], (...i) => Math.hypot(...row(i)) + 0.25),
    };
  }),
  bcos_scale: [
    cosScaled(2, 1, [3, 5]),
    cosScaled(1, 1, [3, 5]),
    cosScaled(1.5, 1, [2, 3, 3, 4]),
    cosScaled(2, 3, [2, 3, 3, 6]),
    cosScaled(2.5, 2, [1, 1, 1, 2]),
  ],
} satisfies Partial<Cases>;
