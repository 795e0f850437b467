/** MaxOut of a convolution's tile: the largest of the units of each output, of which only that one is kept. */
import type { FunctionBuilder } from "../assembler.ts";
import { f32x4, type I32, type Local } from "../values.ts";
import { createTile, emitDot, type DotLoops } from "./tile.ts";

/** The maximum over the units of 4 outputs, two units a tile. */
export function emitMaxOut(
  f: FunctionBuilder,
  units: number,
  rows: readonly Local<"i32">[],
  panel: Local<"i32">,
  loops: DotLoops,
  sums: I32,
  pointRows: () => void,
): Local<"v128">[][] {
  const largest = rows.map(() => f.let("largest", f32x4.splat(-Infinity)));
  const take = (vectors: number): void => {
    pointRows();
    const tile = createTile(f, rows.length, vectors);
    emitDot(f, tile, rows, panel, loops, sums);
    tile.accumulators.forEach((row, i) => {
      for (const value of row) f.set(largest[i]!, f32x4.max(largest[i]!, value));
    });
  };
  if (units >= 4) {
    const pair = f.local("i32", "pair");
    f.for(pair, 0, Math.floor(units / 2), 1, () => take(2));
  } else take(2);
  if (units % 2 === 1) take(1);
  return largest.map((value) => [value]);
}
