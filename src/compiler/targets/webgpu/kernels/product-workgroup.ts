/**
 * A product with tiles in workgroup memory, for GPUs. An invocation computes 4 or 8 rows of 4 or 8 columns and reads both
 * tiles as vec4f. Rows of a are kept as they lie in memory, along the run or along the rows; columns of b lie side by side,
 * so a run of b is turned on its way into the tile.
 *
 * Banks: the lanes of a row read the same vec4f of a, neighbouring lanes neighbouring vec4f of b. Where b is turned, lanes
 * write four rows of the tile apart; an odd pitch (in vec4f) keeps these in different banks but for pairs.
 */
import { indent, range, type KernelForm } from "../kernel.ts";
import {
  clamped,
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

interface Layout {
  readonly name: string;
  /** Lanes over rows and columns. */
  readonly lanes: readonly [number, number];
  /** Rows of a lane, and vec4f of columns. */
  readonly rows: number;
  readonly vectors: number;
  /** Elements of a run that are loaded together. */
  readonly slice: number;
}

const heightOf = (layout: Layout): number => layout.lanes[0] * layout.rows;
const widthOf = (layout: Layout): number => layout.lanes[1] * layout.vectors * 4;

/** The layouts that are worth trying for a product, the one to take unmeasured first. */
function layoutsOf(product: Product): readonly Layout[] {
  const { rows, columns, depth } = product;
  const columnLanes = Math.min(16, powerOfTwo(columns / 4));
  const rowLanes = (most: number, each: number): number => Math.min(most, powerOfTwo(rows / each));
  // Short runs are not filled up with zeros to a long slice.
  const slice = depth > 8 ? 16 : depth > 4 ? 8 : 4;
  const large: Layout = {
    ...{ name: "workgroup 8×4", rows: 8, vectors: 1, slice },
    lanes: [rowLanes(16, 8), columnLanes],
  };
  const largest: Layout = { ...large, name: "workgroup 8×8", vectors: 2, slice: Math.min(slice, 8) };
  const medium: Layout = {
    ...{ name: "workgroup 4×4", rows: 4, vectors: 1, slice },
    lanes: [rowLanes(Math.min(32, 256 / columnLanes), 4), columnLanes],
  };
  const small: Layout = {
    ...{ name: "workgroup 4×4 small", rows: 4, vectors: 1, slice },
    // With few columns the tile of rows alone would be all the memory that a workgroup has.
    lanes: [rowLanes(Math.max(8, Math.min(64 / columnLanes, 512 / slice)), 4), Math.min(8, columnLanes)],
  };
  const groups = (layout: Layout): number => groupsOf(product, { rows: heightOf(layout), columns: widthOf(layout) });
  // Large tiles read less, small ones keep all of a GPU busy.
  if (rows >= 128 && groups(large) >= 256) return columns >= 128 ? [large, largest] : [large, medium];
  if (groups(medium) >= 128) return [medium, small];
  return [small, medium];
}

export function workgroupForms(product: Product): KernelForm[] {
  return layoutsOf(product).map((layout) => workgroupForm(product, layout));
}

/** How a tile is filled: statements before the loop over slices, and in it. */
interface Load {
  readonly before: readonly string[];
  readonly inside: readonly string[];
}

/** Statements for `count` elements of a tile, spread over the invocations; `one` gets a name suffix and the element. */
function spread(count: number, threads: number, one: (suffix: string, element: string) => Load): Load {
  const turns = range(Math.ceil(count / threads)).map((turn) => {
    const element = turn === 0 ? "lane" : `(lane + ${turn * threads}u)`;
    const { before, inside } = one(String(turn), element);
    const partial = (turn + 1) * threads > count;
    return {
      before,
      inside: partial ? [`if (${element} < ${count}u) {`, ...inside.map((line) => `  ${line}`), "}"] : inside,
    };
  });
  return { before: turns.flatMap((turn) => turn.before), inside: turns.flatMap((turn) => turn.inside) };
}

/** Elements `k` … `k + 3` of the run, with zeros behind its end. */
function guardedRun(product: Product, slice: number, side: "a" | "b", wide: boolean, place: string, k: string): string {
  const { depth } = product;
  if (depth % slice === 0) return runOfFour(side, wide ? 4 : 1, place, k);
  if (wide) return `select(vec4f(), ${side}_at(${place}, min(${k}, ${depth - 4}u)), ${k} < ${depth}u)`;
  const at = (i: number): string => (i === 0 ? k : `${k} + ${i}u`);
  const one = (i: number): string =>
    `select(0.0f, ${side}_at(${place}, min(${at(i)}, ${depth - 1}u)), ${at(i)} < ${depth}u)`;
  return `vec4f(${range(4).map(one).join(", ")})`;
}

/** Four neighbouring rows or columns at element `k` of the run. */
function guardedNeighbours(
  product: Product,
  slice: number,
  side: "a" | "b",
  places: readonly string[],
  k: string,
): string {
  const { depth } = product;
  const at = depth % slice === 0 ? k : `min(${k}, ${depth - 1}u)`;
  const values = places.map((place) => `${side}_at(${place}, ${at})`);
  const four = values.length === 1 ? values[0]! : `vec4f(${values.join(", ")})`;
  return depth % slice === 0 ? four : `select(vec4f(), ${four}, ${k} < ${depth}u)`;
}

/** Declares the places of four neighbouring rows or columns: one where they are read together. */
function placesOf(
  product: Product,
  side: "a" | "b",
  together: boolean,
  prefix: string,
  first: string,
): { readonly names: readonly string[]; readonly lines: readonly string[] } {
  const count = side === "a" ? product.rows : product.columns;
  const column = (at: string): string => (side === "a" ? at : unitColumn(product, at));
  const place = (at: string): string => `${side}_place(z, ${column(at)}, tap)`;
  if (together) return { names: [prefix], lines: [`let ${prefix} = ${place(`min(${first}, ${count - 4}u)`)};`] };
  const names = range(4).map((i) => `${prefix}_${i}`);
  return { names, lines: names.map((name, i) => `let ${name} = ${place(clamped(`${first} + ${i}u`, count))};`) };
}

function loadA(product: Product, layout: Layout, threads: number): Load {
  const { slice } = layout;
  const height = heightOf(layout);
  const quarters = slice / 4;
  if (product.alongA === "k") {
    return spread(height * quarters, threads, (suffix, element) => ({
      before: [`let a${suffix} = a_place(z, ${clamped(`row_tile + ${element} / ${quarters}u`, product.rows)}, tap);`],
      inside: [
        `tile_a[${element}] = ${guardedRun(product, slice, "a", product.canWiden.a, `a${suffix}`, `start + ${element} % ${quarters}u * 4u`)};`,
      ],
    }));
  }
  const fours = height / 4;
  return spread(slice * fours, threads, (suffix, element) => {
    const first = `row_tile + ${element} % ${fours}u * 4u`;
    const { names, lines } = placesOf(product, "a", product.canWiden.a, `a${suffix}`, first);
    const value = guardedNeighbours(product, slice, "a", names, `start + ${element} / ${fours}u`);
    return { before: lines, inside: [`tile_a[${element}] = ${value};`] };
  });
}

const pitchOf = (product: Product, layout: Layout): number =>
  widthOf(layout) / 4 + (product.alongB === "k" && widthOf(layout) > 4 ? 1 : 0);

function loadB(product: Product, layout: Layout, threads: number): Load {
  const { slice } = layout;
  const [fours, quarters, pitch] = [widthOf(layout) / 4, slice / 4, pitchOf(product, layout)];
  if (product.alongB === "column") {
    return spread(slice * fours, threads, (suffix, element) => {
      const first = `column_tile + ${element} % ${fours}u * 4u`;
      const { names, lines } = placesOf(product, "b", product.canWiden.b, `b${suffix}`, first);
      const value = guardedNeighbours(product, slice, "b", names, `start + ${element} / ${fours}u`);
      return { before: lines, inside: [`tile_b[${element}] = ${value};`] };
    });
  }
  return spread(fours * quarters, threads, (suffix, element) => {
    const [four, quarter] = [`${element} / ${quarters}u`, `${element} % ${quarters}u`];
    const { names, lines } = placesOf(product, "b", false, `b${suffix}`, `column_tile + ${four} * 4u`);
    const run = (name: string): string =>
      guardedRun(product, slice, "b", product.canWiden.b, name, `start + ${quarter} * 4u`);
    const runs = names.map((_, i) => `run${suffix}_${i}`);
    return {
      before: lines,
      inside: [
        ...names.map((name, i) => `let ${runs[i]!} = ${run(name)};`),
        ...PARTS.map(
          (part, i) =>
            `tile_b[(${quarter} * 4u + ${i}u) * ${pitch}u + ${four}] = vec4f(${runs.map((r) => `${r}.${part}`).join(", ")});`,
        ),
      ],
    };
  });
}

/** The row of the tile that is row `r` of a lane: rows that are read as vec4f stand together. */
function rowInTile(product: Product, layout: Layout, r: number): string {
  const [lanes] = layout.lanes;
  if (product.alongA === "k") return r === 0 ? "row_lane" : `row_lane + ${r * lanes}u`;
  const four = r < 4 ? "row_lane" : `(row_lane + ${Math.floor(r / 4) * lanes}u)`;
  return `${four} * 4u + ${r % 4}u`;
}

const sumName = (r: number, v: number): string => `s${r}_${v}`;

/** The sums over a slice; `quarter` counts four elements of it. */
function multiplyTiles(product: Product, layout: Layout): string[] {
  const [rowLanes, columnLanes] = layout.lanes;
  const [rows, vectors] = [range(layout.rows), range(layout.vectors)];
  const quarters = layout.slice / 4;
  const pitch = pitchOf(product, layout);
  const squares = (r: number, value: string): string[] =>
    product.squares ? [`q${r} += ${ofFirstUnit(product, value)};`] : [];
  const columns = range(4).flatMap((i) =>
    vectors.map((v) => {
      const at = v === 0 ? "column_lane" : `column_lane + ${v * columnLanes}u`;
      return `let w${i}_${v} = tile_b[(quarter * 4u + ${i}u) * ${pitch}u + ${at}];`;
    }),
  );
  if (product.alongA === "k") {
    return [
      ...columns,
      ...rows.flatMap((r) => [
        `let x${r} = tile_a[(${rowInTile(product, layout, r)}) * ${quarters}u + quarter];`,
        ...range(4).flatMap((i) => vectors.map((v) => `${sumName(r, v)} += x${r}.${PARTS[i]!} * w${i}_${v};`)),
        ...squares(r, `dot(x${r}, x${r})`),
      ]),
    ];
  }
  const fours = heightOf(layout) / 4;
  return [
    ...columns,
    ...range(4).flatMap((i) =>
      range(layout.rows / 4).flatMap((four) => [
        `let x${i}_${four} = tile_a[(quarter * 4u + ${i}u) * ${fours}u + row_lane + ${four * rowLanes}u];`,
        ...PARTS.flatMap((part, j) => [
          ...vectors.map((v) => `${sumName(4 * four + j, v)} += x${i}_${four}.${part} * w${i}_${v};`),
          ...squares(4 * four + j, `x${i}_${four}.${part} * x${i}_${four}.${part}`),
        ]),
      ]),
    ),
  ];
}

function stores(product: Product, layout: Layout): string[] {
  return range(layout.rows).flatMap((r) => {
    const square = product.squares ? `q${r}` : "0.0f";
    const vectors = range(layout.vectors).flatMap((v) => {
      const sum = finished(product, sumName(r, v));
      const column = v === 0 ? "column" : `column + ${v * layout.lanes[1] * 4}u`;
      if (product.canWiden.store) {
        return [
          `  if (${column} < ${product.columns}u) {`,
          `    store(z, row${r}, ${column}, ${sum}, ${square});`,
          "  }",
        ];
      }
      return [
        `  for (var i = 0u; i < 4u && ${column} + i < ${product.columns}u; i++) {`,
        `    store(z, row${r}, ${column} + i, ${sum}[i], ${square});`,
        "  }",
      ];
    });
    return [
      `let row${r} = row_tile + ${rowInTile(product, layout, r)};`,
      `if (row${r} < ${product.rows}u) {`,
      ...vectors,
      "}",
    ];
  });
}

function workgroupForm(product: Product, layout: Layout): KernelForm {
  const { slice } = layout;
  const threads = layout.lanes[0] * layout.lanes[1];
  const { canWiden } = product;
  const { code, wide } = product.functions({
    a: canWiden.a ? 4 : 1,
    b: canWiden.b ? 4 : 1,
    store: canWiden.store ? 4 : 1,
  });
  const a = loadA(product, layout, threads);
  const b = loadB(product, layout, threads);
  const sum = [
    "for (var tap = first_tap(z); tap < end_tap(z); tap++) {",
    indent([...a.before, ...b.before].join("\n")),
    `  for (var start = 0u; start < ${product.depth}u; start += ${slice}u) {`,
    indent([...a.inside, ...b.inside].join("\n"), 2),
    "    workgroupBarrier();",
    `    for (var quarter = 0u; quarter < ${slice / 4}u; quarter++) {`,
    indent(multiplyTiles(product, layout).join("\n"), 3),
    "    }",
    "    workgroupBarrier();",
    "  }",
    "}",
  ].join("\n");
  const sizes = [(heightOf(layout) * slice) / 4, slice * pitchOf(product, layout)] as const;
  const memory = [
    `var<workgroup> tile_a: array<vec4f, ${sizes[0]}>;`,
    `var<workgroup> tile_b: array<vec4f, ${sizes[1]}>;`,
  ].join("\n");
  const tile = { rows: heightOf(layout), columns: widthOf(layout) };
  const names = range(layout.rows).flatMap((r) => range(layout.vectors).map((v) => sumName(r, v)));
  return {
    name: layout.name,
    declarations: `${memory}\n\n${code}`,
    wide,
    body: [
      ...placeOfTile(product, tile),
      `let row_lane = lane / ${layout.lanes[1]}u;`,
      `let column_lane = lane % ${layout.lanes[1]}u;`,
      "let column = column_tile + column_lane * 4u;",
      ...(product.squares ? range(layout.rows).map((r) => `var q${r} = 0.0f;`) : []),
      ...overUnits(product, names, 4, sum),
      ...stores(product, layout),
    ].join("\n"),
    invocations: threads,
    groups: groupsOf(product, tile),
    workgroupBytes: 16 * (sizes[0] + sizes[1]),
  };
}
