/**
 * The grid pointing game (Böhle et al. 2021): images of different classes are put together to a grid, and a map of the
 * evidence for one of the classes is as good as the share of its positive part that lies in the cell of that class.
 */
import { fail } from "../../diagnostics/catalogue.ts";
import type { Tensor } from "../device.ts";
import { boxMean } from "../explain/box-mean.ts";

/** Images of a grid: `side` × `side` of them. */
export interface GridLayout {
  /** Places of the images in the list, a row of the grid each. */
  readonly rows: readonly (readonly number[])[];
  /** Class of each target, in the order in which they were found. Target t lies in column ⌊t / side⌋ and row t mod side. */
  readonly targets: readonly number[];
  /** Where the next grid begins. */
  readonly next: number;
}

/**
 * The next grid from the images with these labels, from `start` on: of each class the first that comes, other ones are left
 * out. As in the published evaluations the next grid leaves out one image in between. Undefined where not enough classes are
 * left.
 */
export function layOutGrid(labels: ArrayLike<number>, side: number, start = 0): GridLayout | undefined {
  const found = new Map<number, number>();
  let at = start;
  for (; at < labels.length && found.size < side * side; at++) {
    if (!found.has(labels[at]!)) found.set(labels[at]!, at);
  }
  if (found.size < side * side) return undefined;
  const places = [...found.values()];
  const rows = Array.from({ length: side }, (_, row) => {
    return Array.from({ length: side }, (_, column) => places[column * side + row]!);
  });
  return { rows, targets: [...found.keys()], next: at + 1 };
}

export interface GridScoreOptions {
  /** Cells of the grid in each direction. */
  readonly side: number;
  /** Side of the square that maps are averaged over before anything else, odd. Default 1: not at all. */
  readonly smooth?: number;
}

/**
 * The score of each target: the maps [height, width] are those of the targets in their order, all cells are of one size.
 * Averaged over `smooth` × `smooth` pixels (zeros outside), negative amounts dropped, the target's cell divided by all. 1 is a
 * perfect score, 1/side² that of an even map; a map without anything positive in its cell has 0.
 */
export function gridScores(
  maps: readonly Tensor[],
  height: number,
  width: number,
  { side, smooth = 1 }: GridScoreOptions,
): Float64Array {
  const refuse = (name: string, expected: string, found: string) => fail("run/input", { name, expected, found });
  if (!Number.isSafeInteger(smooth) || smooth < 1 || smooth % 2 === 0) {
    refuse("smooth", "an odd whole number", String(smooth));
  }
  if (maps.length !== side * side) refuse("maps", `${side * side} maps`, String(maps.length));
  if (height % side !== 0 || width % side !== 0) refuse("side", "a divisor of the map's sides", String(side));
  return Float64Array.from(maps, (map, target) => {
    if (map.length !== height * width) refuse("maps", `${height * width} numbers a map`, String(map.length));
    const evidence = boxMean(Float64Array.from(map), height, width, smooth);
    const [column, row] = [Math.floor(target / side), target % side];
    let [own, all] = [0, 0];
    evidence.forEach((value, pixel) => {
      if (!(value > 0)) return;
      all += value;
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      if (Math.floor((y * side) / height) === row && Math.floor((x * side) / width) === column) own += value;
    });
    return own > 0 ? own / all : 0;
  });
}
