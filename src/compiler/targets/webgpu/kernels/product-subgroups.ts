/**
 * A product by subgroups: a lane computes some columns of 16 rows. Each number of a is read by one lane, which is then
 * that of its row, and broadcast to the others; the squares of a row are summed up by its lane.
 */
import { indent, range, type KernelForm } from "../kernel.ts";
import {
  clamped,
  declareNone,
  finished,
  groupsOf,
  ofFirstUnit,
  overUnits,
  PARTS,
  placeOfTile,
  powerOfTwo,
  runOfFour,
  unitColumn,
  type Product,
} from "./product.ts";

const ROWS = 16;

/** For subgroups of `lanes` invocations, each a workgroup of its own. */
export function subgroupForm(product: Product, lanes: number): KernelForm {
  const vectors = Math.min(4, powerOfTwo(product.columns / lanes));
  const tile = { rows: ROWS, columns: lanes * vectors };
  const [rows, columns, blocks] = [range(ROWS), range(vectors), range(ROWS / lanes)];
  const widths = {
    a: product.alongA === "k" && product.canWiden.a ? 4 : 1,
    b: product.alongB === "k" && product.canWiden.b ? 4 : 1,
    store: 1,
  } as const;
  const { code, wide } = product.functions(widths);
  const column = (c: number): string => (c === 0 ? "column" : `column + ${c * lanes}u`);
  const part = (value: string, i: number | undefined): string => (i === undefined ? value : `${value}.${PARTS[i]!}`);
  /** Adds the products of element i of what was read, or of a single element. */
  const multiply = (i?: number): string[] =>
    rows.flatMap((r) => [
      "{",
      `  let x = subgroupBroadcast(${part(`x${Math.floor(r / lanes)}`, i)}, ${r % lanes}u);`,
      ...columns.map((c) => `  s${r}_${c} += x * ${part(`w${c}`, i)};`),
      "}",
    ]);
  const square = (dot: (x: string) => string): string[] =>
    product.squares ? blocks.map((i) => `q${i} += ${ofFirstUnit(product, dot(`x${i}`))};`) : [];
  const whole = widths.a * widths.b === 1 ? 0 : Math.floor(product.depth / 4) * 4;
  const steps = [
    ...(whole === 0
      ? []
      : [
          `for (var k = 0u; k < ${whole}u + none; k += 4u) {`,
          ...blocks.map((i) => `  let x${i} = ${runOfFour("a", widths.a, `a${i}`, "k")};`),
          ...columns.map((c) => `  let w${c} = ${runOfFour("b", widths.b, `b${c}`, "k")};`),
          ...square((x) => `dot(${x}, ${x})`).map((line) => `  ${line}`),
          indent(range(4).flatMap(multiply).join("\n")),
          "}",
        ]),
    ...(whole === product.depth
      ? []
      : [
          `for (var k = ${whole}u; k < ${product.depth}u + none; k++) {`,
          ...blocks.map((i) => `  let x${i} = a_at(a${i}, k);`),
          ...columns.map((c) => `  let w${c} = b_at(b${c}, k);`),
          ...square((x) => `${x} * ${x}`).map((line) => `  ${line}`),
          indent(multiply().join("\n")),
          "}",
        ]),
  ];
  const sum = [
    "for (var tap = first_tap(z); tap < end_tap(z) + none; tap++) {",
    ...blocks.map((i) => `  let a${i} = a_place(z, ${clamped(`row_tile + ${i * lanes}u + lane`, product.rows)}, tap);`),
    ...columns.map(
      (c) => `  let b${c} = b_place(z, ${unitColumn(product, clamped(column(c), product.columns))}, tap);`,
    ),
    indent(steps.join("\n")),
    "}",
  ].join("\n");
  const names = rows.flatMap((r) => columns.map((c) => `s${r}_${c}`));
  const list = (values: readonly string[]): string => `array<f32, ${ROWS}>(${values.join(", ")})`;
  const squaresOf = (r: number): string => `subgroupBroadcast(q${Math.floor(r / lanes)}, ${r % lanes}u)`;
  return {
    name: `subgroups ${lanes}`,
    declarations: code,
    wide,
    body: [
      declareNone(product),
      ...placeOfTile(product, tile),
      "let column = column_tile + lane;",
      ...(product.squares ? blocks.map((i) => `var q${i} = 0.0f;`) : []),
      ...overUnits(product, names, 1, sum),
      ...columns.map((c) => `var sums${c} = ${list(rows.map((r) => finished(product, `s${r}_${c}`)))};`),
      ...(product.squares ? [`var squares = ${list(rows.map(squaresOf))};`] : []),
      `for (var r = 0u; r < min(${ROWS}u, ${product.rows}u - row_tile) + none; r++) {`,
      ...columns.flatMap((c) => [
        `  if (${column(c)} < ${product.columns}u) {`,
        `    store(z, row_tile + r, ${column(c)}, sums${c}[r], ${product.squares ? "squares[r]" : "0.0f"});`,
        "  }",
      ]),
      "}",
    ].join("\n"),
    invocations: lanes,
    groups: groupsOf(product, tile),
    subgroupSize: lanes,
  };
}
