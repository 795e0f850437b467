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
 * Two variants: `workgroup` with tiles in workgroup memory, and `registers` without workgroup memory and barriers.
 */
import { createKernel, indent, range, type BufferPart, type GpuKernel, type KernelForm } from "../kernel.ts";

export interface Product {
  readonly label: string;
  readonly inputs: readonly BufferPart[];
  readonly outputs: readonly BufferPart[];
  /** The functions above. */
  readonly declarations: string;
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
  /** Which of its two indices neighbouring elements in memory differ in: tells how a tile is loaded. */
  readonly alongA: "k" | "row";
  readonly alongB: "k" | "column";
  readonly flops: number;
}

export function productKernel(product: Product): GpuKernel {
  return createKernel(product, [workgroupForm(product), registerForm(product)]);
}

interface Tile {
  /** Lanes over rows and columns, and rows and columns of each. */
  readonly lanes: readonly [number, number];
  readonly each: readonly [number, number];
}

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, least)));

/** Named sums of one invocation. */
function sums(each: readonly [number, number], name: string): string[] {
  return range(each[0]).flatMap((r) => range(each[1]).map((c) => `${name}${r}_${c}`));
}

/** The first row and column of an invocation; its columns are `lanes` apart, so that neighbours read neighbours. */
function place(product: Product, tile: Tile): readonly string[] {
  const columnTiles = Math.ceil(product.columns / (tile.lanes[1] * tile.each[1]));
  const rowTiles = Math.ceil(product.rows / (tile.lanes[0] * tile.each[0]));
  return [
    `let column_tile = group % ${columnTiles}u * ${tile.lanes[1] * tile.each[1]}u;`,
    `let row_tile = group / ${columnTiles}u % ${rowTiles}u * ${tile.lanes[0] * tile.each[0]}u;`,
    `let z = group / ${columnTiles * rowTiles}u;`,
    `let row = row_tile + lane / ${tile.lanes[1]}u * ${tile.each[0]}u;`,
    `let column = column_tile + lane % ${tile.lanes[1]}u;`,
  ];
}

function groupsOf(product: Product, tile: Tile): number {
  const columnTiles = Math.ceil(product.columns / (tile.lanes[1] * tile.each[1]));
  return product.batches * columnTiles * Math.ceil(product.rows / (tile.lanes[0] * tile.each[0]));
}

/** The sums of every unit in turn, the largest kept; `sum` makes the statements that add up to s…. */
function overUnits(product: Product, tile: Tile, sum: string): string[] {
  const names = sums(tile.each, "s");
  const squares = product.squares ? range(tile.each[0]).map((r) => `var q${r} = 0.0f;`) : [];
  const zero = names.map((name) => `var ${name} = 0.0f;`);
  if (product.units === 1) return [...squares, ...zero, sum];
  const best = (name: string): string => name.replace("s", "m");
  return [
    ...squares,
    ...names.map((name) => `var ${best(name)} = 0.0f;`),
    `for (var unit = 0u; unit < ${product.units}u; unit++) {`,
    ...zero.map((line) => `  ${line}`),
    indent(sum),
    ...names.map((name) => `  ${best(name)} = select(max(${best(name)}, ${name}), ${name}, unit == 0u);`),
    "}",
  ];
}

/** The column of b that unit `unit` of a stored column is. */
function unitColumn(product: Product, column: string): string {
  return product.units === 1 ? column : `(${column}) * ${product.units}u + unit`;
}

/** Square sums belong to the first unit. */
function addSquare(product: Product, r: number, value: string): string[] {
  if (!product.squares) return [];
  return [
    product.units === 1 ? `q${r} += ${value} * ${value};` : `q${r} += select(0.0f, ${value} * ${value}, unit == 0u);`,
  ];
}

function stores(product: Product, tile: Tile): string[] {
  const name = product.units === 1 ? "s" : "m";
  return range(tile.each[0]).flatMap((r) => [
    `if (row + ${r}u < ${product.rows}u) {`,
    ...range(tile.each[1]).flatMap((c) => [
      `  if (column + ${c * tile.lanes[1]}u < ${product.columns}u) {`,
      `    store(z, row + ${r}u, column + ${c * tile.lanes[1]}u, ${name}${r}_${c}, ${product.squares ? `q${r}` : "0.0f"});`,
      "  }",
    ]),
    "}",
  ]);
}

/** Sums of rows × columns of an invocation in registers, everything read from the buffers as it is needed. */
function registerForm(product: Product): KernelForm {
  const columnLanes = Math.min(16, powerOfTwo(product.columns / 4));
  const tile: Tile = { lanes: [16 / columnLanes, columnLanes], each: [8, 4] };
  const [rows, columns] = [range(tile.each[0]), range(tile.each[1])];
  // Rows and columns behind the end read the last one; their sums are not stored.
  const rowAt = (r: number): string => `min(row + ${r}u, ${product.rows - 1}u)`;
  const columnAt = (c: number): string => `min(column + ${c * tile.lanes[1]}u, ${product.columns - 1}u)`;
  const sum = [
    "for (var tap = first_tap(z); tap < end_tap(z); tap++) {",
    ...rows.map((r) => `  let a${r} = a_place(z, ${rowAt(r)}, tap);`),
    ...columns.map((c) => `  let b${c} = b_place(z, ${unitColumn(product, columnAt(c))}, tap);`),
    `  for (var k = 0u; k < ${product.depth}u; k++) {`,
    ...columns.map((c) => `    let w${c} = b_at(b${c}, k);`),
    ...rows.flatMap((r) => [
      `    let x${r} = a_at(a${r}, k);`,
      ...columns.map((c) => `    s${r}_${c} += x${r} * w${c};`),
      ...addSquare(product, r, `x${r}`).map((line) => `    ${line}`),
    ]),
    "  }",
    "}",
  ].join("\n");
  return {
    name: "registers",
    declarations: product.declarations,
    body: [...place(product, tile), ...overUnits(product, tile, sum), ...stores(product, tile)].join("\n"),
    invocations: 16,
    groups: groupsOf(product, tile),
  };
}

/** Rows and columns of an invocation by the size of the product: large tiles read less, small ones keep all of a GPU busy. */
function workgroupTile(product: Product): Tile {
  const columnLanes = Math.min(16, powerOfTwo(product.columns / 4));
  const each = (rows: number): Tile => ({ lanes: [rows, columnLanes], each: [4, 4] });
  const large: Tile = { lanes: [16, columnLanes], each: [8, 4] };
  if (columnLanes === 16 && groupsOf(product, large) >= 256) return large;
  const wide = each(Math.min(32, 256 / columnLanes));
  if (groupsOf(product, wide) >= 128) return wide;
  return each(Math.min(16, 64 / columnLanes));
}

/** Elements of a run that are loaded together. */
function sliceOf(depth: number): number {
  return depth > 8 ? 16 : depth > 4 ? 8 : 4;
}

interface Load {
  readonly name: "a" | "b";
  /** Rows of a, columns of b. */
  readonly width: number;
  readonly slice: number;
  readonly threads: number;
  readonly alongRun: boolean;
  /** WGSL for the index among rows or columns of an index in the tile. */
  readonly index: (inTile: string) => string;
}

/**
 * How a tile gets into workgroup memory as [k][row or column]: each invocation has fixed rows, whose places are worked out
 * once a tap. Gives the statements before and inside of the loop over slices.
 */
function loadTile(load: Load, depth: number): { readonly before: string[]; readonly inside: string[] } {
  const { name, width, slice, threads } = load;
  const total = width * slice;
  const turns = Math.ceil(total / threads);
  const before: string[] = [];
  const inside: string[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const element = turn === 0 ? "lane" : `(lane + ${turn * threads}u)`;
    const [inTile, k] = load.alongRun
      ? [`${element} / ${slice}u`, `${element} % ${slice}u`]
      : [`${element} % ${width}u`, `${element} / ${width}u`];
    before.push(`let ${name}${turn} = ${name}_place(z, ${load.index(inTile)}, tap);`);
    const guard = (turn + 1) * threads > total;
    const kGlobal = `start + ${k}`;
    const read =
      depth % slice === 0
        ? `${name}_at(${name}${turn}, ${kGlobal})`
        : `select(0.0f, ${name}_at(${name}${turn}, min(${kGlobal}, ${depth - 1}u)), ${kGlobal} < ${depth}u)`;
    const store = `tile_${name}[(${k}) * ${width}u + ${inTile}] = ${read};`;
    inside.push(...(guard ? [`if (${element} < ${total}u) {`, `  ${store}`, "}"] : [store]));
  }
  return { before, inside };
}

function workgroupForm(product: Product): KernelForm {
  const tile = workgroupTile(product);
  const slice = sliceOf(product.depth);
  const threads = tile.lanes[0] * tile.lanes[1];
  const [height, width] = [tile.lanes[0] * tile.each[0], tile.lanes[1] * tile.each[1]];
  const rows = range(tile.each[0]);
  const columns = range(tile.each[1]);
  const a = loadTile(
    {
      ...{ name: "a", width: height, slice, threads, alongRun: product.alongA === "k" },
      index: (inTile) => `min(row_tile + ${inTile}, ${product.rows - 1}u)`,
    },
    product.depth,
  );
  const b = loadTile(
    {
      ...{ name: "b", width, slice, threads, alongRun: product.alongB === "k" },
      index: (inTile) => unitColumn(product, `min(column_tile + ${inTile}, ${product.columns - 1}u)`),
    },
    product.depth,
  );
  const sum = [
    "for (var tap = first_tap(z); tap < end_tap(z); tap++) {",
    indent([...a.before, ...b.before].join("\n")),
    `  for (var start = 0u; start < ${product.depth}u; start += ${slice}u) {`,
    indent([...a.inside, ...b.inside].join("\n"), 2),
    "    workgroupBarrier();",
    `    for (var k = 0u; k < ${slice}u; k++) {`,
    ...columns.map((c) => `      let w${c} = tile_b[k * ${width}u + column_lane + ${c * tile.lanes[1]}u];`),
    ...rows.flatMap((r) => [
      `      let x${r} = tile_a[k * ${height}u + row_lane + ${r}u];`,
      ...columns.map((c) => `      s${r}_${c} += x${r} * w${c};`),
      ...addSquare(product, r, `x${r}`).map((line) => `      ${line}`),
    ]),
    "    }",
    "    workgroupBarrier();",
    "  }",
    "}",
  ].join("\n");
  const memory = [
    `var<workgroup> tile_a: array<f32, ${slice * height}>;`,
    `var<workgroup> tile_b: array<f32, ${slice * width}>;`,
  ].join("\n");
  return {
    name: "workgroup",
    declarations: `${memory}\n\n${product.declarations}`,
    body: [
      ...place(product, tile),
      `let row_lane = lane / ${tile.lanes[1]}u * ${tile.each[0]}u;`,
      `let column_lane = lane % ${tile.lanes[1]}u;`,
      ...overUnits(product, tile, sum),
      ...stores(product, tile),
    ].join("\n"),
    invocations: threads,
    groups: groupsOf(product, tile),
    workgroupBytes: 4 * slice * (height + width),
  };
}
