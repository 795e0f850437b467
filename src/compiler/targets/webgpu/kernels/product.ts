/**
 * The product that convolutions, their gradients and matrix products share: for each z, row and column a sum over outer
 * steps (taps) and an inner run k = 0 … depth − 1 of a(row) · b(column). What a and b are is said by functions in WGSL:
 *
 *     first_tap(z), end_tap(z)         the outer steps of z
 *     a_place(z, row, tap)             where a's run begins: three numbers that only a_at understands
 *     a_at(place, k)                   an element of it
 *     b_place(z, column, tap), b_at(place, k)
 *     store(z, row, column, sum, squares)
 *
 * Each of a_at, b_at and store has a form of width 4: a_at and b_at give the four neighbours in memory, from a multiple of
 * four on: of the run (k …) or of rows (columns); store takes a vec4f of four neighbouring columns.
 *
 * Variants: `workgroup` with tiles in workgroup memory, for GPUs; `registers` without workgroup memory and barriers, and
 * `subgroups`, in which the lanes share what they read, for adapters that run on the processor.
 */
import type { Width } from "../expression-wgsl.ts";
import { createKernel, range, type BufferPart, type GpuKernel } from "../kernel.ts";
import { registerForm } from "./product-registers.ts";
import { subgroupForm } from "./product-subgroups.ts";
import { workgroupForms } from "./product-workgroup.ts";

export interface Widths {
  readonly a: Width;
  readonly b: Width;
  readonly store: Width;
}

export interface ProductFunctions {
  /** The functions above. */
  readonly code: string;
  /** Buffers that they read or write as vec4f. */
  readonly wide: readonly string[];
}

export interface Product {
  readonly label: string;
  readonly inputs: readonly BufferPart[];
  readonly outputs: readonly BufferPart[];
  readonly functions: (widths: Widths) => ProductFunctions;
  /** Which functions have a form of width 4. */
  readonly canWiden: { readonly a: boolean; readonly b: boolean; readonly store: boolean };
  /** How many z. */
  readonly batches: number;
  readonly rows: number;
  /** Columns that are stored. */
  readonly columns: number;
  readonly depth: number;
  /** Neighbouring columns of b of which the largest sum is stored (MaxOut). */
  readonly units: number;
  /** Whether `store` gets the sum of the squares of a row of a, of the first unit. Else it gets 0. */
  readonly squares: boolean;
  /** Which of its two indices neighbouring elements in memory differ in. */
  readonly alongA: "k" | "row";
  readonly alongB: "k" | "column";
  readonly flops: number;
}

export function productKernel(product: Product): GpuKernel {
  return createKernel(product, [...workgroupForms(product), registerForm(product), subgroupForm(product, 8)]);
}

export const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, least)));

/** Rows and columns that a workgroup computes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** The first row and column of a workgroup, and z. */
export function placeOfTile(product: Product, tile: Tile): readonly string[] {
  const [rowTiles, columnTiles] = tilesOf(product, tile);
  const remainder = (value: string, count: number): string => (count === 1 ? "0u" : `${value} % ${count}u`);
  return [
    `let column_tile = ${remainder("group", columnTiles)} * ${tile.columns}u;`,
    `let row_tile = ${remainder(`group / ${columnTiles}u`, rowTiles)} * ${tile.rows}u;`,
    `let z = group / ${columnTiles * rowTiles}u;`,
  ];
}

function tilesOf(product: Product, tile: Tile): readonly [number, number] {
  return [Math.ceil(product.rows / tile.rows), Math.ceil(product.columns / tile.columns)];
}

export function groupsOf(product: Product, tile: Tile): number {
  const [rowTiles, columnTiles] = tilesOf(product, tile);
  return product.batches * rowTiles * columnTiles;
}

/**
 * Declares the sums `names` (of the width) and their squares, and adds up with the statements of `sum`; with MaxOut those of
 * every unit in turn, and the largest kept. The finished sums have the names that `finished` gives.
 */
export function overUnits(product: Product, names: readonly string[], width: Width, sum: string): string[] {
  const zero = width === 1 ? "0.0f" : "vec4f()";
  const declared = names.map((name) => `var ${name} = ${zero};`);
  if (product.units === 1) return [...declared, sum];
  const best = (name: string): string => finished(product, name);
  return [
    ...names.map((name) => `var ${best(name)} = ${zero};`),
    `for (var unit = 0u; unit < ${product.units}u; unit++) {`,
    ...declared.map((line) => `  ${line}`),
    sum.replace(/^(?=.)/gm, "  "),
    ...names.map((name) => `  ${best(name)} = select(max(${best(name)}, ${name}), ${name}, unit == 0u);`),
    "}",
  ];
}

export const finished = (product: Product, name: string): string => (product.units === 1 ? name : `best_${name}`);

/** The column of b that unit `unit` of a stored column is. */
export function unitColumn(product: Product, column: string): string {
  return product.units === 1 ? column : `(${column}) * ${product.units}u + unit`;
}

/** `square` where squares belong to the sums that are made: those of the first unit. */
export function ofFirstUnit(product: Product, square: string): string {
  return product.units === 1 ? square : `select(0.0f, ${square}, unit == 0u)`;
}

/**
 * Declares `none`, which is 0 but no constant. Mesa unrolls loops of constant length, of which there are three around each
 * other, and then compiles for seconds.
 */
export function declareNone(product: Product): string {
  return `let none = min(arrayLength(&${product.inputs[0]!.name}), 1u) - 1u;`;
}

/** Places behind the end stand for the last one; what is computed there is not stored. */
export const clamped = (at: string, count: number): string => `min(${at}, ${count - 1}u)`;

/** Elements k … k + 3 of the run at a place, as a vec4f. */
export function runOfFour(side: "a" | "b", width: Width, place: string, k: string): string {
  if (width === 4) return `${side}_at(${place}, ${k})`;
  return `vec4f(${range(4)
    .map((i) => `${side}_at(${place}, ${k}${i === 0 ? "" : ` + ${i}u`})`)
    .join(", ")})`;
}

export const PARTS = ["x", "y", "z", "w"] as const;
