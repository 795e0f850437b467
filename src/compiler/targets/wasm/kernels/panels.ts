/** Weight panels: the right side of a product, packed as [panel][K][width] so that a tile reads it in order. */
import { i32, f32x4, v128, type I32, type V128 } from "../values.ts";
import type { Kernel } from "../kernel.ts";

/** Columns of one matrix as panels of 8, and one of 4 or 8 for the rest. */
export interface Panels {
  /** Number of panels of full width. */
  readonly full: number;
  /** Columns that count in the last, partial panel; 0 where there is none. */
  readonly tail: number;
  readonly tailWidth: number;
  /** Columns of a full panel in memory. */
  readonly width: number;
  /** Floats of all panels for a depth of K. */
  readonly size: (depth: number) => number;
}

export function panelsOf(columns: number): Panels {
  const full = Math.floor(columns / 8);
  const tail = columns % 8;
  const tailWidth = tail === 0 ? 0 : tail <= 4 ? 4 : 8;
  return { full, tail, tailWidth, width: 8, size: (depth) => depth * (full * 8 + tailWidth) };
}

/** One block of panels: where element (ky, kx, k, column) of a matrix is in the source, in floats. */
export interface PackBlock {
  readonly taps: readonly [number, number];
  readonly depth: number;
  readonly columns: number;
  readonly offset: number;
  readonly tapStrides: readonly [number, number];
  readonly depthStride: number;
  readonly columnStride: number;
  /** Where the block starts in the packed buffer, in floats. */
  readonly target: number;
  /**
   * For MaxOut with `maxOut` units (adjacent columns): panels of 4 outputs × units, so that the maximum is taken
   * between registers. `columns` then counts all units. See `maxOutPanels`.
   */
  readonly maxOut: number;
}

/** MaxOut panels: groups of 4 outputs, each as ⌈units/2⌉ panels of 8 (two units of 4 outputs), the last of 4 if odd. */
export function maxOutSize(columns: number, units: number, depth: number): number {
  return depth * Math.ceil(columns / units / 4) * 4 * units;
}

export function blockSize(block: PackBlock): number {
  const depth = block.depth * block.taps[0] * block.taps[1];
  return block.maxOut > 1 ? maxOutSize(block.columns, block.maxOut, depth) : panelsOf(block.columns).size(depth);
}

interface PackPanel {
  readonly width: number;
  /** Column of the matrix for a column of the panel, −1 for padding. */
  readonly column: (index: number) => number;
}

function panelList(block: PackBlock): PackPanel[] {
  const { columns, maxOut } = block;
  const list: PackPanel[] = [];
  if (maxOut === 1) {
    const panels = panelsOf(columns);
    for (let p = 0; p * 8 < columns; p++) {
      const width = p < panels.full ? 8 : panels.tailWidth;
      list.push({ width, column: (i) => (p * 8 + i < columns ? p * 8 + i : -1) });
    }
    return list;
  }
  const outputs = columns / maxOut;
  for (let first = 0; first < outputs; first += 4) {
    for (let unit = 0; unit < maxOut; unit += 2) {
      list.push({
        width: unit + 1 < maxOut ? 8 : 4,
        column: (i) => (first + (i % 4) < outputs ? (first + (i % 4)) * maxOut + unit + (i >> 2) : -1),
      });
    }
  }
  return list;
}

/**
 * (source, packed): copies matrices into panels. A unit is one panel.
 * @param repeat matrices of the same form that follow each other: how many, and floats from one to the next on both sides
 */
export function packKernel(
  label: string,
  blocks: readonly PackBlock[],
  repeat: { readonly count: number; readonly source: number; readonly target: number } = {
    count: 1,
    source: 0,
    target: 0,
  },
): Kernel {
  const lists = blocks.map(panelList);
  const perMatrix = lists.reduce((sum, list) => sum + list.length, 0);
  const floats = blocks.reduce((sum, block) => sum + blockSize(block), 0) * repeat.count;
  return {
    label,
    buffers: ["source", "packed"],
    reads: 1,
    units: perMatrix * repeat.count,
    flops: 0,
    bytes: floats * 8,
    scratchBytes: 0,
    emit: (f, { buffer, start, end }) => {
      const [source, packed] = [buffer("source"), buffer("packed")];
      const [unit, panel, matrix] = [f.local("i32", "unit"), f.local("i32", "panel"), f.local("i32", "matrix")];
      const [from, to, k] = [f.local("i32", "from"), f.local("i32", "to"), f.local("i32", "k")];
      const [ky, kx] = [f.local("i32", "ky"), f.local("i32", "kx")];
      f.for(unit, start, end, 1, () => {
        f.set(matrix, i32.div(unit, perMatrix));
        f.set(panel, i32.rem(unit, perMatrix));
        let first = 0;
        blocks.forEach((block, b) => {
          const depth = block.depth * block.taps[0] * block.taps[1];
          let written = block.target;
          const list = lists[b]!;
          // Panels of equal form run in one loop body: full panels first, then the rest one by one.
          const uniform = block.maxOut === 1 ? panelsOf(block.columns).full : 0;
          const emitPanel = (shape: PackPanel, sourceShift: I32, targetShift: I32): void => {
            f.set(to, i32.add(packed, i32.mul(i32.add(i32.mul(matrix, repeat.target), targetShift), 4)));
            f.for(ky, 0, block.taps[0], 1, () => {
              f.for(kx, 0, block.taps[1], 1, () => {
                const tap = i32.add(i32.mul(ky, block.tapStrides[0]), i32.mul(kx, block.tapStrides[1]));
                const element = i32.add(i32.add(i32.mul(matrix, repeat.source), sourceShift), tap);
                f.set(from, i32.add(source, i32.mul(i32.add(element, block.offset), 4)));
                f.for(k, 0, block.depth, 1, () => {
                  for (let v = 0; v < shape.width; v += 4) f.store(to, v * 4, gather(shape, v));
                  f.increment(to, shape.width * 4);
                  f.increment(from, block.depthStride * 4);
                });
              });
            });
          };
          const gather = (shape: PackPanel, v: number): V128 => {
            const columns = [0, 1, 2, 3].map((lane) => shape.column(v + lane));
            const base = columns[0]! < 0 ? 0 : columns[0]! - shape.column(0);
            if (block.columnStride === 1 && columns.every((c, lane) => c === columns[0]! + lane && c >= 0)) {
              return v128.load(from, base * 4);
            }
            let value: V128 = f32x4.splat(0);
            columns.forEach((c, lane) => {
              if (c < 0) return;
              const distance = (c - shape.column(0)) * block.columnStride * 4;
              value = v128.loadLane(i32.add(from, distance), 0, lane, value);
            });
            return value;
          };
          if (uniform > 0) {
            const index = i32.sub(panel, first);
            f.if(i32.and(i32.ge(panel, first), i32.lt(panel, first + uniform)), () => {
              emitPanel(list[0]!, i32.mul(index, 8 * block.columnStride), i32.add(i32.mul(index, 8 * depth), written));
            });
          }
          written += uniform * 8 * depth;
          for (let p = uniform; p < list.length; p++) {
            const shape = list[p]!;
            const target = written;
            f.if(i32.eq(panel, first + p), () => {
              emitPanel(shape, i32.of(shape.column(0) * block.columnStride), i32.of(target));
            });
            written += shape.width * depth;
          }
          first += list.length;
        });
      });
    },
  };
}
