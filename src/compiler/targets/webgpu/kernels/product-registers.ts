/** A product without workgroup memory and barriers: every invocation reads what it needs of the buffers. */
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

const LANES = 16;
/** Rows and columns of an invocation. */
const [ROWS, COLUMNS] = [8, 4];

export function registerForm(product: Product): KernelForm {
  const columnLanes = Math.min(LANES, powerOfTwo(product.columns / COLUMNS));
  const tile = { rows: (LANES / columnLanes) * ROWS, columns: columnLanes * COLUMNS };
  const [rows, columns] = [range(ROWS), range(COLUMNS)];
  const widths = {
    a: product.alongA === "k" && product.canWiden.a ? 4 : 1,
    b: product.alongB === "k" && product.canWiden.b ? 4 : 1,
    store: 1,
  } as const;
  const { code, wide } = product.functions(widths);
  const row = (r: number): string => (r === 0 ? "row" : `row + ${r}u`);
  // Neighbouring lanes read neighbouring columns.
  const column = (c: number): string => (c === 0 ? "column" : `column + ${c * columnLanes}u`);
  const part = (value: string, i: number | undefined): string => (i === undefined ? value : `${value}.${PARTS[i]!}`);
  const multiply = (parts: readonly (number | undefined)[], x: string, r: number): string[] =>
    parts.flatMap((i) => columns.map((c) => `s${r}_${c} += ${part(x, i)} * ${part(`w${c}`, i)};`));
  const square = (r: number, value: string): string[] =>
    product.squares ? [`q${r} += ${ofFirstUnit(product, value)};`] : [];
  const whole = widths.a * widths.b === 1 ? 0 : Math.floor(product.depth / 4) * 4;
  const steps = [
    ...(whole === 0
      ? []
      : [
          `for (var k = 0u; k < ${whole}u + none; k += 4u) {`,
          ...columns.map((c) => `  let w${c} = ${runOfFour("b", widths.b, `b${c}`, "k")};`),
          ...rows.flatMap((r) => [
            `  let x${r} = ${runOfFour("a", widths.a, `a${r}`, "k")};`,
            indent([...multiply([0, 1, 2, 3], `x${r}`, r), ...square(r, `dot(x${r}, x${r})`)].join("\n")),
          ]),
          "}",
        ]),
    ...(whole === product.depth
      ? []
      : [
          `for (var k = ${whole}u; k < ${product.depth}u + none; k++) {`,
          ...columns.map((c) => `  let w${c} = b_at(b${c}, k);`),
          ...rows.flatMap((r) => [
            `  let x${r} = a_at(a${r}, k);`,
            indent([...multiply([undefined], `x${r}`, r), ...square(r, `x${r} * x${r}`)].join("\n")),
          ]),
          "}",
        ]),
  ];
  const sum = [
    "for (var tap = first_tap(z); tap < end_tap(z) + none; tap++) {",
    ...rows.map((r) => `  let a${r} = a_place(z, ${clamped(row(r), product.rows)}, tap);`),
    ...columns.map(
      (c) => `  let b${c} = b_place(z, ${unitColumn(product, clamped(column(c), product.columns))}, tap);`,
    ),
    indent(steps.join("\n")),
    "}",
  ].join("\n");
  const names = rows.flatMap((r) => columns.map((c) => `s${r}_${c}`));
  const list = (values: readonly string[]): string => `array<f32, ${ROWS}>(${values.join(", ")})`;
  return {
    name: "registers",
    declarations: code,
    wide,
    body: [
      declareNone(product),
      ...placeOfTile(product, tile),
      `let row = row_tile + lane / ${columnLanes}u * ${ROWS}u;`,
      `let column = column_tile + lane % ${columnLanes}u;`,
      ...(product.squares ? rows.map((r) => `var q${r} = 0.0f;`) : []),
      ...overUnits(product, names, 1, sum),
      ...columns.map((c) => `var sums${c} = ${list(rows.map((r) => finished(product, `s${r}_${c}`)))};`),
      ...(product.squares ? [`var squares = ${list(rows.map((r) => `q${r}`))};`] : []),
      `for (var r = 0u; r < ${ROWS}u + none && row + r < ${product.rows}u; r++) {`,
      ...columns.flatMap((c) => [
        `  if (${column(c)} < ${product.columns}u) {`,
        `    store(z, row + r, ${column(c)}, sums${c}[r], ${product.squares ? "squares[r]" : "0.0f"});`,
        "  }",
      ]),
      "}",
    ].join("\n"),
    invocations: LANES,
    groups: groupsOf(product, tile),
  };
}
